"""Reads a safetensors header: eight bytes of length, then JSON that must describe the rest of the file exactly."""

from __future__ import annotations

import json
import math
from typing import NoReturn, cast

from invoke_tui.studio.models.headers.header import Header, TensorInfo, UnreadableError
from invoke_tui.studio.models.headers.source import Source, shown

_LENGTH_BYTES = 8
# The format allows 100 MB; the largest models have one, and what is longer makes a listing slow and large.
_HEADER_LIMIT = 16 * 2**20
# JSON turns two bytes (`0,`) into an object of many: what bounds the memory is the number of values, which is at most
# that of commas and brackets. Training metadata is full of them too, but inside a few strings, and in the hundred
# thousands.
_VALUE_LIMIT = 600_000
_TENSOR_LIMIT = 50_000
_METADATA = "__metadata__"
_LARGEST_DIMENSION = 2**63 - 1
_DIMENSIONS = 64  # torch's limit

_BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 64),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}


def looks_like(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is meant as safetensors: a length, then an opening brace."""
    return head[_LENGTH_BYTES : _LENGTH_BYTES + 1] == b"{"


def read_from(source: Source) -> Header:
    """The header of a safetensors file that is open already."""
    length = int.from_bytes(source.take(_LENGTH_BYTES, "the length of its header"), "little")
    if length > _HEADER_LIMIT:
        raise UnreadableError(
            f"its header claims {length} bytes, more than the {_HEADER_LIMIT} a model needs"
        )
    text = source.take(length, "its header")
    described = _parsed(text)
    del text
    words = described.pop(_METADATA, None)
    if len(described) > _TENSOR_LIMIT:
        raise UnreadableError(
            f"its header names {len(described)} tensors, more than the {_TENSOR_LIMIT} that are read"
        )

    tensors: dict[str, TensorInfo] = {}
    spans: list[tuple[int, int, str]] = []
    for name, entry in described.items():
        tensors[name], start, end = _tensor(name, entry)
        spans.append((start, end, name))
    _refuse_gaps(spans, source.size - _LENGTH_BYTES - length)
    return Header("safetensors", tensors, _only_words(words))


def _parsed(text: bytes) -> dict[str, object]:
    if text.count(b",") + text.count(b"[") + text.count(b"{") > _VALUE_LIMIT:
        raise UnreadableError(
            f"its header holds more than {_VALUE_LIMIT} values, far more than a model needs"
        )
    try:
        parsed = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise UnreadableError("its header is not UTF-8 text") from error
    except RecursionError as error:
        raise UnreadableError("its header is nested far deeper than a model needs") from error
    except ValueError as error:
        raise UnreadableError(f"its header is not valid JSON: {shown(error)}") from error
    if not isinstance(parsed, dict):
        raise UnreadableError("its header is not a JSON object")
    return cast("dict[str, object]", parsed)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose names occur once: of two tensors under one name, another reader may take the other one."""
    unique = dict(pairs)
    if len(unique) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise UnreadableError(f"its header names {shown(name)} twice")
            seen.add(name)
    return unique


def _no_constant(name: str) -> NoReturn:
    raise UnreadableError(f"its header is not valid JSON: it holds {name}")


def _tensor(name: str, entry: object) -> tuple[TensorInfo, int, int]:
    if not isinstance(entry, dict):
        raise UnreadableError(f"the tensor {shown(name)} is not described by an object")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in _BITS:
        raise UnreadableError(f"the tensor {shown(name)} has the unknown type {shown(dtype)}")
    if not isinstance(shape, list) or not all(_is_size(size) for size in shape):
        raise UnreadableError(f"the shape of the tensor {shown(name)} is not a list of sizes")
    if len(shape) > _DIMENSIONS:
        raise UnreadableError(f"the tensor {shown(name)} has {len(shape)} dimensions, more than torch allows")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(_is_size(offset) for offset in offsets):
        raise UnreadableError(f"the data_offsets of the tensor {shown(name)} are not two positions")
    start, end = offsets
    bits = math.prod(shape) * _BITS[dtype]
    if bits != (end - start) * 8:
        raise UnreadableError(
            f"the tensor {shown(name)} needs {shown((bits + 7) // 8)} bytes but its data_offsets hold {end - start}"
        )
    return TensorInfo(tuple(shape), dtype), start, end


def _is_size(value: object) -> bool:
    # `type`, since True is an int to isinstance
    return type(value) is int and 0 <= value <= _LARGEST_DIMENSION


def _refuse_gaps(spans: list[tuple[int, int, str]], body: int) -> None:
    """The tensors must tile the body: an overlap hides data, a gap hides something else."""
    spans.sort()
    position = 0
    for start, end, name in spans:
        if end > body:
            raise UnreadableError(
                f"the file is truncated: the tensor {shown(name)} ends at byte {end} of {body} bytes of weights"
            )
        if start < position:
            raise UnreadableError(f"the tensor {shown(name)} overlaps the one before it")
        if start > position:
            raise UnreadableError(
                f"{start - position} bytes before the tensor {shown(name)} belong to no tensor"
            )
        position = end
    if position != body:
        raise UnreadableError(f"{body - position} bytes at its end belong to no tensor")


def _only_words(words: object) -> dict[str, str]:
    if not isinstance(words, dict):
        return {}
    return {key: value for key, value in words.items() if isinstance(value, str)}
