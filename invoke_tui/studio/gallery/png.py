"""Just enough of PNG to know that a file is whole and what it says about itself, without decoding a pixel."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import IO, Any, Final

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.files.png import SIGNATURE, chunks
from invoke_tui.domain.gallery.images import PICTURE_NAME
from invoke_tui.domain.gallery.metadata import GRAPH_KEY, METADATA_KEY, NAME_KEY, WORKFLOW_KEY
from invoke_tui.prompt.extract.found import json_object

_TEXT_LIMIT: Final = 16 * 2**20
"""Bytes of all texts of one file, unpacked."""
_TEXTS: Final = (b"tEXt", b"iTXt", b"zTXt")
_BLOCK: Final = 2**20


class DamagedPictureError(StudioError):
    """The bytes are no whole picture."""

    default_code = "damaged_picture"


@dataclass(frozen=True)
class PictureFacts:
    """What a whole picture's file says."""

    width: int
    height: int
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def ours(self) -> bool:
        """Whether a studio or InvokeAI wrote it."""
        return METADATA_KEY in self.texts or GRAPH_KEY in self.texts

    @property
    def image_name(self) -> str | None:
        """The picture's name in the gallery that it was made for."""
        name = self.texts.get(NAME_KEY, "")
        return name if PICTURE_NAME.fullmatch(name) else None

    @property
    def has_workflow(self) -> bool:
        """Whether a workflow travels in it."""
        return WORKFLOW_KEY in self.texts

    @property
    def metadata(self) -> dict[str, Any] | None:
        """The generation metadata, where it is a JSON object."""
        return json_object(self.texts.get(METADATA_KEY))


def inspect(stream: IO[bytes]) -> PictureFacts:
    """Walk every chunk, checking lengths and checksums; raise unless the picture is complete."""
    stream.seek(0)
    if stream.read(len(SIGNATURE)) != SIGNATURE:
        raise DamagedPictureError("The data is not a PNG.")
    size, kind = (0, 0), b""
    texts, room = dict[str, str](), _TEXT_LIMIT
    for kind, _, length in chunks(stream):
        wanted = kind == b"IHDR" or kind in _TEXTS
        if kind in _TEXTS and length > room:
            raise DamagedPictureError(f"The PNG holds more than {_TEXT_LIMIT // 2**20} MiB of texts.")
        body = _checked(stream, kind, length, keep=wanted)
        if kind == b"IHDR" and length >= 8:
            size = struct.unpack_from(">II", body)
        elif kind in _TEXTS:
            found = _text(kind, body, room)
            texts.update(found)
            room -= length + sum(map(len, found.values()))
    if kind != b"IEND":
        raise _cut_off(stream)
    return PictureFacts(size[0], size[1], texts)


def _checked(stream: IO[bytes], kind: bytes, length: int, *, keep: bool) -> bytes:
    """Read a chunk's body, block by block, and its checksum; what is not kept is empty."""
    checksum, kept, left = zlib.crc32(kind), [], length
    while left:
        block = stream.read(min(left, _BLOCK))
        if not block:
            raise _cut_off(stream)
        checksum = zlib.crc32(block, checksum)
        left -= len(block)
        if keep:
            kept.append(block)
    told = stream.read(4)
    if len(told) < 4:
        raise _cut_off(stream)
    if checksum != int.from_bytes(told):
        raise DamagedPictureError("The PNG is damaged: a checksum is wrong.")
    return b"".join(kept)


def _cut_off(stream: IO[bytes]) -> DamagedPictureError:
    return DamagedPictureError(f"The PNG is cut off after {stream.seek(0, 2)} bytes.")


def _text(kind: bytes, body: bytes, room: int) -> dict[str, str]:
    keyword, _, rest = body.partition(b"\0")
    name = keyword.decode("latin-1")
    if kind == b"tEXt":
        return {name: rest.decode("latin-1")}
    if kind == b"zTXt":
        packed, encoding = rest[1:], "latin-1"
    else:
        compressed = rest[:1] == b"\1"
        parts = rest[2:].split(b"\0", 2)
        if len(parts) < 3:
            return {}
        if not compressed:
            return {name: parts[2].decode(errors="replace")}
        packed, encoding = parts[2], "utf-8"
    try:
        return {
            name: zlib.decompressobj().decompress(packed, max(1, room)).decode(encoding, errors="replace")
        }
    except zlib.error:
        return {}
