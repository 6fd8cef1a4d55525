"""Components of models in diffusers' folder layout, from disk and nowhere else.

Only safetensors files are read (a pickle can run code), nothing is fetched, and no code of a model is run. UNet and
VAE are built without weights and take them straight from the file, so that no time goes into random weights.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from invoke_tui.domain.errors import BadInputError, NotFoundError

DIFFUSERS_WEIGHTS: Final = "diffusion_pytorch_model"
TRANSFORMERS_WEIGHTS: Final = "model"
REPAIR_HINT: Final = "The model's files are damaged or incomplete: install it again."


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in ``path``. Raises ``NotFoundError`` or ``BadInputError`` naming the file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _missing(path) from None
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    if not isinstance(data, dict):
        raise _damaged(path, "it holds no JSON object")
    return data


def load_diffusers_module(folder: Path, class_path: str, dtype: torch.dtype) -> torch.nn.Module:
    """Build ``class_path`` (``module:Class``) from ``folder``'s config.json and give it its weights in ``dtype``.

    The module is on the CPU, in evaluation mode, without gradients.
    """
    config = read_json(folder / "config.json")
    cls = _class(class_path)
    weights = find_weights(folder, DIFFUSERS_WEIGHTS, half=dtype is not torch.float32)
    try:
        with torch.device("meta"):
            module: Any = cls.from_config(config)
    except (TypeError, ValueError, KeyError) as error:
        raise _damaged(folder / "config.json", error) from error
    state = read_weights(weights, dtype)
    if hasattr(module, "_fix_state_dict_keys_on_load"):
        module._fix_state_dict_keys_on_load(state)  # attention weights of before 2023 have other names
    _assign(module, state, weights[0])
    return _ready(module)


def load_text_encoder(folder: Path, dtype: torch.dtype) -> torch.nn.Module:
    """The CLIP text encoder in ``folder``, as above."""
    read_json(folder / "config.json")
    weights = find_weights(folder, TRANSFORMERS_WEIGHTS, half=dtype is not torch.float32)
    half = ".fp16." in weights[0].name
    try:
        module, report = _class("transformers:CLIPTextModel").from_pretrained(
            str(folder),
            local_files_only=True,
            use_safetensors=True,
            dtype=dtype,
            variant="fp16" if half else None,
            output_loading_info=True,
        )
    except SafetensorError as error:
        raise _damaged(weights[0], error) from error
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise _damaged(folder, error) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise _damaged(weights[0], f"{len(missing)} weights are missing, the first is {missing[0]}")
    return _ready(module)


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer in ``folder``: a fast one when there is a tokenizer.json, else CLIP's from its vocabulary."""
    if not (folder / "tokenizer.json").is_file():
        for name in ("vocab.json", "merges.txt"):
            if not (folder / name).is_file():
                raise _missing(folder / name)
    config = (
        read_json(folder / "tokenizer_config.json") if (folder / "tokenizer_config.json").is_file() else {}
    )
    plain = config.get("tokenizer_class") in ("PreTrainedTokenizerFast", "TokenizersBackend")
    cls = _class("transformers:PreTrainedTokenizerFast" if plain else "transformers:CLIPTokenizer")
    try:
        return cls.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, error) from error


def find_weights(folder: Path, stem: str, *, half: bool) -> list[Path]:
    """The weight files in ``folder``: one file, or the pieces an index names; half precision ones when wanted."""
    if not folder.is_dir():
        raise _missing(folder)
    variants = (".fp16", "") if half else ("", ".fp16")
    for variant in variants:
        single = folder / f"{stem}{variant}.safetensors"
        if single.is_file():
            return [single]
        index = folder / f"{stem}.safetensors.index{variant}.json"
        if index.is_file():
            pieces = sorted(
                {folder / Path(str(name)).name for name in read_json(index).get("weight_map", {}).values()}
            )
            for piece in pieces:
                if not piece.is_file():
                    raise _missing(piece)
            if pieces:
                return pieces
    pickles = sorted(path.name for path in folder.glob("*.bin"))
    if pickles:
        raise BadInputError(
            f"{folder / pickles[0]} is a pickle, which can run code when it is loaded.",
            hint="Install the model's safetensors version.",
            code="unsafe_weights",
        )
    raise _missing(folder / f"{stem}.safetensors")


def read_weights(paths: list[Path], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """All tensors of the files, floating ones in ``dtype``, on the CPU."""
    state: dict[str, torch.Tensor] = {}
    for path in paths:
        try:
            loaded: Mapping[str, torch.Tensor] = load_file(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise _damaged(path, error) from error
        state |= {name: t.to(dtype) if t.is_floating_point() else t for name, t in loaded.items()}
    return state


def _assign(module: Any, state: dict[str, torch.Tensor], path: Path) -> None:
    try:
        result = module.load_state_dict(state, strict=False, assign=True)
    except RuntimeError as error:
        first = next((line.strip() for line in str(error).splitlines()[1:]), str(error))
        raise _damaged(path, first) from error
    if result.missing_keys:
        raise _damaged(
            path, f"{len(result.missing_keys)} weights are missing, the first is {result.missing_keys[0]}"
        )
    if result.unexpected_keys:
        raise _damaged(
            path,
            f"{len(result.unexpected_keys)} weights belong to another model, e.g. {result.unexpected_keys[0]}",
        )


def _ready(module: Any) -> torch.nn.Module:
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    ready: torch.nn.Module = module.eval()
    return ready


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


def _class(class_path: str) -> Any:
    quiet_libraries()
    module, _, name = class_path.partition(":")
    return getattr(import_module(module), name)


def _missing(path: Path) -> NotFoundError:
    return NotFoundError(f"{path} is missing.", hint=REPAIR_HINT, code="model_file_missing")


def _damaged(path: Path, why: object) -> BadInputError:
    reason = (str(why).strip() or type(why).__name__).splitlines()[0].rstrip(".")
    return BadInputError(f"{path} cannot be read: {reason}.", hint=REPAIR_HINT, code="model_file_damaged")
