"""Which models a request plays with: those it names, those its model asks for, and those its model lacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.graph.graph import Graph, Node
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.request.parameters import GenerationRequest, ResolvedRequest
from invoke_tui.nodes.recipes import Cast, build_graph
from invoke_tui.prompt.triggers import triggers
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.requests.steering import CONTROLS, REFERENCES, steering_models

Role = Literal["vae", "t5_encoder", "clip_embed", "clip_g"]
_TYPES: Final[dict[Role, tuple[ModelType, str | None, str]]] = {
    "vae": (ModelType.VAE, None, "a VAE"),
    "t5_encoder": (ModelType.T5_ENCODER, None, "a T5 encoder"),
    "clip_embed": (ModelType.CLIP_EMBED, "large", "a CLIP-L text encoder"),
    "clip_g": (ModelType.CLIP_EMBED, "gigantic", "a CLIP-G text encoder"),
}
"""Type and variant of what fills a role, and what people call it."""
_NEEDS: Final[dict[BaseModelType, dict[Role, str]]] = {
    BaseModelType.FLUX: {"vae": "vae", "clip_embed": "text_encoder", "t5_encoder": "text_encoder_2"},
    BaseModelType.SD3: {"vae": "vae", "clip_embed": "text_encoder", "clip_g": "text_encoder_2"},
}
"""The component each role stands for, in families whose models come without."""
_WELCOME: Final[dict[BaseModelType, dict[Role, str]]] = {BaseModelType.SD3: {"t5_encoder": "text_encoder_3"}}
"""Roles that may stay empty."""
NO_UPSCALER: Final = (
    "Install one: 'invoke-tui models install realesrgan-x4plus', or 'starter-upscaler', the small one that "
    "comes with invoke-tui. 'invoke-tui models starter' lists more."
)


async def cast_of(request: GenerationRequest, models: Models) -> Cast:
    """The models of a request. Raises ``NotFoundError`` and ``BadInputError`` that name every one that is missing."""
    main = await models.main(request.model)
    cast = Cast(
        main=main,
        vae=await _vae(request, main, models),
        refiner=await _refiner(request, models),
        upscaler=await _upscaler(request, models),
        loras=tuple([await models.find(lora.model, ModelType.LORA) for lora in request.loras]),
        controls=await steering_models(request.controls, CONTROLS, main, models),
        references=await steering_models(request.references, REFERENCES, main, models),
    )
    needs, welcome = _NEEDS.get(main.base, {}), _WELCOME.get(main.base, {})
    missing: list[Role] = []
    for role, component in (needs | welcome).items():
        found = await _fill(role, request, main, component, models, cast)
        if found is not None:
            cast = _with(cast, role, found)
        elif role in needs and component not in main.submodels:
            missing.append(role)
    if missing:
        named = ", ".join(_TYPES[role][2] for role in missing)
        raise NotFoundError(
            f"{main.name} brings no text encoders or VAE of its own, and {named} is not installed.",
            hint=f"Install {named}: 'invoke-tui models starter' lists some.",
            code="missing_component",
        )
    return cast


def cast_again(request: ResolvedRequest, models: Models) -> Cast:
    """The same models later, by the keys that were chosen. Raises ``NotFoundError`` for one that is gone."""

    def by_key(key: str | None) -> ModelRecord | None:
        return models.require(key) if key else None

    return Cast(
        main=models.require(request.model),
        vae=by_key(request.vae),
        t5_encoder=by_key(request.t5_encoder),
        clip_embed=by_key(request.clip_embed),
        clip_g=by_key(request.clip_g),
        refiner=by_key(request.refiner.model if request.refiner else None),
        upscaler=by_key(request.highres.model if request.highres else None),
        loras=tuple(models.require(lora.model) for lora in request.loras),
        controls=tuple(models.require(control.model) for control in request.controls),
        references=tuple(models.require(reference.model) for reference in request.references),
    )


def graph_of(request: ResolvedRequest, models: Models) -> Graph:
    """The graph of a request, whose metadata says which embeddings its prompts name: InvokeAI has no key for them."""
    cast = cast_again(request, models)
    graph = build_graph(request, cast)
    prompts = [request.positive_prompt, request.negative_prompt]
    prompts += [text for one in request.regions for text in (one.positive_prompt, one.negative_prompt)]
    named = models.embeddings(name for prompt in prompts for name in triggers(prompt))
    used = [one.identifier().model_dump(mode="json") for one in named.values() if one.base is cast.main.base]
    if used:
        said = graph.nodes["core_metadata"].model_dump() | {"embeddings": used}
        graph.nodes["core_metadata"] = Node.model_validate(said)
    return graph


async def _fill(
    role: Role, request: GenerationRequest, main: ModelRecord, component: str, models: Models, cast: Cast
) -> ModelRecord | None:
    """What fills a role: the one a person named, nothing where the model brings it, else one that fits."""
    type_, variant, _ = _TYPES[role]
    if role == "vae":
        if cast.vae is not None or component in main.submodels:
            return cast.vae
        return models.pick(type_, (main.base,))
    wanted: str | None = getattr(request, role)
    if wanted is not None:
        found = await models.find(wanted, type_)
        if variant is not None and found.variant not in (variant, None):
            raise BadInputError(
                f"{found.name} is a CLIP of the kind {found.variant}, not {variant}.",
                hint=f"Choose {_TYPES[role][2]}.",
                code="wrong_model",
            )
        return found
    if component in main.submodels:
        return None
    picked = models.pick(type_, (main.base, BaseModelType.ANY), variant=variant)
    return picked if picked is None or variant is None or picked.variant in (variant, None) else None


async def _vae(request: GenerationRequest, main: ModelRecord, models: Models) -> ModelRecord | None:
    """A VAE a person names must be there; one that the model merely prefers may be absent."""
    if request.vae is not None:
        return await models.vae(request.vae)
    preferred = main.default_settings.vae
    if preferred is None:
        return None
    try:
        return await models.vae(preferred)
    except NotFoundError:
        return None


async def _refiner(request: GenerationRequest, models: Models) -> ModelRecord | None:
    return None if request.refiner_model is None else await models.main(request.refiner_model)


async def _upscaler(request: GenerationRequest, models: Models) -> ModelRecord | None:
    """What enlarges the first pass of a high-resolution fix, where a network does."""
    asked = request.hrf_enabled and request.hrf_method == "ESRGAN"
    return await upscaler_of(request.hrf_model, models) if asked else None


def _with(cast: Cast, role: Role, record: ModelRecord) -> Cast:
    change: dict[str, Any] = {role: record}
    return replace(cast, **change)


async def upscaler_of(wanted: str | None, models: Models) -> ModelRecord:
    """The upscaler a person names, else the first by name."""
    picked = models.pick(ModelType.SPANDREL, (BaseModelType.ANY,))
    if picked is None:
        await models.refresh()
        picked = models.pick(ModelType.SPANDREL, (BaseModelType.ANY,))
    if picked is None and (wanted is None or not wanted.strip()):
        raise NotFoundError("No upscaler is installed.", hint=NO_UPSCALER, code="no_upscaler")
    if wanted is None:
        assert picked is not None
        return picked
    try:
        return await models.find(wanted, ModelType.SPANDREL)
    except NotFoundError as error:
        if picked is not None:
            raise
        raise NotFoundError(error.message, hint=NO_UPSCALER, code=error.code) from error
