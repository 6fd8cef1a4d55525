"""Just enough of PNG to know that a file is whole and what it says about itself, without decoding a pixel."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any, Final

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.images import PICTURE_NAME
from invoke_tui.domain.metadata import GRAPH_KEY, METADATA_KEY, NAME_KEY, WORKFLOW_KEY

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_TEXT_LIMIT: Final = 16 * 2**20
"""Bytes of all texts of one file, unpacked."""


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
        try:
            found = json.loads(self.texts.get(METADATA_KEY, "null"))
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


def inspect(data: bytes) -> PictureFacts:
    """Walk every chunk, checking lengths and checksums; raise unless the picture is complete."""
    if not data.startswith(SIGNATURE):
        raise DamagedPictureError("The data is not a PNG.")
    at, size, complete = len(SIGNATURE), (0, 0), False
    texts, room = dict[str, str](), _TEXT_LIMIT
    view = memoryview(data)
    while not complete:
        if at + 12 > len(data):
            raise DamagedPictureError(f"The PNG is cut off after {len(data)} bytes.")
        length, kind = struct.unpack_from(">I4s", data, at)
        body, at = at + 8, at + 12 + length
        if at > len(data):
            raise DamagedPictureError(f"The PNG is cut off after {len(data)} bytes.")
        if zlib.crc32(view[body - 4 : at - 4]) != int.from_bytes(view[at - 4 : at]):
            raise DamagedPictureError("The PNG is damaged: a checksum is wrong.")
        if kind == b"IHDR":
            size = struct.unpack_from(">II", data, body)
        elif kind in (b"tEXt", b"iTXt", b"zTXt"):
            if length > room:
                raise DamagedPictureError(f"The PNG holds more than {_TEXT_LIMIT // 2**20} MiB of texts.")
            found = _text(kind, bytes(view[body : at - 4]), room)
            texts.update(found)
            room -= length + sum(map(len, found.values()))
        complete = kind == b"IEND"
    return PictureFacts(size[0], size[1], texts)


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
