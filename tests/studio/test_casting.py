"""Models beside the main one: named by a person, brought by the model, or found among the installed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelType
from invoke_tui.domain.models.scan import ScanEntry
from invoke_tui.domain.request.parameters import GenerationRequest, ResolvedRequest
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.requests.casting import cast_again, cast_of
from invoke_tui.studio.requests.expand import expand

FLUX, SDXL, ANY = BaseModelType.FLUX, BaseModelType.SDXL, BaseModelType.ANY


class Shelf:
    """Models that are registered without being more than names on the disk."""

    def __init__(self, models: Models, folder: Path) -> None:
        self.models = models
        self._folder = folder

    async def put(self, name: str, type_: ModelType, base: BaseModelType, **about: Any) -> None:
        path = self._folder / f"{name}.safetensors"
        path.write_bytes(name.encode() * 50)
        entry = ScanEntry(
            path=str(path),
            status="new",
            name=name,
            type=type_,
            base=base,
            format=ModelFormat.CHECKPOINT,
            file_size=path.stat().st_size,
            **about,
        )
        await self.models.add(entry)

    async def flux_encoders(self) -> None:
        await self.put("ae", ModelType.VAE, FLUX)
        await self.put("t5", ModelType.T5_ENCODER, ANY)
        await self.put("clip-l", ModelType.CLIP_EMBED, ANY, variant="large")
        await self.put("clip-g", ModelType.CLIP_EMBED, ANY, variant="gigantic")


@pytest_asyncio.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    prepare(tmp_path / "studio.db")
    database = Database(tmp_path / "studio.db")
    models = Models(database, tmp_path / "models")
    await models.refresh()
    yield Shelf(models, tmp_path)
    database.close()


async def resolve(shelf: Shelf, **asked: Any) -> ResolvedRequest:
    [resolved] = await expand(GenerationRequest(**asked), shelf.models, limit=10)
    return resolved


async def test_a_bare_transformer_finds_its_encoders(shelf: Shelf) -> None:
    await shelf.put("dev", ModelType.MAIN, FLUX, variant="dev", submodels=("transformer",))
    with pytest.raises(NotFoundError, match="a VAE, a CLIP-L text encoder, a T5 encoder is not installed"):
        await resolve(shelf, model="dev")
    await shelf.flux_encoders()
    resolved = await resolve(shelf, model="dev")
    cast = cast_again(resolved, shelf.models)
    assert [model.name for model in (cast.vae, cast.t5_encoder, cast.clip_embed) if model] == [
        "ae",
        "t5",
        "clip-l",
    ]
    assert (resolved.width, resolved.steps, resolved.cfg_scale, resolved.guidance) == (1024, 28, 1.0, 4.0)
    assert resolved.scheduler == "euler"


async def test_schnell_takes_four_steps_and_no_guidance(shelf: Shelf) -> None:
    await shelf.put("quick", ModelType.MAIN, FLUX, variant="schnell", submodels=("transformer",))
    await shelf.flux_encoders()
    resolved = await resolve(shelf, model="quick", guidance=9)
    assert (resolved.steps, resolved.guidance) == (4, None)


async def test_what_a_model_brings_is_used(shelf: Shelf) -> None:
    whole = ("transformer", "vae", "text_encoder", "text_encoder_2")
    await shelf.put("whole", ModelType.MAIN, FLUX, variant="dev", submodels=whole)
    await shelf.flux_encoders()
    cast = await cast_of(GenerationRequest(model="whole"), shelf.models)
    assert (cast.vae, cast.t5_encoder, cast.clip_embed) == (None, None, None)
    cast = await cast_of(GenerationRequest(model="whole", t5_encoder="t5"), shelf.models)
    assert cast.t5_encoder is not None


async def test_the_wrong_clip_is_refused(shelf: Shelf) -> None:
    await shelf.put("dev", ModelType.MAIN, FLUX, variant="dev", submodels=("transformer",))
    await shelf.flux_encoders()
    with pytest.raises(BadInputError, match="of the kind gigantic, not large"):
        await resolve(shelf, model="dev", clip_embed="clip-g")


async def test_sd3_does_without_t5(shelf: Shelf) -> None:
    await shelf.put("three", ModelType.MAIN, BaseModelType.SD3, submodels=("transformer", "vae"))
    await shelf.put("clip-l", ModelType.CLIP_EMBED, ANY, variant="large")
    with pytest.raises(NotFoundError, match="a CLIP-G text encoder is not installed"):
        await resolve(shelf, model="three")
    await shelf.put("clip-g", ModelType.CLIP_EMBED, ANY, variant="gigantic")
    resolved = await resolve(shelf, model="three")
    assert resolved.t5_encoder is None
    assert resolved.clip_g is not None


async def test_the_refiner_is_for_sdxl(shelf: Shelf) -> None:
    await shelf.put("xl", ModelType.MAIN, SDXL, submodels=("unet", "vae"))
    await shelf.put("finish", ModelType.MAIN, BaseModelType.SDXL_REFINER)
    resolved = await resolve(shelf, model="xl", refiner_model="finish", refiner_start=0.7)
    assert resolved.refiner is not None
    assert (resolved.refiner.start, resolved.refiner.steps) == (0.7, 20)
    with pytest.raises(BadInputError, match="A refiner finishes pictures of SDXL models"):
        await resolve(shelf, refiner_model="finish")
    with pytest.raises(BadInputError, match="finishes the pictures of an SDXL model"):
        await resolve(shelf, model="finish")


async def test_what_the_family_cannot_do_is_said_at_once(shelf: Shelf) -> None:
    await shelf.put("dev", ModelType.MAIN, FLUX, variant="dev", submodels=("transformer",))
    await shelf.flux_encoders()
    with pytest.raises(BadInputError, match="'ddim' is not made for models of base flux") as caught:
        await resolve(shelf, model="dev", scheduler="ddim")
    assert caught.value.hint == "Choose euler or heun or lcm."
    with pytest.raises(BadInputError, match="width is a multiple of 16, not 520") as caught:
        await resolve(shelf, model="dev", width=520)
    assert caught.value.hint == "Take 512."
