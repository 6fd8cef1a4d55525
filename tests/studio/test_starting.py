"""What becomes of a picture that a request starts from: taken in, looked at, put in place; and what cannot be used."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from invoke_tui.client import StudioClient
from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.gallery.images import Listing
from invoke_tui.domain.models.records import BaseModelType, ModelDefaults
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.pictures import Outpaint
from invoke_tui.domain.request.sizes import scaled_size
from invoke_tui.domain.running.queue import ItemStatus
from invoke_tui.studio.gallery.intake import Look, as_png, look, taken_name
from invoke_tui.studio.requests.starting import Framed, start_of
from tests.studio.harness import StudioHarness, until
from tests.support.requests import model_record

MANUAL = {"scale_before_processing": "manual", "scaled_width": 96, "scaled_height": 64}
SMALL = model_record(default_settings=ModelDefaults(width=128, height=128))


class Gallery:
    """Pictures that are only looked at."""

    def __init__(self, **looks: Look) -> None:
        self.looks = looks

    async def look(self, name: str) -> Look:
        return self.looks[name]


def placed(image: Look, mask: Look | None = None, model: Any = SMALL, **asked: Any) -> Framed:
    looks = {"photo": image} | ({"mask": mask} if mask else {})
    request = GenerationRequest(init_image="photo", mask_image="mask" if mask else None, **asked)
    framed = asyncio.run(start_of(request, model, Gallery(**looks)))  # type: ignore[arg-type]
    assert framed is not None
    return framed


def photo(width: int, height: int, transparency: Any = "none", lightest: int = 255) -> Look:
    return Look(width, height, transparency, lightest)


def test_the_mode_is_what_invokeai_sees() -> None:
    assert placed(photo(128, 128)).start.mode == "img2img"
    assert placed(photo(128, 128), photo(128, 128)).start.mode == "inpaint"
    assert placed(photo(128, 128, "some")).start.mode == "outpaint"
    assert placed(photo(128, 128), photo(128, 128), outpaint=Outpaint(top=8)).start.mode == "outpaint"
    assert placed(photo(128, 64), width=128, height=128, fit="contain").start.mode == "outpaint"
    assert placed(photo(128, 64), width=128, height=128).start.mode == "img2img"


@pytest.mark.parametrize(
    ("size", "asked", "frame", "work"),
    [
        ((500, 333), {}, (500, 333), (312, 208)),  # more than four times what the model likes
        ((64, 64), {}, (64, 64), (128, 128)),
        ((100, 50), {"scale_before_processing": "none"}, (100, 50), (104, 64)),
        ((100, 50), {"width": 200}, (200, 104), (200, 104)),
        ((100, 50), MANUAL, (100, 50), (96, 64)),
        ((96, 128), {"outpaint": Outpaint(left=32)}, (128, 128), (128, 128)),
        ((9000, 9000), {}, (9000, 9000), (256, 256)),
    ],
)  # fmt: skip
def test_sizes(size: tuple[int, int], asked: dict[str, Any], frame: Any, work: Any) -> None:
    framed = placed(photo(*size), **asked)
    assert ((framed.start.width, framed.start.height), (framed.width, framed.height)) == (frame, work)


def test_auto_is_invokeais() -> None:
    assert scaled_size(333, 777, optimal=512, grid=8) == (336, 784)
    assert scaled_size(120, 64, optimal=512, grid=8) == (704, 376)
    assert scaled_size(500, 501, optimal=512, grid=8) == (512, 512)
    sdxl = placed(photo(832, 1216), model=model_record(base=BaseModelType.SDXL))
    assert (sdxl.width, sdxl.height) == (832, 1216)


def test_edges_are_smaller_in_small_pictures() -> None:
    small, large = placed(photo(128, 128)).start, placed(photo(1024, 1024), mask_blur=3).start
    assert (small.mask_blur, small.coherence_edge_size) == (8, 8)
    assert (large.mask_blur, large.coherence_edge_size) == (3, 16)


@pytest.mark.parametrize(
    ("image", "mask", "asked", "word"),
    [
        (photo(1, 1), None, {}, "1 x 1 pixels is too small"),
        (photo(64, 64, "all"), None, {}, "wholly transparent"),
        (photo(64, 64), photo(64, 64, "none", 0), {}, "mask is empty"),
        (photo(64, 64), photo(64, 64, "all"), {}, "mask is empty"),
        (photo(64, 64), photo(64, 32), {}, "64 x 32 pixels, the picture 64 x 64"),
        (photo(16000, 100), None, {"outpaint": Outpaint(left=4000)}, "too large"),
        (photo(64, 64), None, {"scale_before_processing": "manual"}, "needs a width and a height"),
    ],
)
def test_what_cannot_be_used_is_told(image: Look, mask: Look | None, asked: Any, word: str) -> None:
    with pytest.raises(BadInputError, match=word):
        placed(image, mask, **asked)


def test_a_mask_of_another_size_and_one_of_alpha() -> None:
    start = placed(photo(64, 64), photo(128, 128, "some")).start
    assert (start.mask_resize, start.mask_alpha) == (True, True)


def test_a_mask_needs_a_picture() -> None:
    for asked in ({"mask_image": "m"}, {"outpaint": Outpaint(top=1)}):
        with pytest.raises(BadInputError, match="need a picture"):
            asyncio.run(start_of(GenerationRequest(**asked), SMALL, None))


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_files_become_plain_pngs(tmp_path: Path) -> None:
    plain = encoded(Image.new("RGBA", (8, 8), (1, 2, 3, 0)))
    assert as_png(plain, "x") is plain
    for other in (Image.new("I;16", (8, 8)), Image.new("P", (8, 8)), Image.new("1", (8, 8))):
        assert as_png(encoded(other), "x").startswith(b"\x89PNG")
    assert as_png(encoded(Image.new("CMYK", (8, 8)), "JPEG"), "x").startswith(b"\x89PNG")
    picture = Image.new("RGBA", (8, 8), (200, 200, 200, 255))
    for fill, seen in (((9, 9, 9, 255), "none"), ((9, 9, 9, 0), "some")):
        ImageDraw.Draw(picture).rectangle((0, 0, 3, 3), fill=fill)
        picture.save(tmp_path / f"{seen}.png")
        assert look(tmp_path / f"{seen}.png") == Look(8, 8, seen, 200)
    assert taken_name(plain) == taken_name(bytes(plain))


async def uploaded(client: StudioClient, image: Image.Image, **how: Any) -> str:
    return (await client.upload_image(encoded(image), name="photo.png", **how)).image_name


async def test_from_a_file_to_a_picture(studio: StudioHarness) -> None:
    client = await studio.start()
    image = Image.effect_noise((96, 64), 60).convert("RGB")
    name = await uploaded(client, image)
    assert await uploaded(client, image) == name
    record = await client.image(name)
    assert (record.image_origin, record.image_category) == ("external", "user")
    mask = Image.new("L", (96, 64))
    mask.paste(255, (40, 20, 80, 60))
    masked = await uploaded(client, mask, category="mask")
    request = GenerationRequest(
        positive_prompt="a star", init_image=name, mask_image=masked, steps=2, scale_before_processing="none"
    )
    result = await client.enqueue(request)

    async def done() -> bool:
        return (await client.item(result.item_ids[0])).status.finished

    await until(done)
    item = await client.item(result.item_ids[0])
    assert item.status is ItemStatus.COMPLETED, item.error
    [made] = item.images
    shown = await client.image(made)
    assert ((shown.metadata or {})["generation_mode"], (shown.width, shown.height)) == ("inpaint", (96, 64))
    picture = Image.open(io.BytesIO(await client.image_file(made)))
    assert picture.crop((0, 0, 40, 64)).tobytes() == image.crop((0, 0, 40, 64)).tobytes()
    page = await client.images(Listing(view="all"))
    assert {one.image_name for one in page.images} == {name, masked, made}
    with pytest.raises(BadInputError, match=r"photo\.png is not a picture"):
        await client.upload_image(b"no picture", name="photo.png")
    with pytest.raises(NotFoundError, match="no picture"):
        await client.enqueue(request.model_copy(update={"init_image": "absent.png"}))
