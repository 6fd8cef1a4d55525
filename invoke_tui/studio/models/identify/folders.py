"""Folders: diffusers pipelines and parts, transformers encoders, InvokeAI's IP-Adapters, LoRA and embedding folders.

Only small JSON files are read. Where a folder's configuration does not tell, a ``peek`` at a header inside does."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelType
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.headers.header import Header, UnreadableError
from invoke_tui.studio.models.identify.folder_kinds import OWN_FILE, encoder_of, part_of, pipeline_of
from invoke_tui.studio.models.identify.submodels import in_index
from invoke_tui.studio.models.identify.verdict import BY_TEXT_WIDTH, Verdict, unknown

Peek = Callable[[Path], Header]
ByHeader = Callable[[Header, str], Verdict]

JSON_LIMIT: Final = 2**20
_ENTRY_LIMIT: Final = 2000
_DEPTH: Final = 2
_WEIGHTS: Final = (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx", ".msgpack", ".sft")
_LORA_WEIGHTS: Final = (
    "pytorch_lora_weights.safetensors",
    "pytorch_lora_weights.bin",
    "adapter_model.safetensors",
)
_EMBEDDINGS: Final = ("learned_embeds.safetensors", "learned_embeds.bin")
_IP_WEIGHTS: Final = ("ip_adapter.safetensors", "ip_adapter.bin")
_NAME_XL: Final = re.compile(r"sd-?xl", re.I)
_NAME_SD1: Final = re.compile(r"sd-?1|sd-?v1|sd15", re.I)


def identify(folder: Path, peek: Peek | None, by_header: ByHeader) -> Verdict:
    """What the folder is."""
    index = read_json(folder / "model_index.json")
    if index:
        pipeline = _with_files(pipeline_of(folder, index, read_json), folder)
        return replace(pipeline, submodels=in_index(index)) if pipeline.type is ModelType.MAIN else pipeline
    inside = _single(folder, peek, by_header)
    if inside is not None:
        return inside
    files = list(_files(folder, _DEPTH))
    if not any(name.lower().endswith(_WEIGHTS) for name in files):
        return unknown("There are no model files in this folder.")
    config = read_json(folder / "config.json")
    if isinstance(config.get("_class_name"), str):
        return _with_files(part_of(folder, config, read_json), folder)
    verdict = _encoder(folder, config)
    if verdict is not None:
        return verdict
    if not config:
        return unknown("The folder has neither a model_index.json nor a config.json.")
    return unknown(
        f"Its config.json names no known model ({safe_text(_architecture(config), limit=80) or 'nothing'})."
    )


def _encoder(folder: Path, config: dict[str, Any]) -> Verdict | None:
    """A text or image encoder: in the folder itself, or laid out as in a pipeline."""
    for part in ("", "text_encoder_2", "text_encoder"):
        found = config if not part else read_json(folder / part / "config.json")
        architecture = _architecture(found)
        if architecture:
            tokenizer = any(
                (folder / name).exists() for name in ("tokenizer_config.json", "tokenizer.json", "tokenizer")
            )
            verdict = encoder_of(architecture, found, has_tokenizer=tokenizer or bool(part))
            if verdict.type is ModelType.T5_ENCODER and _is_int8(folder / part, found):
                return replace(verdict, format=ModelFormat.BNB_INT8)
            return _with_files(verdict, folder)
    return None


def _is_int8(folder: Path, config: dict[str, Any]) -> bool:
    """Whether bitsandbytes' 8-bit weights lie here: the configuration or, in InvokeAI's own files, the name tells."""
    quantised = config.get("quantization_config")
    if isinstance(quantised, dict) and quantised.get("load_in_8bit") is True:
        return True
    return any("llm_int8" in name for name in _files(folder, 0))


def _architecture(config: dict[str, Any]) -> str:
    found = config.get("architectures")
    return found[0] if isinstance(found, list) and found and isinstance(found[0], str) else ""


def _single(folder: Path, peek: Peek | None, by_header: ByHeader) -> Verdict | None:
    """Folders around one file of weights, whose header says what they are."""
    if (folder / "image_encoder.txt").is_file():
        return _ip_adapter(folder, peek, by_header)
    for names, kind, stored in (
        (_LORA_WEIGHTS, ModelType.LORA, ModelFormat.DIFFUSERS),
        (_EMBEDDINGS, ModelType.EMBEDDING, ModelFormat.EMBEDDING_FOLDER),
    ):
        path = next((folder / name for name in names if (folder / name).is_file()), None)
        if path is None:
            continue
        verdict = _peeked(path, peek, by_header)
        if verdict is None:
            return unknown(f"What it is stands in the header of {path.name}, which was not looked at.")
        if verdict.type is kind or (kind is ModelType.LORA and verdict.type is ModelType.CONTROL_LORA):
            return _again(verdict, stored)
        return verdict if not verdict.known else unknown(f"{path.name} is no {kind.value}.")
    return None


def _ip_adapter(folder: Path, peek: Peek | None, by_header: ByHeader) -> Verdict:
    """InvokeAI's folder: the weights, and a note which image encoder they want."""
    path = next((folder / name for name in _IP_WEIGHTS if (folder / name).is_file()), None)
    if path is None:
        return unknown("It is an IP-Adapter folder without its weights (ip_adapter.bin).")
    verdict = _peeked(path, peek, by_header)
    if verdict is not None and verdict.known:
        return _again(verdict, ModelFormat.INVOKEAI) if verdict.type is ModelType.IP_ADAPTER else verdict
    own = read_json(folder / OWN_FILE).get("base")
    said = next((family for family in BY_TEXT_WIDTH.values() if family == own), None)
    if said is not None:  # no width of its own tells: the starter's is for sd-1 and narrower
        return Verdict(type=ModelType.IP_ADAPTER, base=said, format=ModelFormat.INVOKEAI)
    if verdict is not None:
        return verdict
    for pattern, base in ((_NAME_XL, BaseModelType.SDXL), (_NAME_SD1, BaseModelType.SD1)):
        if pattern.search(folder.name):
            return Verdict(
                type=ModelType.IP_ADAPTER,
                base=base,
                format=ModelFormat.INVOKEAI,
                assumed=("the folder's name says so",),
            )
    return unknown(
        f"It is an IP-Adapter folder, but its base stands in {path.name}, which was not looked at."
    )


def _peeked(path: Path, peek: Peek | None, by_header: ByHeader) -> Verdict | None:
    """What a file in the folder is; None when nobody may look."""
    if peek is None:
        return None
    try:
        return by_header(peek(path), path.name)
    except UnreadableError as error:
        return unknown(f"{path.name} cannot be read: {safe_text(error, limit=300)}.")


def _again(verdict: Verdict, stored: ModelFormat) -> Verdict:
    return replace(verdict, format=stored)


def _with_files(verdict: Verdict, folder: Path) -> Verdict:
    """The verdict with how the folder's weights are marked."""
    if not verdict.known or verdict.format is not ModelFormat.DIFFUSERS:
        return verdict
    return replace(verdict, repo_variant=_repo_variant(list(_files(folder, _DEPTH))))


def _repo_variant(names: list[str]) -> str:
    weights = [name.lower() for name in names if name.lower().endswith(_WEIGHTS)]
    plain = [n for n in weights if not re.search(r"\.(?:fp16|fp32)\.|openvino|\.onnx$|flax", n)]
    if plain or not weights:
        return ""
    for mark in ("openvino", "flax", ".onnx", ".fp16.", ".fp32."):
        if any(mark in name for name in weights):
            return mark.strip(".")
    return ""


def _files(folder: Path, depth: int) -> Iterator[str]:
    """Names of the files in a folder and ``depth`` folders below, hidden ones left out, bounded."""
    seen = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                seen += 1
                if seen > _ENTRY_LIMIT:
                    return
                if entry.name.startswith("."):
                    continue
                if entry.is_file():
                    yield entry.name
                elif depth and entry.is_dir():
                    yield from _files(Path(entry.path), depth - 1)
    except OSError:
        return


def read_json(path: Path) -> dict[str, Any]:
    """The object in a small JSON file; empty when there is none, it is damaged, or too big."""
    try:
        if not path.is_file() or path.stat().st_size > JSON_LIMIT:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
