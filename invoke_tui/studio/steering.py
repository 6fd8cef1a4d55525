"""What a request is steered by: which models, and every choice about their pictures made."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from invoke_tui.domain.controls import (
    PREPROCESSORS,
    UNION_KINDS,
    USUAL,
    ControlRequest,
    ReferenceRequest,
    ResolvedControl,
    ResolvedReference,
    knows_kinds,
    no_network,
    preprocessor_named,
)
from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.parameters import GenerationRequest
from invoke_tui.nodes.invocations.controls import image_encoder
from invoke_tui.nodes.recipes import Cast
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.models.registry import Models

CONTROLS: Final = (ModelType.CONTROLNET, ModelType.T2I_ADAPTER)
REFERENCES: Final = (ModelType.IP_ADAPTER,)


@dataclass(frozen=True)
class Steering:
    """Control and reference pictures, resolved."""

    controls: tuple[ResolvedControl, ...] = ()
    references: tuple[ResolvedReference, ...] = ()


async def steering_models(
    wanted: Sequence[ControlRequest | ReferenceRequest],
    kinds: tuple[ModelType, ...],
    main: ModelRecord,
    models: Models,
) -> tuple[ModelRecord, ...]:
    """The models of some pictures, those for the main model's family before others of the same name."""
    return tuple([await _model(one.model, kinds, main, models) for one in wanted])


async def steering_of(
    request: GenerationRequest, cast: Cast, models: Models, gallery: Gallery | None
) -> Steering:
    """Everything about the pictures a request names. Raises ``BadInputError`` and ``NotFoundError``."""
    pairs = zip(request.controls, cast.controls, strict=True)
    controls = tuple([await _control(asked, record, gallery) for asked, record in pairs])
    references = tuple(
        [
            await _reference(asked, record, models, gallery)
            for asked, record in zip(request.references, cast.references, strict=True)
        ]
    )
    return Steering(controls, references)


async def _model(wanted: str, kinds: tuple[ModelType, ...], main: ModelRecord, models: Models) -> ModelRecord:
    for bases in ((main.base,), tuple(BaseModelType)):
        for kind in kinds:
            if (found := models.pick(kind, bases, wanted)) is not None:
                return found
    try:
        return await models.find(wanted)  # something else, which the recipe calls by its kind
    except NotFoundError:
        return models.known(wanted, kinds[0])


async def _control(asked: ControlRequest, record: ModelRecord, gallery: Gallery | None) -> ResolvedControl:
    end = USUAL.get(record.type, (1.0, 1.0))[1] if asked.end is None else asked.end
    _check_span(record, asked.begin, end)
    if gallery is not None:
        await gallery.file(asked.image)
    wish = record.default_settings.preprocessor
    preprocessor = _preprocessor(asked.preprocessor, wish)
    return ResolvedControl(
        model=record.key,
        image=asked.image,
        weight=USUAL.get(record.type, (1.0, 1.0))[0] if asked.weight is None else asked.weight,
        begin=asked.begin,
        end=end,
        control_mode=asked.control_mode,
        resize_mode=asked.resize_mode,
        preprocessor=preprocessor,
        union=_union(asked, record, preprocessor),
    )


def _union(asked: ControlRequest, record: ModelRecord, preprocessor: str | None) -> int | None:
    """The kind of picture, for models that know several: as it is said, else as it is made."""
    if asked.kind is not None:
        return UNION_KINDS.index(asked.kind)
    return PREPROCESSORS[preprocessor].union if preprocessor and knows_kinds(record) else None


async def _reference(
    asked: ReferenceRequest, record: ModelRecord, models: Models, gallery: Gallery | None
) -> ResolvedReference:
    _check_span(record, asked.begin, asked.end)
    if record.type is ModelType.IP_ADAPTER:
        known = [one for one in models.all() if one.type is ModelType.CLIP_VISION and not one.missing]
        image_encoder(record, asked.clip_vision, known)
    alpha = False
    if gallery is not None:
        await gallery.file(asked.image)
        if asked.mask is not None:
            alpha = (await gallery.look(asked.mask)).transparency != "none"
    return ResolvedReference(**asked.model_dump() | {"model": record.key, "mask_alpha": alpha})


async def control_picture(path: Path, name: str) -> bytes:
    """What a preprocessor makes of a picture, as it would before a run: a PNG. Raises ``BadInputError``."""
    wanted = _preprocessor(name, None)
    return await asyncio.to_thread(_made, path, wanted)


def _made(path: Path, name: str | None) -> bytes:
    """With the settings its node has when nobody changes them."""
    from invoke_tui.nodes import images

    picture = images.reading.open_picture(path)
    if name is not None:
        picture = images.preprocess.BY_NAME[name](picture)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _preprocessor(asked: str, wish: str | None) -> str | None:
    """The name in the table, or none. Raises ``BadInputError`` for one that is not known or cannot run."""
    name = preprocessor_named((wish or "none") if asked == "auto" else asked)
    if name == "none":
        return None
    if name not in PREPROCESSORS:
        raise BadInputError(
            f"There is no preprocessor called {asked}.",
            hint=f"There are none, auto, {', '.join(PREPROCESSORS)}.",
            code="no_preprocessor",
        )
    if PREPROCESSORS[name].network:
        raise no_network(name)
    return name


def _check_span(record: ModelRecord, begin: float, end: float) -> None:
    if begin > end:
        raise BadInputError(
            f"{record.name} cannot begin at {begin:g} and end at {end:g}.",
            hint="Both are shares of the steps, the first before the second.",
            code="bad_span",
        )
