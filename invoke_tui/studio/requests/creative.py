"""Creative upscaling, from what is asked for to graphs: the models found, the prompts read, every size checked."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.request.controls import PREPROCESSORS, UNION_KINDS, preprocessor_named
from invoke_tui.domain.request.creative import (
    CREATIVE_SCALE,
    TILE_STARTERS,
    CreativeRequest,
    ResolvedCreative,
    called,
    tile_controlnet,
)
from invoke_tui.domain.request.parameters import PROMPT_LIMIT, SEED_MAX, GenerationRequest, ResolvedRequest
from invoke_tui.domain.request.upscaling import UpscaleRequest
from invoke_tui.nodes.recipes import Cast
from invoke_tui.nodes.recipes.creative import check_creative, creative_graph
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.queue.rows import NewItem
from invoke_tui.studio.requests.casting import cast_again
from invoke_tui.studio.requests.expand import expand
from invoke_tui.studio.requests.preprocessors import require_preprocessor

if TYPE_CHECKING:
    from invoke_tui.studio.services import Services

Prompts = tuple[str, str]


async def creative_items(
    asked: UpscaleRequest, images: Sequence[ImageRecord], upscaler: ModelRecord, studio: Services
) -> list[NewItem]:
    """One item per picture; all have one seed. Raises ``NotFoundError`` and ``BadInputError``."""
    wishes = asked.creative
    assert wishes is not None, "nothing is to be drawn again"
    models = studio.models
    main = await models.main(wishes.model)
    check_creative(Cast(main))
    control = await _control(wishes, main, models)
    seed = secrets.randbelow(SEED_MAX + 1) if wishes.seed is None else wishes.seed
    creative = _resolved(asked, wishes, control)
    await require_preprocessor(creative.preprocessor, models)
    drawn: dict[Prompts, ResolvedRequest] = {}
    items = []
    for image in images:
        prompts = _prompts(wishes, image)
        if prompts not in drawn:
            drawn[prompts] = await _request(asked, wishes, main, prompts, seed, models)
        request = drawn[prompts]
        cast = replace(
            cast_again(request, models), upscaler=upscaler, controls=() if control is None else (control,)
        )
        items.append(
            NewItem(
                session=creative_graph(request, creative, cast, image).model_dump_json(),
                prompt=prompts[0] or f"upscale {image.image_name}",
                origin="upscale",
            )
        )
    return items


async def _request(
    asked: UpscaleRequest,
    wishes: CreativeRequest,
    main: ModelRecord,
    prompts: Prompts,
    seed: int,
    models: Models,
) -> ResolvedRequest:
    """What one tile is drawn by; LoRAs that the prompt names among it."""
    request = GenerationRequest(
        positive_prompt=prompts[0],
        negative_prompt=prompts[1],
        model=main.key,
        width=wishes.tile_size,
        height=wishes.tile_size,
        seed=seed,
        dynamic_prompts=False,
        board=asked.board,
        **wishes.model_dump(include={"vae", "loras", "steps", "cfg_scale", "scheduler"}),
    )
    [resolved] = await expand(request, models, limit=1)
    return resolved


def _prompts(wishes: CreativeRequest, image: ImageRecord) -> Prompts:
    """Those that were given, else those the picture was made with."""
    metadata = image.metadata or {}

    def own(name: str, given: str | None) -> str:
        found: Any = metadata.get(name) if given is None else given
        return found if isinstance(found, str) and len(found) <= PROMPT_LIMIT else ""

    return (
        own("positive_prompt", wishes.positive_prompt),
        own("negative_prompt", wishes.negative_prompt),
    )


async def _control(wishes: CreativeRequest, main: ModelRecord, models: Models) -> ModelRecord | None:
    """The ControlNet that is named, else the tile ControlNet of the model's base."""
    if wishes.uncontrolled:
        return None
    if wishes.control is not None:
        named = models.pick(ModelType.CONTROLNET, (main.base,), wishes.control)
        return named or await models.find(wishes.control, ModelType.CONTROLNET)
    found = tile_controlnet(models.all(), main.base)
    if found is None and await models.refresh():
        found = tile_controlnet(models.all(), main.base)
    if found is not None:
        return found
    starter = TILE_STARTERS.get(main.base)
    first = f"Install one: 'invoke-tui models install {starter}'. Or name" if starter else "Name"
    raise NotFoundError(
        f"No tile ControlNet for {main.base} models is installed; it holds the shapes while tiles are drawn.",
        hint=f"{first} another ControlNet (--control), or go without one (--without-control), "
        "with little creativity.",
        code="no_tile_controlnet",
    )


def _resolved(
    asked: UpscaleRequest, wishes: CreativeRequest, control: ModelRecord | None
) -> ResolvedCreative:
    """A ControlNet made for something other than tiles sees what its own preprocessor makes of the picture."""
    wish = control.default_settings.preprocessor if control is not None else None
    preprocessor = preprocessor_named(wish or "none")
    known = preprocessor in PREPROCESSORS and preprocessor != "tile"
    union = control is not None and called(control, "union")
    return ResolvedCreative(
        scale=asked.scale or CREATIVE_SCALE,
        upscaler_tile_size=asked.tile_size,
        union=UNION_KINDS.index("tile") if union else None,
        preprocessor=preprocessor if known and not union else None,
        **wishes.model_dump(include={"creativity", "structure", "tile_size", "tile_overlap"}),
    )
