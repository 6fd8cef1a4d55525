"""Previews of control pictures: by whom they are made, that nothing is kept, and what is said of missing networks."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invoke_tui.domain.controls import ControlRequest
from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.domain.parameters import GenerationRequest
from invoke_tui.domain.pictures import Outpaint
from tests.studio.harness import StudioHarness, until


def plant_depth_network(models: Path) -> None:
    """A folder that is known for what it is; the fake engine reads no weights."""
    folder = models / "depth"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"architectures": ["DepthAnythingForDepthEstimation"]}))
    (folder / "model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}")


def png(size: tuple[int, int], mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, "red").save(file, "PNG")
    return file.getvalue()


async def test_a_preview_with_a_network_comes_from_the_engine_and_is_kept_nowhere(
    studio: StudioHarness,
) -> None:
    client = await studio.start()
    image = (await client.upload_image(png((40, 30)))).image_name
    with pytest.raises(NotFoundError, match="needs a depth network") as missing:
        await client.preprocessed(image, "depth_anything")
    assert "invoke-tui models install depth-anything-small" in missing.value.hint
    steered = GenerationRequest(
        controls=(ControlRequest(model="x", image=image, preprocessor="normal_map"),), model="tiny"
    )
    with pytest.raises(StudioError):
        await client.enqueue(steered)

    plant_depth_network(studio.paths.models_dir)
    made = Image.open(io.BytesIO(await client.preprocessed(image, "depth_anything")))
    assert (made.size, made.mode) == ((40, 30), "RGB")
    pixels = np.asarray(made)[..., 0].astype(int)
    assert (np.diff(pixels, axis=1) >= 0).all(), "what is further right is nearer, says the fake engine"
    assert [one.image_name for one in (await client.images()).images] == [image]
    assert (await client.queue()).counts.total == 0

    [drawing] = await studio.ask("a fox", steps=500)
    await studio.running(drawing)
    waiting = asyncio.create_task(client.preprocessed(image, "depth_anything"))

    async def pending(number: int) -> bool:
        return (await client.queue()).counts.pending == number

    await until(lambda: pending(1))
    waiting.cancel()
    await until(lambda: pending(0))  # nobody waits for it any more
    await client.cancel([drawing])

    await client.pause()
    with pytest.raises(StudioError, match="paused"):
        await client.preprocessed(image, "depth_anything")
    plain = Image.open(io.BytesIO(await client.preprocessed(image, "tile")))
    assert plain.size == (40, 30), "without a network the engine is not asked"
    with pytest.raises(BadInputError, match="MediaPipe"):
        await client.preprocessed(image, "mediapipe_face")


async def test_infill_by_a_network_is_refused_before_the_run(studio: StudioHarness) -> None:
    client = await studio.start()
    image = (await client.upload_image(png((64, 64)))).image_name
    around = GenerationRequest(init_image=image, outpaint=Outpaint(right=32), infill_method="lama")
    with pytest.raises(NotFoundError, match="LaMa") as missing:
        await client.enqueue(around)
    assert "invoke-tui models install lama" in missing.value.hint
    with pytest.raises(BadInputError, match="PatchMatch is not installed"):
        await client.enqueue(around.model_copy(update={"infill_method": "patchmatch"}))
    assert (await client.enqueue(around.model_copy(update={"infill_method": "cv2"}))).item_ids
    inside = around.model_copy(update={"outpaint": Outpaint()})
    assert (await client.enqueue(inside)).item_ids, "nothing is empty: there is nothing to fill"
