"""From what a person asks for to items with every choice made: prompts, seeds, model, size, defaults."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from typing import Final

from invoke_tui.config.settings import Settings
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.families import FamilyTraits, traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelRecord
from invoke_tui.domain.request.parameters import (
    LORA_WEIGHT,
    SEED_MAX,
    GenerationRequest,
    Refiner,
    ResolvedLoRA,
    ResolvedRequest,
)
from invoke_tui.domain.request.refinement import RefinementSettings
from invoke_tui.domain.request.regions import ResolvedRegion
from invoke_tui.domain.request.wildcards import PromptPreview, TextProblem
from invoke_tui.domain.running.queue import Batch
from invoke_tui.domain.schedulers import SchedulerName
from invoke_tui.nodes.batch import GraphTemplate, check_batch, session_count
from invoke_tui.nodes.batch import expand as expand_sessions
from invoke_tui.nodes.recipes import Cast, build_graph
from invoke_tui.nodes.validate import require_valid
from invoke_tui.prompt.dynamic import expand as dynamic
from invoke_tui.prompt.dynamic.expand import Expansion
from invoke_tui.prompt.dynamic.scan import is_dynamic, scan
from invoke_tui.prompt.dynamic.wildcards import Wildcards
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.library.library import Library
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.queue.rows import NewItem
from invoke_tui.studio.requests.casting import cast_of
from invoke_tui.studio.requests.preprocessors import require_infill
from invoke_tui.studio.requests.prompt_tags import Asked, asked_by, takes_words, with_ignored, with_loras
from invoke_tui.studio.requests.refining import highres_of, regions_of
from invoke_tui.studio.requests.region_draws import drawn_regions
from invoke_tui.studio.requests.starting import Framed, start_of
from invoke_tui.studio.requests.steering import Steering, steering_of

NO_PLACE: Final = (
    "The negative prompt is a blend: write the [ignored words] into one of its parts; now they are left out."
)
ONE_PASS: Final = "The picture is no larger than the model draws best: it is drawn in one pass."
FEW: Final = 20
"""Up to so many prompts are previewed with little work, whatever the text."""


async def expand(
    request: GenerationRequest,
    models: Models,
    library: Library | None = None,
    *,
    gallery: Gallery | None = None,
    limit: int,
    warnings: list[str] | None = None,
) -> list[ResolvedRequest]:
    """One resolved request per picture, in the order they will be made. More than ``limit`` is an error.

    What of a dynamic prompt could not be expanded is added to ``warnings``.
    """
    if library is not None:
        request = await library.applied(request)
    cast = await cast_of(request, models)
    first = secrets.randbelow(SEED_MAX + 1) if request.seed is None else request.seed
    request = request.model_copy(update={"seed": first})
    wildcards = library.wildcards() if library is not None and request.wildcards else None
    found = await asyncio.to_thread(expand_prompt, request, wildcards)
    prompts = list(found.prompts)
    if warnings is not None:
        warnings += [problem.message for problem in found.problems if problem.message not in warnings]
    number = len(prompts) * request.count
    if number > limit:
        raise BadInputError(
            f"{number} pictures were asked for ({len(prompts)} prompts, {request.count} of each); "
            f"the queue takes {limit}.",
            hint="Lower the count or max_prompts, or raise max_queue_size in invokeai.yaml.",
            code="queue_full",
        )
    framed = await start_of(request, cast.main, gallery)
    if framed is not None:
        await require_infill(framed.start, models)
    steering = await steering_of(request, cast, models, gallery)
    whole = (framed.start.width, framed.start.height) if framed else _size(request, cast.main)
    regions = await regions_of(request, whole, gallery)
    asked = await asyncio.to_thread(asked_by, prompts)
    drawn = await _drawn(asked, request, cast, models, framed, steering, regions)
    pairs = _pairs(prompts, request)
    draws, untold = await asyncio.to_thread(drawn_regions, request, regions, pairs[-1][1] + 1, wildcards)
    if warnings is not None:
        warnings += [message for message in untold if message not in warnings]
        warnings += _otherwise(request, asked, drawn)
    return [
        drawn[prompt].model_copy(
            update={
                "positive_prompt": prompt,
                "seed": (first + draw) % (SEED_MAX + 1),
                "regions": draws[draw],
            }
        )
        for prompt, draw in pairs
    ]


def _otherwise(
    request: GenerationRequest, asked: dict[str, Asked], drawn: dict[str, ResolvedRequest]
) -> Iterator[str]:
    """What is drawn otherwise than it was asked for, in words."""
    if request.hrf_enabled and all(one.highres is None for one in drawn.values()):
        yield ONE_PASS
    ignores = request.ignored_to_negative and any(one.ignored for one in asked.values())
    if ignores and not takes_words(request.negative_prompt):
        yield NO_PLACE


async def _drawn(
    asked: dict[str, Asked],
    request: GenerationRequest,
    cast: Cast,
    models: Models,
    framed: Framed | None,
    steering: Steering,
    regions: tuple[ResolvedRegion, ...],
) -> dict[str, ResolvedRequest]:
    """What is drawn for each prompt: its tags may add LoRAs, its ignored words may go to the negative prompt."""
    by_loras: dict[tuple[tuple[str, float | None], ...], ResolvedRequest] = {}
    for tags in dict.fromkeys(one.loras for one in asked.values()):
        tagged, players = await with_loras(request, cast, tags, models)
        by_loras[tags] = _resolve(tagged, players, framed, steering, regions)
        build_graph(by_loras[tags], players)  # what cannot be drawn is said now, not when its turn comes
    drawn = {prompt: by_loras[one.loras] for prompt, one in asked.items()}
    if not request.ignored_to_negative:
        return drawn
    return {
        prompt: resolved.model_copy(
            update={"negative_prompt": with_ignored(request.negative_prompt, asked[prompt].ignored)}
        )
        for prompt, resolved in drawn.items()
    }


def expand_prompt(request: GenerationRequest, wildcards: Wildcards | None = None) -> Expansion:
    """The prompts a request's positive prompt stands for; random draws follow its seed."""
    if not request.dynamic_prompts:
        return Expansion((request.positive_prompt,))
    return dynamic.expand(
        request.positive_prompt,
        request.max_prompts,
        combinatorial=request.combinatorial,
        seed=request.seed or 0,
        wildcards=wildcards,
    )


def preview(request: GenerationRequest, wildcards: Wildcards | None, limit: int) -> PromptPreview:
    """The first ``limit`` of the prompts a request makes, and how many there are. For a thread."""
    text = request.positive_prompt
    if not request.dynamic_prompts or not is_dynamic(text):
        return PromptPreview(text=text, negative=request.negative_prompt, prompts=[text])
    limit = min(limit, request.max_prompts)
    work = dynamic.preview if limit <= FEW else dynamic.expand
    found = work(
        text, limit, combinatorial=request.combinatorial, seed=request.seed or 0, wildcards=wildcards
    )
    every = found.count if request.combinatorial else request.max_prompts
    whole = found.refused or len(found.prompts) < limit
    made = len(found.prompts) if whole else min(every, request.max_prompts)
    return PromptPreview(
        text=text,
        negative=request.negative_prompt,
        dynamic=found.refused or scan(text, wildcards=wildcards is not None).dynamic,
        prompts=list(found.prompts),
        made=made,
        count=found.count if request.combinatorial else made,
        exact=found.exact,
        refused=found.refused,
        problems=[TextProblem(start=p.start, end=p.end, message=p.message) for p in found.problems],
    )


def _pairs(prompts: list[str], request: GenerationRequest) -> list[tuple[str, int]]:
    """Each picture's prompt, and how far its seed is from the first one.

    Per iteration, all prompts share a seed; per prompt, each has its own.
    """
    rounds = [prompt for _ in range(request.count) for prompt in prompts]
    shared = len(prompts) if request.seed_behaviour == "PER_ITERATION" else 1
    return [(prompt, number // shared) for number, prompt in enumerate(rounds)]


def _size(request: GenerationRequest, model: ModelRecord) -> tuple[int, int]:
    asked, family = model.default_settings, traits_of(model)
    width, height = request.width or asked.width or family.side, request.height or asked.height or family.side
    for name, side in (("width", width), ("height", height)):
        if side % family.grid:
            near = max(family.grid, round(side / family.grid) * family.grid)
            raise BadInputError(
                f"Models of base {model.base} draw pictures whose {name} is a multiple of {family.grid}, not {side}.",
                hint=f"Take {near}.",
                code="bad_size",
            )
    return width, height


def _resolve(
    request: GenerationRequest,
    cast: Cast,
    framed: Framed | None,
    steering: Steering,
    regions: tuple[ResolvedRegion, ...],
) -> ResolvedRequest:
    """The person's value, else the model's, else the family's."""
    model, asked, family = cast.main, cast.main.default_settings, traits_of(cast.main)
    width, height = (framed.width, framed.height) if framed else _size(request, model)
    steps = request.steps or asked.steps or family.steps
    return ResolvedRequest(
        start=framed.start if framed else None,
        positive_prompt=request.positive_prompt,
        negative_prompt=request.negative_prompt,
        model=model.key,
        vae=cast.vae.key if cast.vae else None,
        t5_encoder=cast.t5_encoder.key if cast.t5_encoder else None,
        clip_embed=cast.clip_embed.key if cast.clip_embed else None,
        clip_g=cast.clip_g.key if cast.clip_g else None,
        refiner=_refiner(request, cast),
        highres=highres_of(request, cast, (width, height), steps),
        regions=regions,
        **request.model_dump(include=set(RefinementSettings.model_fields)),
        loras=tuple(
            ResolvedLoRA(
                model=record.key, weight=_first(wanted.weight, record.default_settings.weight, LORA_WEIGHT)
            )
            for wanted, record in zip(request.loras, cast.loras, strict=True)
        ),
        controls=steering.controls,
        references=steering.references,
        width=width,
        height=height,
        steps=steps,
        cfg_scale=request.cfg_scale or asked.cfg_scale or family.cfg_scale,
        cfg_rescale_multiplier=_first(
            request.cfg_rescale_multiplier, asked.cfg_rescale_multiplier if family.cfg_rescale else None, 0.0
        ),
        guidance=None
        if family.guidance is None
        else _first(request.guidance, asked.guidance, family.guidance),
        scheduler=_scheduler(request, model, family),
        seed=0,
        clip_skip=request.clip_skip,
        long_prompts=request.long_prompts,
        seamless_x=request.seamless_x,
        seamless_y=request.seamless_y,
        template=request.template,
        vae_precision=request.vae_precision or asked.vae_precision or "fp32",
        board=request.board,
    )


def _scheduler(request: GenerationRequest, model: ModelRecord, family: FamilyTraits) -> SchedulerName:
    """A scheduler a person names must suit the family; one that a model's settings name is left out otherwise."""
    if request.scheduler is not None and request.scheduler not in family.schedulers:
        raise BadInputError(
            f"The scheduler {request.scheduler!r} is not made for models of base {model.base}.",
            hint=f"Choose {' or '.join(family.schedulers)}.",
            code="bad_scheduler",
        )
    wished = request.scheduler or model.default_settings.scheduler
    return wished if wished in family.schedulers and wished is not None else family.scheduler


def _refiner(request: GenerationRequest, cast: Cast) -> Refiner | None:
    if cast.refiner is None:
        return None
    if cast.main.base is not BaseModelType.SDXL:
        raise BadInputError(
            f"A refiner finishes pictures of SDXL models; {cast.main.name} is {cast.main.base}.",
            hint="Leave the refiner out, or choose an SDXL model.",
            code="bad_refiner",
        )
    return Refiner(
        model=cast.refiner.key,
        steps=request.refiner_steps,
        cfg_scale=request.refiner_cfg_scale,
        scheduler=request.refiner_scheduler,
        start=request.refiner_start,
        positive_aesthetic_score=request.refiner_positive_aesthetic_score,
        negative_aesthetic_score=request.refiner_negative_aesthetic_score,
    )


def expand_batch(batch: Batch, settings: Settings) -> list[NewItem]:
    """One item per session of an InvokeAI batch."""
    require_valid(batch.graph, allow=settings.allow_nodes, deny=settings.deny_nodes or ())
    check_batch(batch)
    number = session_count(batch)
    if number > settings.max_queue_size:
        raise BadInputError(
            f"The batch makes {number} sessions; the queue takes {settings.max_queue_size}.",
            hint="Make it smaller, or raise max_queue_size in invokeai.yaml.",
            code="queue_full",
        )
    template = GraphTemplate(batch.graph)
    return [
        NewItem(
            session=template.json_with(values),
            origin=batch.origin,
            destination=batch.destination,
            workflow=batch.workflow,
        )
        for values in expand_sessions(batch)
    ]


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)
