"""Models put together: built without weights and given their tensors, so that no time goes into random ones."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from invoke_tui.engine.loading.faults import damaged
from invoke_tui.engine.loading.quantised import keep_packed

Library = Literal["diffusers", "transformers"]


def build(
    class_path: str, config: Mapping[str, Any], state: dict[str, Tensor], dtype: torch.dtype, path: Path
) -> nn.Module:
    """The model ``class_path`` (``module:Class``) with these weights in ``dtype``; ``path`` is named in errors.

    It is on the CPU, in evaluation mode, without gradients. Weights in GGUF blocks stay in them.
    """
    module = _empty(class_path, config, path)
    own = set(module.state_dict())
    if hasattr(module, "_fix_state_dict_keys_on_load"):
        module._fix_state_dict_keys_on_load(state)  # attention weights of before 2023 have other names
    state = {_own_name(name, own): tensor for name, tensor in state.items()}
    state = {name: tensor for name, tensor in state.items() if not _is_position_ids(name)}
    _assign(module, keep_packed(module, state, dtype), path)
    _fill_buffers(module)
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    ready: nn.Module = module.eval()
    return ready


def library_class(class_path: str) -> Any:
    """Import ``module:Class``."""
    quiet_libraries()
    module, _, name = class_path.partition(":")
    return getattr(import_module(module), name)


@cache
def quiet_libraries() -> None:
    """Errors of the libraries reach people as ours; their warnings and progress bars do not help anyone."""
    for name in ("diffusers", "transformers"):
        logging = import_module(f"{name}.utils.logging")
        logging.set_verbosity_error()
        logging.disable_progress_bar()
    warnings.filterwarnings(
        "ignore", message="Should have t[ab]", module=r"torchsde\."
    )  # rounding at the ends


def _empty(class_path: str, config: Mapping[str, Any], path: Path) -> Any:
    cls = library_class(class_path)
    try:
        with torch.device("meta"):
            if class_path.startswith("transformers"):
                return cls(cls.config_class.from_dict(dict(config)))
            return cls.from_config(dict(config))
    except (TypeError, ValueError, KeyError, AttributeError, ZeroDivisionError) as error:
        raise damaged(path, error) from error


def _own_name(name: str, own: set[str]) -> str:
    """Transformers 5.6 took the ``text_model`` level out of some encoders, and ``vision_model``; files have it."""
    if name in own:
        return name
    short = name.removeprefix("text_model.").removeprefix("vision_model.")
    return short if short in own else name


def _is_position_ids(name: str) -> bool:
    return name.rpartition(".")[2] == "position_ids"


def _assign(module: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    try:
        result = module.load_state_dict(state, strict=False, assign=True)
    except RuntimeError as error:
        first = next((line.strip() for line in str(error).splitlines()[1:]), str(error))
        raise damaged(path, first) from error
    _tie(module)
    missing = [name for name in result.missing_keys if _tensor(module, name).is_meta]
    if missing:
        raise damaged(path, f"{len(missing)} weights are missing, the first is {missing[0]}")
    if result.unexpected_keys:
        count, first = len(result.unexpected_keys), result.unexpected_keys[0]
        raise damaged(path, f"{count} weights belong to another model, e.g. {first[:200]}")


def _tie(module: nn.Module) -> None:
    """T5 keeps one embedding under two names, and files hold it once."""
    shared, encoder = getattr(module, "shared", None), getattr(module, "encoder", None)
    if isinstance(shared, nn.Embedding) and hasattr(encoder, "embed_tokens"):
        encoder.embed_tokens = shared  # type: ignore[union-attr]


def _tensor(module: nn.Module, name: str) -> Tensor:
    path, _, last = name.rpartition(".")
    found: Tensor = getattr(module.get_submodule(path), last)
    return found


def _fill_buffers(module: nn.Module) -> None:
    """Buffers that no file holds: they count positions, or belong to a model that computes them when it is made."""
    for owner in module.modules():
        for name, buffer in owner.named_buffers(recurse=False):
            if not buffer.is_meta:
                continue
            if name == "position_ids":
                owner.register_buffer(name, torch.arange(buffer.shape[-1])[None], persistent=False)
            else:
                raise RuntimeError(f"{type(owner).__name__} keeps a buffer {name} that its files do not hold")
