"""Finished pictures as bytes: with InvokeAI's texts within, under a name that the work itself determines."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from PIL.Image import Exif, Image
from PIL.PngImagePlugin import PngInfo
from pydantic_core import to_json

from invoke_tui.domain.files.xmp import packet
from invoke_tui.domain.gallery.images import ImageFormat
from invoke_tui.domain.gallery.metadata import GRAPH_KEY, INFOTEXT_KEY, METADATA_KEY, NAME_KEY
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.prompt.infotext import infotext_of

_LARGEST: Final[dict[ImageFormat, int]] = {"png": 2**31 - 1, "webp": 16_383, "jpeg": 65_535}
"""Pixels of a side."""
_MOST_WEBP: Final = 10_000_000
"""Pixels of a WebP that can be decoded again in the memory that ``domain.files.decoding`` gives to one picture."""
_SEGMENT: Final = 65_000
"""Bytes of XMP, and of EXIF, that a JPEG takes."""
_EXIF_IFD: Final = 0x8769
_USER_COMMENT: Final = 0x9286


def picture_name(session_id: str, run_id: str, number: int = 0, suffix: str = ".png") -> str:
    """The file name of the ``number``-th picture of a run; the same whenever the session is run again."""
    try:
        namespace = UUID(session_id)
    except ValueError:
        namespace = uuid5(NAMESPACE_URL, session_id)
    return f"{uuid5(namespace, f'{run_id}/{number}' if number else run_id)}{suffix}"


def format_for(image: Image, wanted: ImageFormat, category: str) -> ImageFormat:
    """The format in which a picture is kept: masks and control pictures stay exact, and so does what a format cannot
    hold."""
    if category != "general" or image.mode not in ("L", "RGB", "RGBA") or max(image.size) > _LARGEST[wanted]:
        return "png"
    if wanted == "webp" and image.width * image.height > _MOST_WEBP:
        return "png"
    return "png" if wanted == "jpeg" and image.mode == "RGBA" else wanted


def content_name(image: Image) -> str:
    """A name for a picture that stays within a run: the same for the same pixels."""
    digest = hashlib.blake2b(f"{image.mode} {image.size} ".encode() + image.tobytes(), digest_size=16)
    return f"intermediate-{digest.hexdigest()}.png"


def texts_for(
    name: str, metadata: dict[str, Any] | None, graph: Graph, *, infotext: bool = False
) -> dict[str, str]:
    """What a picture says about itself: JSON in ASCII, which every reader understands; A1111's text if asked for."""
    texts = {NAME_KEY: name}
    if metadata is not None:
        texts[METADATA_KEY] = _ascii_json(metadata)
        if infotext:
            texts[INFOTEXT_KEY] = infotext_of(metadata)
    return texts | {GRAPH_KEY: _ascii_json(graph.model_dump(mode="json"))}


def encode_picture(
    image: Image, kind: ImageFormat, texts: dict[str, str], *, compress_level: int, quality: int = 95
) -> bytes:
    """The file. A PNG has a chunk for each text; others have XMP, and A1111's text as EXIF's comment."""
    buffer = io.BytesIO()
    if kind == "png":
        chunks = PngInfo()
        for name, text in texts.items():
            (chunks.add_text if text.isascii() else chunks.add_itxt)(name, text)
        image.save(buffer, "PNG", pnginfo=chunks, compress_level=compress_level)
    elif kind == "webp":
        xmp, exif = _beside(texts)
        image.save(buffer, "WEBP", xmp=xmp, exif=exif, quality=quality, lossless=quality == 100)
    else:
        xmp, exif = _beside(texts)
        if len(xmp) > _SEGMENT:  # the graph of a picture with many regions
            xmp, exif = _beside({name: text for name, text in texts.items() if name != GRAPH_KEY})
        exif = exif if len(exif) <= _SEGMENT else b""
        image.save(buffer, "JPEG", xmp=xmp, exif=exif, quality=quality, subsampling=0 if quality > 90 else 2)
    return buffer.getvalue()


def _beside(texts: dict[str, str]) -> tuple[bytes, bytes]:
    """XMP and EXIF."""
    xmp = packet({name: text for name, text in texts.items() if name != INFOTEXT_KEY})
    if (infotext := texts.get(INFOTEXT_KEY)) is None:
        return xmp, b""
    exif = Exif()
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = b"UNICODE\0" + infotext.encode("utf-16-be", "replace")
    return xmp, exif.tobytes()


def _ascii_json(value: Any) -> str:
    """Compact JSON; what JSON cannot say (NaN, infinity) becomes null."""
    plain = json.loads(to_json(value, inf_nan_mode="null"))
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":"))
