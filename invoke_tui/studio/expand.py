"""From what a person asks for to items with every choice made: prompts, seeds, model, size, defaults."""

from __future__ import annotations

import secrets
from typing import Final, Literal

from invoke_tui.config.settings import Settings
from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models import BaseModelType, ModelDefaults, ModelRecord
from invoke_tui.domain.parameters import (
    DEFAULT_CFG_SCALE,
    DEFAULT_SCHEDULER,
    DEFAULT_STEPS,
    SEED_MAX,
    GenerationRequest,
    ResolvedRequest,
)
from invoke_tui.domain.queue import Batch
from invoke_tui.domain.schedulers import SchedulerName
from invoke_tui.nodes.batch import GraphTemplate, check_batch, session_count
from invoke_tui.nodes.batch import expand as expand_sessions
from invoke_tui.nodes.recipes import build_graph
from invoke_tui.nodes.validate import require_valid
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.queue.rows import NewItem

_OPTIMAL: Final = {
    BaseModelType.SD1: 512,
    BaseModelType.SD2: 768,
    BaseModelType.SDXL: 1024,
    BaseModelType.SDXL_REFINER: 1024,
    BaseModelType.SD3: 1024,
    BaseModelType.FLUX: 1024,
}
Vae = Literal["fp16", "fp32"]


async def expand(request: GenerationRequest, models: Models, *, limit: int) -> list[ResolvedRequest]:
    """One resolved request per picture, in the order they will be made. More than ``limit`` is an error."""
    model = await models.main(request.model)
    prompts = expand_prompt(request.positive_prompt, request.max_prompts)
    number = len(prompts) * request.count
    if number > limit:
        raise BadInputError(
            f"{number} pictures were asked for ({len(prompts)} prompts, {request.count} of each); "
            f"the queue takes {limit}.",
            hint="Lower the count or max_prompts, or raise max_queue_size in invokeai.yaml.",
            code="queue_full",
        )
    vae = await _vae(request, model.default_settings, models)
    resolved = _resolve(request, model, vae.key if vae else None)
    build_graph(resolved, model, vae)  # what cannot be drawn is said now, not when its turn comes
    return [
        resolved.model_copy(update={"positive_prompt": prompt, "seed": seed})
        for prompt, seed in _pairs(prompts, request)
    ]


def expand_prompt(text: str, limit: int) -> list[str]:
    """The prompts a dynamic prompt stands for."""
    return [text]


def _pairs(prompts: list[str], request: GenerationRequest) -> list[tuple[str, int]]:
    """Seeds count up from the first. Per iteration, all prompts share a seed; per prompt, each has its own."""
    first = secrets.randbelow(SEED_MAX + 1) if request.seed is None else request.seed
    rounds = [prompt for _ in range(request.count) for prompt in prompts]
    shared = len(prompts) if request.seed_behaviour == "PER_ITERATION" else 1
    return [(prompt, (first + number // shared) % (SEED_MAX + 1)) for number, prompt in enumerate(rounds)]


def _resolve(request: GenerationRequest, model: ModelRecord, vae: str | None) -> ResolvedRequest:
    """The person's value, else the model's, else InvokeAI's."""
    asked = model.default_settings
    side = _OPTIMAL.get(model.base, 512)
    if model.base is BaseModelType.SD2 and model.prediction_type == "epsilon":
        side = 512
    scheduler: SchedulerName = request.scheduler or asked.scheduler or DEFAULT_SCHEDULER
    precision: Vae = request.vae_precision or asked.vae_precision or "fp32"
    return ResolvedRequest(
        positive_prompt=request.positive_prompt,
        negative_prompt=request.negative_prompt,
        model=model.key,
        vae=vae,
        width=request.width or asked.width or side,
        height=request.height or asked.height or side,
        steps=request.steps or asked.steps or DEFAULT_STEPS,
        cfg_scale=request.cfg_scale or asked.cfg_scale or DEFAULT_CFG_SCALE,
        cfg_rescale_multiplier=_first(request.cfg_rescale_multiplier, asked.cfg_rescale_multiplier, 0.0),
        scheduler=scheduler,
        seed=0,
        clip_skip=request.clip_skip,
        seamless_x=request.seamless_x,
        seamless_y=request.seamless_y,
        vae_precision=precision,
        board=request.board,
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


async def _vae(request: GenerationRequest, asked: ModelDefaults, models: Models) -> ModelRecord | None:
    """A VAE a person names must be there; one that the model merely prefers may be absent."""
    if request.vae is not None:
        return await models.vae(request.vae)
    if asked.vae is None:
        return None
    try:
        return await models.vae(asked.vae)
    except NotFoundError:
        return None


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)
