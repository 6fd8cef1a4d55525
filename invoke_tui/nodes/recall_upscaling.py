"""From the metadata of a picture that was made larger back to what was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from invoke_tui.domain.gallery.replay import Difference
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.models.wanted import WantedModel
from invoke_tui.domain.request.upscaling import UpscaleRequest
from invoke_tui.nodes.recall import request_from_metadata
from invoke_tui.nodes.recall_models import NoModel, Shelf

SOURCE: Final = "upscale_initial_image"
_FIELDS: Final = {
    "upscale_scale": "scale",
    "upscale_tile_size": "tile_size",
    "fit_to_multiple_of_8": "fit_to_multiple_of_8",
}
"""Metadata keys with the fields that they stand for."""
_DRAWN: Final = ("creativity", "structure", "tile_size", "tile_overlap")
_ASKED: Final = (
    "model", "vae", "positive_prompt", "negative_prompt", "steps", "cfg_scale", "scheduler", "seed", "loras",
)  # fmt: skip
"""What creative upscaling asks for as every picture does."""
_CONTROL: Final = "upscale_control_model"


def is_upscaled(metadata: Mapping[str, Any]) -> bool:
    """Whether a picture was made of another one by an upscaler."""
    return isinstance(metadata.get(SOURCE), Mapping)


def upscale_from_metadata(
    metadata: Mapping[str, Any], models: Sequence[ModelRecord], substitutes: Mapping[str, str]
) -> tuple[UpscaleRequest | None, list[Difference]]:
    """The request, and what differs; none where a picture or upscaler is not named, or not here."""
    source, wanted = metadata[SOURCE].get("image_name"), WantedModel.read(metadata.get("upscale_model"))
    if not isinstance(source, str) or wanted is None:
        message = "the picture does not say what it was made of"
        return None, [Difference(key=SOURCE, kind="missing", message=message)]
    shelf = Shelf(models, substitutes)
    try:
        record, difference = shelf.find("upscale_model", wanted)
    except NoModel as why:
        return None, [why.difference("upscale_model")]
    differences = [] if difference is None else [difference]
    given: dict[str, Any] = {
        field: metadata[key] for key, field in _FIELDS.items() if metadata.get(key) is not None
    }
    if "creativity" in metadata:
        given["creative"], others = _creative(metadata, shelf, models, substitutes)
        differences += others
    try:
        return UpscaleRequest.model_validate({"images": [source], "model": record.key, **given}), differences
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        message = f"its {where} cannot be used"
        return None, [*differences, Difference(key=where, kind="unsupported", message=message)]


def _creative(
    metadata: Mapping[str, Any], shelf: Shelf, models: Sequence[ModelRecord], substitutes: Mapping[str, str]
) -> tuple[dict[str, Any], list[Difference]]:
    """How the enlarged picture was drawn again, unchecked."""
    request, differences = request_from_metadata(
        {name: metadata[name] for name in _ASKED if name in metadata}, models, substitutes
    )
    given = request.model_dump(mode="json", include=set(_ASKED))
    given = {name: value for name, value in given.items() if value is not None}
    given |= {name: metadata[name] for name in _DRAWN if metadata.get(name) is not None}
    wanted = WantedModel.read(metadata.get(_CONTROL))
    if wanted is None:
        return given | {"uncontrolled": True}, differences
    try:
        record, difference = shelf.find(_CONTROL, wanted)
    except NoModel as why:
        return given, [*differences, why.difference(_CONTROL)]
    return given | {"control": record.key}, differences + ([] if difference is None else [difference])
