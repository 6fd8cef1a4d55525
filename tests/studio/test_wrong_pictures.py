"""Pictures nobody meant to give: every door a picture comes in by takes it rightly, or says in a sentence why not."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from invoke_tui.client import StudioClient
from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.domain.request.controls import ControlRequest
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.regions import RegionRequest
from invoke_tui.domain.request.upscaling import UpscaleRequest
from tests.studio.harness import StudioHarness


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def claiming(width: int, height: int, colour_type: int = 6) -> bytes:
    """A small PNG that says it is large."""
    row = zlib.compress(bytes(4 * min(width, 64) + 1))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)),
        (b"IDAT", row),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


RED = Image.new("RGB", (48, 32), "red")
FRAMES = [Image.new("RGB", (48, 32), colour) for colour in ("red", "green")]
TURNED = Image.Exif()
TURNED[0x0112] = 6
PALETTE = RED.quantize(2)

RIGHT: dict[str, tuple[bytes, tuple[int, int], str]] = {
    "transparent": (encoded(RED.convert("RGBA")), (48, 32), "RGBA"),
    "inks": (encoded(RED.convert("CMYK"), "JPEG"), (48, 32), "RGB"),
    "sixteen bits": (encoded(Image.new("I;16", (48, 32), 40_000)), (48, 32), "L"),
    "turned": (encoded(RED, "JPEG", exif=TURNED), (32, 48), "RGB"),
    "one pixel": (encoded(Image.new("RGB", (1, 1))), (1, 1), "RGB"),
    "palette with a hole": (encoded(PALETTE, transparency=0), (48, 32), "RGBA"),
    "grey with alpha": (encoded(RED.convert("LA")), (48, 32), "RGBA"),
    "one bit": (encoded(RED.convert("1")), (48, 32), "L"),
    "one bit with a hole": (encoded(RED.convert("1"), transparency=0), (48, 32), "RGBA"),
    "moving GIF": (encoded(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:]), (48, 32), "RGB"),
    "moving WebP": (encoded(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]), (48, 32), "RGB"),
    "moving PNG": (encoded(FRAMES[0], save_all=True, append_images=FRAMES[1:]), (48, 32), "RGB"),
    "wrong ending": (encoded(RED, "JPEG"), (48, 32), "RGB"),
}
NOISE = encoded(Image.effect_noise((128, 128), 90), "JPEG")
WRONG = {
    "empty": (b"", "not_a_picture"),
    "text": (b"a picture, honestly\n" * 9, "not_a_picture"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
    "no area": (claiming(0, 0), "not_a_picture"),
    "half a JPEG": (NOISE[: len(NOISE) // 2], "damaged_picture"),
    "half a PNG": (encoded(RED)[:60], "damaged_picture"),
    "hollow": (claiming(9_990, 9_990), "damaged_picture"),
    "huge": (claiming(20_000, 20_000), "picture_too_large"),
    "absurd": (claiming(2**31 - 1, 2**31 - 1), "picture_too_large"),
}


async def said_by(client: StudioClient, request: GenerationRequest) -> str:
    with pytest.raises(StudioError) as refused:
        await client.enqueue(request)
    return refused.value.message


async def test_every_door(studio: StudioHarness) -> None:
    client = await studio.start()
    for kind, (data, size, mode) in RIGHT.items():
        record = await client.upload_image(data, name="photo.png", category="user")
        with Image.open(io.BytesIO(await client.image_file(record.image_name))) as kept:
            assert (kind, kept.size, kept.mode) == (kind, size, mode)
            if kind.startswith("moving"):
                assert kept.getpixel((0, 0))[0] > 240, "the first frame"  # type: ignore[index]
    for kind, (data, code) in WRONG.items():
        with pytest.raises(BadInputError, match=r"photo\.png") as refused:
            await client.upload_image(data, name="photo.png", category="user")
        assert (kind, refused.value.code) == (kind, code)
        assert refused.value.hint

    async def named(image: Image.Image) -> str:
        return (await client.upload_image(encoded(image), name="photo.png", category="user")).image_name

    speck, photo = await named(Image.new("RGB", (1, 1))), await named(RED)
    square, clear = await named(Image.new("L", (9, 9), 255)), await named(Image.new("RGBA", (48, 32)))
    asked = GenerationRequest(positive_prompt="a star")
    refused_for = {
        "too small": asked.model_copy(update={"init_image": speck}),
        "wholly transparent": asked.model_copy(update={"init_image": clear}),
        "shapes differ": asked.model_copy(update={"init_image": photo, "mask_image": square}),
        "mask is empty": asked.model_copy(update={"init_image": photo, "mask_image": clear}),
        "The mask has 48 x 32": asked.model_copy(
            update={"regions": (RegionRequest(positive_prompt="a fox", mask_image=photo),)}
        ),
    }
    for words, request in refused_for.items():
        assert words in await said_by(client, request)
    absent = "absent.png"
    for request in (
        asked.model_copy(update={"init_image": absent}),
        asked.model_copy(update={"init_image": photo, "mask_image": absent}),
        asked.model_copy(update={"regions": (RegionRequest(positive_prompt="a", mask_image=absent),)}),
        asked.model_copy(update={"controls": (ControlRequest(model="any", image=absent),)}),
    ):
        await said_by(client, request)
    for missing in (client.preprocessed(absent, "canny"), client.upscale(UpscaleRequest(images=[absent]))):
        with pytest.raises(NotFoundError):
            await missing
    for preprocessor in ("canny", "color_map", "content_shuffle", "tile"):
        with Image.open(io.BytesIO(await client.preprocessed(speck, preprocessor))) as made:
            assert made.size == (1, 1)
