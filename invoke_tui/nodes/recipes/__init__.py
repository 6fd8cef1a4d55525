"""From settings to a graph: one file per model family, found and imported on first use."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.request.parameters import ResolvedRequest


@dataclass(frozen=True)
class Cast:
    """The models a request plays with: the main one, and what takes the place of its own parts or comes after it."""

    main: ModelRecord
    vae: ModelRecord | None = None
    t5_encoder: ModelRecord | None = None
    clip_embed: ModelRecord | None = None
    clip_g: ModelRecord | None = None
    refiner: ModelRecord | None = None
    upscaler: ModelRecord | None = None
    loras: tuple[ModelRecord, ...] = ()
    """In the order of the request, as the next two."""
    controls: tuple[ModelRecord, ...] = ()
    references: tuple[ModelRecord, ...] = ()


Recipe = Callable[[ResolvedRequest, Cast], Graph]
"""Turns a request and its models into a graph."""

_RECIPES: dict[BaseModelType, Recipe] = {}


def recipe(*bases: BaseModelType) -> Callable[[Recipe], Recipe]:
    """Register the recipe of some architectures."""

    def register(build: Recipe) -> Recipe:
        _RECIPES.update(dict.fromkeys(bases, build))
        return build

    return register


@cache
def _load() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def supported_bases() -> list[BaseModelType]:
    """The architectures that pictures can be made with."""
    _load()
    return sorted(_RECIPES)


def build_graph(request: ResolvedRequest, cast: Cast) -> Graph:
    """The graph that makes the one picture a request stands for. Raises ``BadInputError``."""
    model = cast.main
    if model.type is not ModelType.MAIN:
        raise BadInputError(
            f"{model.name} is a {model.type} model and draws no pictures by itself.",
            hint="Choose a main model.",
        )
    build = _RECIPES.get(model.base) if model.base in supported_bases() else None
    if build is None:
        raise BadInputError(
            f"{model.name} is a {model.base} model, which cannot be drawn with yet.",
            hint=f"Choose a model of one of these bases: {', '.join(supported_bases())}.",
            code="unsupported_base",
        )
    if cast.vae is not None:
        _check_vae(cast.vae, model)
    if cast.refiner is not None and cast.refiner.base is not BaseModelType.SDXL_REFINER:
        raise BadInputError(
            f"{cast.refiner.name} is a {cast.refiner.base} model, not a refiner.",
            hint="Choose a main model of the base sdxl-refiner.",
        )
    if cast.loras:
        from invoke_tui.nodes.recipes.loras import check_loras

        check_loras(cast.loras, model)
    if cast.controls or cast.references:
        from invoke_tui.nodes.recipes.steering import check_steering

        check_steering(cast)
    from invoke_tui.nodes.recipes.refinement import check_refinement

    check_refinement(request, model)
    return build(request, cast)


def _check_vae(vae: ModelRecord, model: ModelRecord) -> None:
    hint = "Choose another VAE, or none: the model brings its own."
    if vae.type is not ModelType.VAE:
        raise BadInputError(f"{vae.name} is a {vae.type} model, not a VAE.", hint=hint)
    if vae.base not in (model.base, BaseModelType.ANY):
        raise BadInputError(f"The VAE {vae.name} is for {vae.base}, {model.name} is {model.base}.", hint=hint)
