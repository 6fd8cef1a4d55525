"""Reads a GGUF header (versions 2 and 3): the key-value pairs and the tensors, without the weights."""

from __future__ import annotations

import math
import struct

from invoke_tui.studio.models.headers.ggml_types import TYPES
from invoke_tui.studio.models.headers.header import Header, TensorInfo, UnreadableError
from invoke_tui.studio.models.headers.source import Source, shown

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_TENSOR_LIMIT = 200_000
_PAIR_LIMIT = 20_000
# Vocabularies are arrays of strings and must be walked one by one; the largest known have a quarter of a million.
_WALKED_LIMIT = 2_000_000
_NAME_LIMIT = 1024
_WORDS_LIMIT = 65_536  # bytes of one text value that are kept
_DIMENSIONS = 4
_DEPTH = 4
_SMALLEST_PAIR = 8 + 1 + 4 + 1
_SMALLEST_TENSOR = 8 + 1 + 4 + 4 + 8

_STRING, _ARRAY = 8, 9
_SCALARS = {
    code: struct.Struct("<" + letter)
    for code, letter in {
        0: "B",
        1: "b",
        2: "H",
        3: "h",
        4: "I",
        5: "i",
        6: "f",
        7: "?",
        10: "Q",
        11: "q",
        12: "d",
    }.items()
}
_U32, _U64 = struct.Struct("<I"), struct.Struct("<Q")


def read_from(source: Source) -> Header:
    """The header of a GGUF file that is open already."""
    return _Reader(source).header()


class _Reader:
    """One pass over the file. Every count and length is held against what is left of the file before it is used."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._walked = 0

    def header(self) -> Header:
        if self._source.take(len(MAGIC), "its first word") != MAGIC:
            raise UnreadableError("it does not begin with GGUF")
        version = self._number(_U32)
        if version not in _VERSIONS:
            if version.to_bytes(4, "big") in [known.to_bytes(4, "little") for known in _VERSIONS]:
                raise UnreadableError("it is a big-endian GGUF file, for another kind of computer")
            raise UnreadableError(f"it has GGUF version {version}; versions 2 and 3 can be read")
        tensor_count = self._count("tensors", _TENSOR_LIMIT, _SMALLEST_TENSOR)
        pair_count = self._count("metadata entries", _PAIR_LIMIT, _SMALLEST_PAIR)

        metadata = self._pairs(pair_count)
        tensors: dict[str, TensorInfo] = {}
        spans: list[tuple[int, int, str]] = []
        for _ in range(tensor_count):
            name = self._name("a tensor's name")
            if name in tensors:
                raise UnreadableError(f"it names the tensor {shown(name)} twice")
            tensors[name], start, size = self._tensor(name)
            spans.append((start, size, name))
        self._check_body(spans, metadata.get("general.alignment", "32"))
        return Header("gguf", tensors, metadata)

    def _number(self, kind: struct.Struct) -> int:
        return int(kind.unpack(self._source.take(kind.size, "its header"))[0])

    def _left(self) -> int:
        return self._source.size - self._source.file.tell()

    def _count(self, of: str, limit: int, smallest: int) -> int:
        count = self._number(_U64)
        if count > limit:
            raise UnreadableError(f"it claims {count} {of}, more than the {limit} that are read")
        if count * smallest > self._left():
            raise UnreadableError(f"the file is truncated: it claims {count} {of} and is too short for them")
        return count

    def _length(self, of: str) -> int:
        length = self._number(_U64)
        if length > self._left():
            raise UnreadableError(f"{of} claims a length of {length} bytes, more than the file has left")
        return length

    def _name(self, of: str) -> str:
        length = self._length(of)
        if length > _NAME_LIMIT:
            raise UnreadableError(f"{of} is {length} bytes long, more than the {_NAME_LIMIT} that are read")
        try:
            return self._source.take(length, of).decode("utf-8")
        except UnicodeDecodeError as error:
            raise UnreadableError(f"{of} is not UTF-8 text") from error

    def _pairs(self, count: int) -> dict[str, str]:
        pairs: dict[str, str] = {}
        keys: set[str] = set()
        for _ in range(count):
            key = self._name("a metadata key")
            if key in keys:
                raise UnreadableError(f"it names the metadata entry {shown(key)} twice")
            keys.add(key)
            kind = self._number(_U32)
            if kind == _ARRAY:
                self._skip_array(key, _DEPTH)
            elif kind == _STRING:
                pairs[key] = self._words(key)
            else:
                pairs[key] = str(self._scalar(key, kind))
        return pairs

    def _scalar(self, key: str, kind: int) -> object:
        form = self._form(key, kind)
        value: object = form.unpack(self._source.take(form.size, "its metadata"))[0]
        return value

    def _form(self, key: str, kind: int) -> struct.Struct:
        form = _SCALARS.get(kind)
        if form is None:
            raise UnreadableError(f"its metadata entry {shown(key)} has the unknown type {kind}")
        return form

    def _words(self, key: str) -> str:
        length = self._length(f"its metadata entry {shown(key)}")
        kept = self._source.take(min(length, _WORDS_LIMIT), "its metadata")
        self._skip(length - len(kept))
        return kept.decode("utf-8", errors="replace")

    def _skip(self, count: int) -> None:
        self._source.file.seek(count, 1)

    def _skip_array(self, key: str, depth: int) -> None:
        kind, count = self._number(_U32), self._number(_U64)
        if kind in (_STRING, _ARRAY):
            self._walked += count
            if self._walked > _WALKED_LIMIT:
                raise UnreadableError(f"the lists in its metadata hold more than {_WALKED_LIMIT} entries")
            if kind == _ARRAY and depth == 0:
                raise UnreadableError(f"its metadata entry {shown(key)} is nested too deeply")
            for _ in range(count):
                if kind == _ARRAY:
                    self._skip_array(key, depth - 1)
                else:
                    self._skip(self._length(f"its metadata entry {shown(key)}"))
            return
        size = count * self._form(key, kind).size
        if size > self._left():
            raise UnreadableError(
                f"its metadata entry {shown(key)} claims {count} values, more than the file has left"
            )
        self._skip(size)

    def _tensor(self, name: str) -> tuple[TensorInfo, int, int]:
        dimensions = self._number(_U32)
        if dimensions > _DIMENSIONS:
            raise UnreadableError(
                f"the tensor {shown(name)} claims {dimensions} dimensions; GGUF allows four"
            )
        sizes = [self._number(_U64) for _ in range(dimensions)]
        kind, start = self._number(_U32), self._number(_U64)
        quant = TYPES.get(kind)
        if quant is None:
            raise UnreadableError(f"the tensor {shown(name)} has the unknown quantization type {kind}")
        if sizes and sizes[0] % quant.block:
            raise UnreadableError(
                f"the rows of the tensor {shown(name)} do not fit the blocks of {quant.name}"
            )
        if not sizes and quant.block > 1:
            raise UnreadableError(
                f"the tensor {shown(name)} is a single number, which {quant.name} cannot hold"
            )
        # ggml counts from the fastest dimension, torch from the slowest
        return (
            TensorInfo(tuple(reversed(sizes)), quant.name),
            start,
            math.prod(sizes) // quant.block * quant.size,
        )

    def _check_body(self, spans: list[tuple[int, int, str]], alignment_word: str) -> None:
        readable = len(alignment_word) < 8 and alignment_word.isascii() and alignment_word.isdigit()
        alignment = int(alignment_word) if readable else 0
        if not 0 < alignment <= 65_536 or alignment & (alignment - 1):
            raise UnreadableError(f"its alignment is {shown(alignment_word)}, which is no power of two")
        if not spans:
            return
        beginning = -(-self._source.file.tell() // alignment) * alignment
        position = 0
        for start, size, name in sorted(spans):
            if start % alignment:
                raise UnreadableError(
                    f"the tensor {shown(name)} does not begin at a multiple of {alignment} bytes"
                )
            if start < position:
                raise UnreadableError(f"the tensor {shown(name)} overlaps the one before it")
            if beginning + start + size > self._source.size:
                raise UnreadableError(f"the file is truncated: it ends before the tensor {shown(name)} does")
            position = start + size
