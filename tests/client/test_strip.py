"""Metadata out of picture files: all of it, and not a pixel with it."""

from __future__ import annotations

import io
import random
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from invoke_tui.client.export.strip import stripped
from invoke_tui.domain.errors import BadInputError

KINDS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 90, "progressive": True, "comment": b"a secret"},
    "WEBP": {"xmp": b"a secret"},
}


def secretive(kind: str) -> bytes:
    """A picture, turned on its side by its EXIF, that says more than it should wherever that can be said."""
    said = Image.Exif()
    said[0x0112], said[0x010E] = 6, "a secret"
    options = {"exif": said, "icc_profile": b"profile" * 20, **KINDS[kind]}
    if kind == "PNG":
        options["pnginfo"] = texts = PngInfo()
        texts.add_text("parameters", "a secret")
        texts.add_itxt("invokeai_metadata", "a secret", zip=True)
        texts.add(b"caBX", b"a secret", after_idat=True)
    data = io.BytesIO()
    Image.effect_noise((70, 50), 90).convert("RGB").save(data, kind, **options)
    return data.getvalue() + b"a secret behind the end"


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_and_what_shows_them_stay(kind: str) -> None:
    data = secretive(kind)
    clean = stripped(data)
    before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(clean))
    assert before.tobytes() == after.tobytes()
    assert dict(after.getexif()) == {0x0112: 6}
    assert after.info["icc_profile"] == b"profile" * 20
    assert b"secret" not in clean
    assert not {"parameters", "invokeai_metadata", "comment", "xmp"} & set(after.info)
    assert stripped(clean) == clean


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_refused(kind: str) -> None:
    data, chance = secretive(kind), random.Random(1)
    for _ in range(150):
        broken = bytearray(data[: chance.randrange(len(data))])
        for _ in range(min(3, len(broken))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            stripped(bytes(broken))
        except BadInputError:
            continue


def test_other_files_are_refused() -> None:
    with pytest.raises(BadInputError, match="PNG, JPEG and WebP only"):
        stripped(b"GIF89a and so on")
