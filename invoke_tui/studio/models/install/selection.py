"""Which files of a repository make the model: InvokeAI's choice, by variant, with a fallback where one is missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Final

WHOLE_FILE: Final = (
    ".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx", ".xml", ".msgpack",
)  # fmt: skip
VARIANTS: Final = ("", "fp16", "fp32", "onnx", "openvino", "flax")
_OTHER_ENGINES: Final = ("onnx", "openvino", "flax")
_TEXTS: Final = frozenset({".json", ".txt", ".model"})
_WEIGHTS: Final = frozenset({".safetensors", ".bin", ".pt", ".pth", ".ckpt"})
# The names of diffusers and transformers hold "model"; single checkpoints that lie about in a repository rarely do.
_NAMED: Final = re.compile(
    r"(model.*\.(safetensors|bin|onnx|xml|pth|pt|ckpt|msgpack)"
    r"|(learned_embeds|ip_adapter)\.bin|lora_weights\.safetensors|weights\.pb|onnx_data|spiece\.model)$"
)
_SHARD: Final = re.compile(r"^(.*)-\d+-of-\d+((?:\.\w+)*)$")


def choose(files: Iterable[str], variant: str = "", parts: Sequence[str] = ()) -> list[str]:
    """The files to download, sorted; none when the repository lacks the variant.

    ``parts`` are folders, or a single file, below the repository's root.
    """
    listed = [file for file in files if not file.endswith(".py")]
    if len(parts) == 1 and parts[0].lower().endswith(WHOLE_FILE):
        return [parts[0]] if parts[0] in listed else []
    candidates = [
        file
        for file in listed
        if (PurePosixPath(file).suffix in _TEXTS or _NAMED.search(PurePosixPath(file).name))
        and (not parts or any(file.startswith(part.rstrip("/") + "/") for part in parts))
    ]
    chosen = _by_variant(candidates, variant)
    return sorted(chosen) if any(PurePosixPath(file).suffix not in _TEXTS for file in chosen) else []


def _by_variant(files: list[str], variant: str) -> set[str]:
    kept: set[str] = set()
    weights: list[str] = []
    for file in files:
        engine = _engine(file)
        if engine:
            kept |= {file} if engine == variant else set()
        elif PurePosixPath(file).suffix in _TEXTS:
            kept.add(file)
        elif variant not in _OTHER_ENGINES and PurePosixPath(file).suffix in _WEIGHTS:
            weights.append(file)
    if any(file.endswith(".safetensors") for file in weights):
        weights = [file for file in weights if file.endswith(".safetensors")]  # never a pickle beside them
    by_folder: dict[str, list[str]] = {}
    for file in weights:
        by_folder.setdefault(_folder(file), []).append(file)
    for together in by_folder.values():
        kept |= _best(together, variant)
    # a folder of which only the configuration is left has nothing of this variant
    filled = Counter(_folder(file) for file in kept)
    return {file for file in kept if filled[_folder(file)] > 1 or PurePosixPath(file).name != "config.json"}


def _best(together: list[str], variant: str) -> set[str]:
    """The one file of a folder that fits the variant best, or all shards of it."""

    def fits(file: str) -> bool:
        marks = PurePosixPath(file).suffixes
        label = marks[0].lstrip(".").split("-")[0] if len(marks) >= 2 else ""
        return label == variant if variant == "fp16" else label in ("", variant)

    def usual(file: str) -> bool:
        return PurePosixPath(file).name.startswith(("diffusion_pytorch_model", "model", "pytorch_model"))

    best = max(sorted(together, key=lambda file: (not usual(file), len(file), file)), key=fits)
    shard = _SHARD.match(best)
    if shard is None:
        return {best}
    return {
        file for file in together if (other := _SHARD.match(file)) and other.group(1, 2) == shard.group(1, 2)
    }


def _engine(file: str) -> str:
    name = PurePosixPath(file).name
    if name.endswith((".onnx", ".pb", "onnx_data")):
        return "onnx"
    if "openvino_model" in name:
        return "openvino"
    return "flax" if name.endswith(".msgpack") else ""


def _folder(file: str) -> str:
    return str(PurePosixPath(file).parent)
