"""The texts within a picture file: PNG chunks, EXIF, XMP and comments. No pixel is decoded."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.files.jpeg import segments
from invoke_tui.domain.files.png import SIGNATURE, chunks
from invoke_tui.domain.files.xmp import texts_in
from invoke_tui.prompt.extract import c2pa
from invoke_tui.prompt.extract.found import json_object

MOST_TEXT: Final = 16 * 2**20
"""Bytes of all texts of one file."""
MOST_FILE: Final = 512 * 2**20
_USER_COMMENT: Final = 0x9286
_EXIF: Final = 0x8769
_APP11: Final = 0xEB
_NAMES: Final = {0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model", 0x0131: "Software"}

Texts = dict[str, str]


def texts_of(path: Path) -> Texts:
    """Every text by its keyword; EXIF's and XMP's by their names. Raises ``StudioError`` for what is no picture."""
    name = path.name
    try:
        if not path.is_file():
            raise NotFoundError(
                f"{name}: there is no such file.", hint="A PNG, JPEG or WebP file.", code="no_file"
            )
        if path.stat().st_size > MOST_FILE:
            raise BadInputError(f"{name} is larger than {MOST_FILE // 2**20} MB.", code="bad_picture")
        with path.open("rb") as stream:
            head = stream.read(16)
            stream.seek(0)
            if head.startswith(SIGNATURE):
                return _png(stream)
            if head[:3] == b"\xff\xd8\xff" or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
                return _other(stream, name)
            if path.suffix.lower() in (".txt", ".json"):
                return _beside(stream.read(MOST_TEXT).decode("utf-8-sig", "replace"))
    except OSError as error:
        raise BadInputError(
            f"{name} cannot be read: {error.strerror or 'it is damaged'}.", code="cannot_read"
        ) from error
    raise BadInputError(
        f"{name} is no picture that could say anything.", hint="PNG, JPEG and WebP do.", code="bad_picture"
    )


def _beside(text: str) -> Texts:
    """A file beside a picture, under the names that its writer's chunks have."""
    data = json_object(text)
    if data is None:
        return {"parameters": text}
    if any(isinstance(node, dict) and "class_type" in node for node in data.values()):
        return {"prompt": text}
    if isinstance(data.get("nodes"), list) and isinstance(data.get("links"), list):
        return {"workflow": text}
    return {"invokeai_metadata" if "positive_prompt" in data else "parameters": text}


def _png(stream: IO[bytes]) -> Texts:
    """The text chunks, those after the pixels too; a file that is cut off gives what it has."""
    found: Texts = {}
    room = MOST_TEXT
    for kind, _, length in chunks(stream):
        if kind == b"caBX":
            found[c2pa.NAME] = c2pa.summary(stream.read(min(length, c2pa.MOST)))
        if kind not in (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"comf") or length > room:
            continue
        body = stream.read(length)
        for keyword, text in _exif(body) if kind == b"eXIf" else _chunk(kind, body, room):
            found.setdefault(keyword, text)
            room -= len(text)
        room -= length
        if room <= 0:
            break
    return found


def _chunk(kind: bytes, body: bytes, room: int) -> Iterator[tuple[str, str]]:
    keyword, _, rest = body.partition(b"\0")
    name = keyword[:80].decode("latin-1")
    packed = kind == b"zTXt"
    if packed:
        rest = rest[1:]
    elif kind == b"iTXt":
        packed = rest[:1] == b"\1"
        parts = rest[2:].split(b"\0", 2)
        if len(parts) < 3:
            return
        rest = parts[2]
    if packed:
        try:
            rest = zlib.decompressobj().decompress(rest, max(1, room))
        except zlib.error:
            return
    yield name, decoded(rest)


def _other(stream: IO[bytes], called: str) -> Texts:
    from PIL import Image

    try:
        with Image.open(stream, formats=("JPEG", "WEBP")) as picture:
            info: dict[Any, Any] = dict(picture.info)
            found = dict(_exif(info["exif"])) if isinstance(info.get("exif"), bytes) else {}
            if signed := _signed(stream, str(picture.format)):
                found[c2pa.NAME] = c2pa.summary(signed)
    except Exception as error:  # a decoder of files from anywhere raises whatever it likes
        raise BadInputError(
            f"{called} is damaged.", hint="Try the original file.", code="bad_picture"
        ) from error
    for name in ("comment", "xmp"):
        if isinstance(text := info.get(name), bytes | str):
            found[name] = decoded(text[:MOST_TEXT]) if isinstance(text, bytes) else text[:MOST_TEXT]
    return found | texts_in(found.get("xmp", ""))


def _signed(stream: IO[bytes], kind: str) -> bytes:
    """The Content Credentials of a JPEG or WebP."""
    if kind == "JPEG":
        parts = (body for marker, body in segments(stream) if marker == _APP11 and body.startswith(b"JP"))
        return b"".join(parts)[: c2pa.MOST]
    at = 12
    while True:
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8:
            return b""
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"C2PA":
            return stream.read(min(length, c2pa.MOST))
        at += 8 + length + length % 2


def _exif(data: bytes) -> Iterator[tuple[str, str]]:
    from PIL import Image

    exif = Image.Exif()
    try:
        exif.load(data)
        tags = {**exif, **exif.get_ifd(_EXIF)}
    except Exception:  # as above; what cannot be read says nothing
        return
    for tag, value in tags.items():
        name = "UserComment" if tag == _USER_COMMENT else _NAMES.get(tag)
        if name is None:
            continue
        if isinstance(value, bytes):
            value = comment(value) if name == "UserComment" else decoded(value)
        if isinstance(value, str):
            yield name, value.rstrip("\0")[:MOST_TEXT]


def comment(data: bytes) -> str:
    """EXIF's comment: eight bytes name the encoding; where UTF-16 has its NULs tells its byte order."""
    code, body = data[:8], data[8 : MOST_TEXT + 8]
    if code == b"UNICODE\0":
        sample = body[:400]
        big = sample[0::2].count(0) >= sample[1::2].count(0)
        return body.decode("utf-16-be" if big else "utf-16-le", "replace")
    if code == b"JIS\0\0\0\0\0" and b"\x1b$" in body:
        return body.decode("iso2022_jp", "replace")
    if code in (b"ASCII\0\0\0", b"\0" * 8, b"JIS\0\0\0\0\0"):
        return decoded(body)
    return decoded(data[:MOST_TEXT])


def decoded(data: bytes) -> str:
    """Most programs write UTF-8 even where the standard says Latin-1."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
