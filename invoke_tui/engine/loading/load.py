"""One component from wherever it lies, ready to compute with in the precision that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.loading.build import build
from invoke_tui.engine.loading.faults import damaged
from invoke_tui.engine.loading.files import DIFFUSERS_WEIGHTS, TRANSFORMERS_WEIGHTS, find_weights, read_json
from invoke_tui.engine.loading.layouts.layout import Layout
from invoke_tui.engine.loading.layouts.rules import to_ours
from invoke_tui.engine.loading.numbers import STATE, shapes_of, unpack
from invoke_tui.engine.loading.parts import Part, Place
from invoke_tui.engine.loading.quantised import GgufFile
from invoke_tui.engine.loading.reader import Reader
from invoke_tui.engine.loading.tokenizers import clip_tokenizer, folder_tokenizer, gguf_tokenizer
from invoke_tui.engine.loading.weights import Weights

INT8_WEIGHTS: Final = "bnb_llm_int8_model"
_SIDES: Final = {
    "text_config": ("text_model.", "text_projection."),
    "vision_config": ("vision_model.", "visual_projection."),
}


def load_part(part: Part, place: Place, dtype: torch.dtype, reader: Reader) -> Any:
    """A model, tokenizer or scheduler configuration. Models are on the CPU.

    Raises ``NotFoundError`` for files that are not there and ``BadInputError`` for what cannot be used.
    """
    in_folder = place.path.is_dir()
    if part.kind == "tokenizer":
        return folder_tokenizer(place.folder, part.cls) if in_folder else _file_tokenizer(part, place)
    if part.kind == "scheduler":
        return read_json(place.folder / "scheduler_config.json") if in_folder else dict(part.constant)
    if in_folder:
        return _from_folder(part, place.folder, dtype, reader)
    return _from_file(part, place, dtype, reader)


def _from_folder(part: Part, folder: Path, dtype: torch.dtype, reader: Reader) -> nn.Module:
    config = read_json(folder / "config.json")
    stem = DIFFUSERS_WEIGHTS if part.cls.startswith("diffusers") else TRANSFORMERS_WEIGHTS
    if (folder / f"{INT8_WEIGHTS}.safetensors").is_file():
        stem = INT8_WEIGHTS
    weights = reader.open_all(find_weights(folder, stem, half=dtype is not torch.float32))
    names = list(weights.shapes)
    side = "vision_config" if "Vision" in part.cls else "text_config"
    if side in config:  # a whole CLIP, of which one side is wanted
        config = config[side] | {"projection_dim": config.get("projection_dim", 768)}
        names = [name for name in names if name.startswith(_SIDES[side])]
    config.pop("quantization_config", None)
    state = unpack(weights.read(names), dtype, keep_fp8=reader.keep_fp8)
    return build(part.cls, config, state, dtype, weights.path)


def _from_file(part: Part, place: Place, dtype: torch.dtype, reader: Reader) -> nn.Module:
    weights = reader.open(place.path)
    for layout in part.layouts:
        prefix = layout.find(weights.shapes)
        if prefix is not None:
            break
    else:
        raise BadInputError(
            f"{place.path.name} holds no {place.name} as models of its kind have it.",
            hint="Choose a model that has one, or add the component as a model of its own.",
            code="no_component",
        )
    config, state = read_component(weights, layout, prefix, dtype, keep_fp8=reader.keep_fp8)
    return build(part.cls, config, state, dtype, place.path)


def read_component(
    weights: Weights, layout: Layout, prefix: str, dtype: torch.dtype, *, keep_fp8: bool = False
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The configuration of a component in a file, and its tensors under our names, in ``dtype`` or in blocks."""
    names = [name for name in weights.shapes if name.startswith(prefix)]
    found = weights.read(names)
    own = {name[len(prefix) :]: tensor for name, tensor in found.items()}
    shapes = shapes_of(
        {name[len(prefix) :]: weights.shapes[name] for name in names},
        {name: tensor for name, tensor in own.items() if STATE in name},
    )
    try:
        config = layout.config(shapes)
    except (KeyError, IndexError, ValueError, StopIteration, ZeroDivisionError) as error:
        raise damaged(weights.path, f"tensors that belong to its kind are missing ({error})") from error
    plain = own if isinstance(weights, GgufFile) else unpack(own, dtype, keep_fp8=keep_fp8)
    return config, to_ours(plain, layout.rules(config))


def _file_tokenizer(part: Part, place: Place) -> Any:
    if part.cls == "CLIPTokenizer":
        return clip_tokenizer(**_settings(part.constant))
    if place.path.suffix.lower() == ".gguf":
        file = GgufFile(place.path)
        tokens, scores = file.field("tokenizer.ggml.tokens"), file.field("tokenizer.ggml.scores")
        return gguf_tokenizer(list(tokens or ()), list(scores or ()), place.path)
    raise BadInputError(
        f"{place.path.name} brings no tokenizer, and T5's is not part of invoke-tui.",
        hint="Install a T5 encoder as a folder (it has a tokenizer beside the weights) and choose that one.",
        code="no_tokenizer",
    )


def _settings(constant: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in constant.items()}
