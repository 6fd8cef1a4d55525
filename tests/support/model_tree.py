"""A tree of model files as people have them: names and shapes of real models, bodies of holes, and files that are
damaged or mean harm. Each comes with the verdict that is right."""

from __future__ import annotations

import json
import math
import pickle
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

PER_FOLDER = 200
HOSTILE_EVERY = 20
ESCAPES = "\x1b]52;c;UFdORUQ=\x07\x1b[2J[/]"
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Right:
    """The right verdict: the status, and for a sound file type and base."""

    status: str
    type: str = "unknown"
    base: str = "unknown"


def plant(root: Path, count: int) -> dict[str, Right]:
    """Write ``count`` files; every twentieth is damaged or hostile. The right verdicts by path."""
    expected: dict[str, Right] = {}
    for number in range(count):
        folder = root / f"{number // PER_FOLDER:03}"
        folder.mkdir(parents=True, exist_ok=True)
        if number % HOSTILE_EVERY == HOSTILE_EVERY - 1:
            suffix, content = HOSTILE[number // HOSTILE_EVERY % len(HOSTILE)]
            path = folder / f"{ESCAPES}bad {number}{suffix}".replace("/", "")
            path.write_bytes(content(number))
            if content is long_header:
                with path.open("r+b") as file:
                    file.truncate(100 * 2**20)
            expected[str(path)] = Right("unreadable")
        else:
            shapes, kind = SOUND[number % len(SOUND)]
            path = folder / f"model {number}.safetensors"
            write(path, shapes(), {"note": f"number {number}"})
            expected[str(path)] = Right("new", *kind)
    return expected


def write(path: Path, shapes: Shapes, metadata: dict[str, str]) -> None:
    """A safetensors file without a body to speak of."""
    path.write_bytes(_head(shapes, metadata))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + sum(2 * math.prod(shape) for shape in shapes.values()))


def _head(shapes: Shapes, metadata: dict[str, str] | None = None) -> bytes:
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    end = 0
    for name, shape in shapes.items():
        size = 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


# -- sound files ---------------------------------------------------------------------------------------------------


def lora(width: int) -> Callable[[], Shapes]:
    def shapes() -> Shapes:
        blocks, depth = (("down_blocks_0", "down_blocks_1", "down_blocks_2"), 1) if width == 768 else (
            ("down_blocks_1", "down_blocks_2"), 2
        )  # fmt: skip
        return {
            f"lora_unet_{block}_attentions_{layer}_transformer_blocks_{at}_{part}.{end}": shape
            for block in blocks
            for layer in range(2)
            for at in range(depth)
            for part in ("attn1_to_q", "attn1_to_k", "attn1_to_v", "attn2_to_k", "attn2_to_v")
            for end, shape in (
                ("lora_down.weight", (8, width if part.startswith("attn2") else 320)),
                ("lora_up.weight", (320, 8)),
                ("alpha", ()),
            )
        }

    return shapes


def flux_lora() -> Shapes:
    return {
        f"lora_unet_double_blocks_{block}_img_attn_qkv.{end}": shape
        for block in range(19)
        for end, shape in (("lora_down.weight", (16, 3072)), ("lora_up.weight", (9216, 16)), ("alpha", ()))
    }


def checkpoint(width: int) -> Callable[[], Shapes]:
    def shapes() -> Shapes:
        blocks = range(4, 9) if width == 2048 else range(1, 9)  # SDXL has no attention further up
        attention = "model.diffusion_model.input_blocks.{}.1.transformer_blocks.{}.attn2.to_{}.weight"
        return {
            "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
            **{
                attention.format(block, layer, part): (320, width)
                for block in blocks
                for layer in range(4)
                for part in "kv"
            },
            "first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3),
            **({"conditioner.embedders.1.model.ln_final.weight": (1280,)} if width == 2048 else {}),
        }

    return shapes


def flux() -> Shapes:
    blocks = {f"double_blocks.{n}.img_attn.qkv.weight": (9216, 3072) for n in range(19)}
    single = {f"single_blocks.{n}.linear1.weight": (21504, 3072) for n in range(38)}
    return {
        "img_in.weight": (3072, 64),
        "txt_in.weight": (3072, 4096),
        "vector_in.in_layer.weight": (3072, 768),
        "guidance_in.in_layer.weight": (3072, 256),
        **blocks,
        **single,
    }


def vae() -> Shapes:
    return {
        "encoder.conv_in.weight": (128, 3, 3, 3),
        "decoder.conv_in.weight": (512, 16, 3, 3),
        "decoder.conv_out.weight": (3, 128, 3, 3),
    }


SOUND: tuple[tuple[Callable[[], Shapes], tuple[str, str]], ...] = (
    (lora(768), ("lora", "sd-1")),
    (lora(2048), ("lora", "sdxl")),
    (flux_lora, ("lora", "flux")),
    (checkpoint(768), ("main", "sd-1")),
    (lora(768), ("lora", "sd-1")),
    (checkpoint(2048), ("main", "sdxl")),
    (flux, ("main", "flux")),
    (vae, ("vae", "flux")),
)


# -- damaged and hostile ones --------------------------------------------------------------------------------------


class _Harm:
    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, ("touch /tmp/invoke-tui-was-run",)


def cut(number: int) -> bytes:
    return _head({"a.weight": (4, 4)}, {"n": str(number)}) + b"\0" * 7


def page(number: int) -> bytes:
    return f"<!DOCTYPE html><html>{ESCAPES} log in {number}</html>".encode()


def huge_length(_: int) -> bytes:
    return struct.pack("<Q", 2**60) + b"{}"


def long_header(_: int) -> bytes:
    return struct.pack("<Q", 99 * 2**20) + b'{"a":['


def many_values(_: int) -> bytes:
    text = b'{"a":[' + b"0," * 1_000_000 + b"0]}"
    return struct.pack("<Q", len(text)) + text


def overlapping(_: int) -> bytes:
    text = json.dumps(
        {
            "a": {"dtype": "F16", "shape": [4], "data_offsets": [0, 8]},
            f"b{ESCAPES}": {"dtype": "F16", "shape": [4], "data_offsets": [4, 12]},
        }
    ).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * 12


def harmful(_: int) -> bytes:
    return pickle.dumps(_Harm())


def harmful_zip(_: int) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(_Harm()))
        archive.writestr("archive/version", "3\n")
    return made.getvalue()


def gguf(_: int) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, 2**63, 0)


def pointer(_: int) -> bytes:
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


def empty(_: int) -> bytes:
    return b""


HOSTILE: tuple[tuple[str, Callable[[int], bytes]], ...] = (
    (".safetensors", cut),
    (".ckpt", page),
    (".safetensors", huge_length),
    (".safetensors", long_header),
    (".pt", harmful),
    (".ckpt", harmful_zip),
    (".safetensors", overlapping),
    (".gguf", gguf),
    (".safetensors", empty),
    (".bin", pointer),
    (".safetensors", many_values),
)
