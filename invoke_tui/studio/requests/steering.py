"""What a request is steered by: which models, and every choice about their pictures made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.request.controls import (
    PREPROCESSORS,
    UNION_KINDS,
    USUAL,
    ControlRequest,
    ImageEncoder,
    ReferenceRequest,
    ResolvedControl,
    ResolvedReference,
    knows_kinds,
)
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.references import KINDS, check_reference, reference_kind
from invoke_tui.nodes.invocations.controls import image_encoder
from invoke_tui.nodes.invocations.flux_references import redux_encoder
from invoke_tui.nodes.recipes import Cast
from invoke_tui.nodes.recipes.steering import check_steering
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.requests.preprocessors import preprocessor_of, require_preprocessor

CONTROLS: Final = (ModelType.CONTROLNET, ModelType.T2I_ADAPTER)
REFERENCES: Final = (ModelType.IP_ADAPTER, ModelType.FLUX_REDUX)


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
    check_steering(cast)
    pairs = zip(request.controls, cast.controls, strict=True)
    controls = tuple([await _control(asked, record, models, gallery) for asked, record in pairs])
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


async def _control(
    asked: ControlRequest, record: ModelRecord, models: Models, gallery: Gallery | None
) -> ResolvedControl:
    end = USUAL.get(record.type, (1.0, 1.0))[1] if asked.end is None else asked.end
    _check_span(record, asked.begin, end)
    if gallery is not None:
        await gallery.file(asked.image)
    wish = record.default_settings.preprocessor
    preprocessor = preprocessor_of(asked.preprocessor, wish)
    await require_preprocessor(preprocessor, models)
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
    encoder = KINDS["ip_adapter"].clip_vision
    if record.type in REFERENCES:
        check_reference(asked, record)
        encoder = asked.clip_vision or KINDS[reference_kind(record)].clip_vision or encoder
        _check_encoder(record, encoder, models)
    alpha, width, height = False, 0, 0
    if gallery is not None:
        await gallery.file(asked.image)
        shown = await gallery.record(asked.image)
        width, height = shown.width, shown.height
        if asked.mask is not None:
            alpha = (await gallery.look(asked.mask)).transparency != "none"
    chosen = {"model": record.key, "clip_vision": encoder, "mask_alpha": alpha}
    size = {"image_width": width, "image_height": height}
    return ResolvedReference(**asked.model_dump() | chosen | size)


def _check_encoder(record: ModelRecord, clip_vision: ImageEncoder | None, models: Models) -> None:
    """Raise ``NotFoundError`` where what a reference picture is looked at through is not installed."""
    known = [one for one in models.all() if not one.missing]
    if record.type is ModelType.FLUX_REDUX:
        redux_encoder(record, [one for one in known if one.type is ModelType.SIGLIP])
    elif clip_vision is not None:
        image_encoder(record, clip_vision, [one for one in known if one.type is ModelType.CLIP_VISION])


def _check_span(record: ModelRecord, begin: float, end: float) -> None:
    if begin > end:
        raise BadInputError(
            f"{record.name} cannot begin at {begin:g} and end at {end:g}.",
            hint="Both are shares of the steps, the first before the second.",
            code="bad_span",
        )
