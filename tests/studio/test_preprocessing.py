"""Previews of control pictures: by whom they are made, that nothing is kept, and what is said of missing networks."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.domain.gallery.images import Listing
from invoke_tui.domain.request.controls import ControlRequest
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.pictures import Outpaint, Start
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.requests.expand import expand
from tests.studio.harness import StudioHarness, plant_model, until
from tests.studio.test_starting import Gallery, photo


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
    assert [one.image_name for one in (await client.images(Listing(view="assets"))).images] == [image]
    assert not (await client.images()).images
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


async def test_infill_by_a_network_is_refused_before_the_run(tmp_path: Path) -> None:
    prepare(tmp_path / "studio.db")
    database = Database(tmp_path / "studio.db")
    plant_model(tmp_path / "models", "tiny")
    models = Models(database, tmp_path / "models", "tiny")
    await models.refresh()

    async def fill(method: str, **asked: Any) -> Start | None:
        request = GenerationRequest.model_validate({"init_image": "photo", "infill_method": method} | asked)
        gallery: Any = Gallery(photo=photo(64, 64))
        [resolved] = await expand(request, models, gallery=gallery, limit=1)
        return resolved.start

    around = {"outpaint": Outpaint(right=32)}
    with pytest.raises(NotFoundError, match="LaMa") as missing:
        await fill("lama", **around)
    assert "invoke-tui models install lama" in missing.value.hint
    with pytest.raises(BadInputError, match="PatchMatch is not installed"):
        await fill("patchmatch", **around)
    assert await fill("cv2", **around)
    assert await fill("lama"), "nothing is empty: there is nothing to fill"
    database.close()
