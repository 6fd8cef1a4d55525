"""Texts hidden in the lowest bits of pixels, as NovelAI's are: column by column, of the opacity or of the colours.

Pixels are decoded here, so it comes last, and only for pictures in whose chunks nothing was found.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.files.decoding import room
from invoke_tui.prompt.extract.chunks import MOST_TEXT, Texts, decoded
from invoke_tui.prompt.extract.found import json_object

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS: Final = 12_000_000
"""Larger pictures are not decoded for this."""
_SIGN: Final = 15
"""Bytes of the words a hidden text begins with."""
_SIGNS: Final = {
    "A": {b"stealth_pnginfo": False, b"stealth_pngcomp": True},
    "RGB": {b"stealth_rgbinfo": False, b"stealth_rgbcomp": True},
}
"""By channels: the words, and whether what follows is packed."""
_LOWEST: Final = [0, 255] * 128


def hidden_texts(path: Path) -> Texts:
    """What a PNG or WebP hides, under the names its chunks would have; nothing where it is no such picture."""
    from PIL import Image

    try:
        with Image.open(path, formats=("PNG", "WEBP")) as image:
            if image.width * image.height > MOST_PIXELS or image.mode not in ("RGB", "RGBA"):
                return {}
            if getattr(image, "n_frames", 1) > 1:
                return {}
            with room(image):
                image.load()
            text = _hidden(image.getchannel("A"), "A") if image.mode == "RGBA" else None
            return _named(text or _hidden(image, "RGB"))
    except Exception:  # a decoder of files from anywhere raises whatever it likes; then nothing is said
        return {}


def _hidden(image: Image, channels: str) -> str | None:
    read = _reader(image, len(channels))
    head = read(_SIGN + 4)
    packed = _SIGNS[channels].get(head[:_SIGN])
    if packed is None:
        return None
    length = int.from_bytes(head[_SIGN:]) // 8  # it is told in bits
    room = image.width * image.height * len(channels) // 8
    if not 0 < length <= min(MOST_TEXT, room - len(head)):
        return None
    body = read(len(head) + length)[len(head) :]
    if packed:
        body = zlib.decompressobj(wbits=31).decompress(body, MOST_TEXT)
    return decoded(body)


def _reader(image: Image, channels: int) -> Callable[[int], bytes]:
    """A function that gives the first so many bytes; no more columns are looked at than hold them."""
    import PIL.Image

    def read(count: int) -> bytes:
        columns = min(image.width, -(-count * 8 // (image.height * channels)))
        part = image.crop((0, 0, columns, image.height)).convert("L" if channels == 1 else "RGB")
        lowest = part.transpose(PIL.Image.Transpose.TRANSPOSE).point(_LOWEST * channels).tobytes()
        bits = PIL.Image.frombytes("L", (len(lowest), 1), lowest).convert("1", dither=PIL.Image.Dither.NONE)
        return bits.tobytes()[:count]

    return read


def _named(text: str | None) -> Texts:
    """NovelAI hides all its chunks as JSON; others hide the one they would have written."""
    if not text:
        return {}
    data = json_object(text)
    if data is not None and ("Comment" in data or "Software" in data):
        # what NovelAI leaves out is that it was NovelAI
        told = {name: value for name, value in data.items() if isinstance(value, str)}
        return {"Software": "NovelAI", **told}
    return {"parameters": text}
