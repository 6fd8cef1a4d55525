"""Pictures made larger, as the daemon does it: what is refused before it begins, and what the metadata says."""

from __future__ import annotations

import io
import shutil
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic_core import to_json

import invoke_tui
from invoke_tui.client import StudioClient
from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.request.creative import CreativeRequest
from invoke_tui.domain.request.upscaling import UpscaleRequest
from invoke_tui.domain.running.queue import ItemStatus
from tests.studio.harness import StudioHarness

WEIGHTS = f"{invoke_tui.__path__[0]}/starter/companions/upscaler/starter-upscaler.safetensors"


async def given(client: StudioClient, side: int, **metadata: Any) -> ImageRecord:
    chunks, file = PngInfo(), io.BytesIO()
    if metadata:
        chunks.add_text("invokeai_metadata", to_json(metadata).decode())
    Image.new("RGB", (side, side), (side % 256, 0, 0)).save(file, "PNG", pnginfo=chunks)
    return await client.upload_image(file.getvalue())


async def test_pictures_become_larger_ones_that_say_what_they_come_from(studio: StudioHarness) -> None:
    client = await studio.start()
    with pytest.raises(NotFoundError, match="No upscaler") as refused:
        await client.upscale(UpscaleRequest(images=[(await given(client, 16)).image_name]))
    assert "starter-upscaler" in refused.value.hint
    shutil.copy(WEIGHTS, studio.root / "models")

    gone = {"key": "gone", "hash": "", "name": "gone", "base": "sd-1", "type": "main"}
    made_with = {"positive_prompt": "a fox", "seed": 7, "model": gone, "width": 24, "steps": "many"}
    source = await given(client, 24, **made_with, ref_images=[{"image_name": "gone.png"}])
    request = UpscaleRequest(images=[source.image_name, (await given(client, 32)).image_name], scale=3)
    enqueued = await client.upscale(request)
    items = await studio.finished(enqueued.item_ids)
    assert [(item.status, item.origin) for item in items] == [(ItemStatus.COMPLETED, "upscale")] * 2
    large = await client.image(items[0].images[0])
    assert (large.width, large.height, large.image_category) == (72, 72, "general")
    metadata = large.metadata or {}
    assert metadata["upscale_model"]["name"] == "starter-upscaler"
    assert metadata["upscale_initial_image"] == {"image_name": source.image_name, "width": 24, "height": 24}
    assert metadata["upscale_scale"] == 3
    assert (metadata["positive_prompt"], metadata["seed"], metadata["model"]["name"]) == ("a fox", 7, "gone")
    assert not {"width", "steps", "ref_images"} & metadata.keys(), "the size is another, the rest is no use"


async def test_what_cannot_be_made_larger_is_refused_at_once_and_whole(studio: StudioHarness) -> None:
    shutil.copy(WEIGHTS, studio.root / "models")
    client = await studio.start()
    small, wide = await given(client, 16), await given(client, 900)
    both = [small.image_name, wide.image_name]
    with pytest.raises(BadInputError, match="14400 x 14400"):
        await client.upscale(UpscaleRequest(images=both, scale=16))
    with pytest.raises(NotFoundError, match="no picture"):
        await client.upscale(UpscaleRequest(images=[small.image_name, "missing.png"]))
    with pytest.raises(NotFoundError, match="There is no spandrel_image_to_image model"):
        await client.upscale(UpscaleRequest(images=[small.image_name], model="RealESRGAN"))
    assert (await client.queue()).counts.total == 0


async def test_drawn_again_it_says_how(studio: StudioHarness) -> None:
    shutil.copy(WEIGHTS, studio.root / "models")
    client = await studio.start()
    source = await given(client, 64, positive_prompt="a fox", negative_prompt="blur", seed=3)
    wishes = CreativeRequest(creativity=4, structure=-3, seed=9)
    with pytest.raises(NotFoundError, match="No tile ControlNet for sd-1") as refused:
        await client.upscale(UpscaleRequest(images=[source.image_name], creative=wishes))
    assert "models install tile-sd-1" in refused.value.hint
    with pytest.raises(NotFoundError, match="nope"):
        control = wishes.model_copy(update={"control": "nope"})
        await client.upscale(UpscaleRequest(images=[source.image_name], creative=control))
    free = wishes.model_copy(update={"uncontrolled": True})
    other = await given(client, 72)
    request = UpscaleRequest(images=[source.image_name, other.image_name], scale=2, creative=free)
    items = await studio.finished((await client.upscale(request)).item_ids)
    assert [(item.status, item.origin) for item in items] == [(ItemStatus.COMPLETED, "upscale")] * 2
    metadata = (await client.image(items[0].images[0])).metadata or {}
    assert (metadata["positive_prompt"], metadata["negative_prompt"]) == ("a fox", "blur"), "its own"
    assert (metadata["seed"], metadata["creativity"], metadata["structure"]) == (9, 4, -3)
    assert (metadata["tile_size"], metadata["tile_overlap"], metadata["upscale_scale"]) == (1024, 128, 2)
    assert metadata["upscale_initial_image"]["image_name"] == source.image_name
    second = (await client.image(items[1].images[0])).metadata or {}
    assert (second["positive_prompt"], second["seed"]) == ("", 9), "one seed for all"
