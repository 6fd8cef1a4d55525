"""From the metadata of a picture that was made larger back to what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from invoke_tui.domain.models import ModelRecord
from invoke_tui.domain.replay import Difference
from invoke_tui.domain.upscaling import UpscaleRequest
from invoke_tui.nodes.recall_models import NoModel, Shelf, Wanted

SOURCE: Final = "upscale_initial_image"
_FIELDS: Final = {"upscale_scale": "scale"}
"""Metadata keys whose field has another name; the others are called as the field is."""
_NOT_SETTINGS: Final = ("images", "model", "scale", "board")


def is_upscaled(metadata: Mapping[str, Any]) -> bool:
    """Whether a picture was made of another one by an upscaler."""
    return isinstance(metadata.get(SOURCE), Mapping)


def upscale_from_metadata(
    metadata: Mapping[str, Any], models: Iterable[ModelRecord], substitutes: Mapping[str, str]
) -> tuple[UpscaleRequest | None, list[Difference]]:
    """The request, and what differs; none where a picture or upscaler is not named, or not here."""
    source, wanted = metadata[SOURCE].get("image_name"), Wanted.read(metadata.get("upscale_model"))
    if not isinstance(source, str) or wanted is None:
        message = "the picture does not say what it was made of"
        return None, [Difference(key=SOURCE, kind="missing", message=message)]
    try:
        record, difference = Shelf(models, substitutes).find("upscale_model", wanted)
    except NoModel as why:
        return None, [Difference(key="upscale_model", kind="missing", message=str(why))]
    differences = [] if difference is None else [difference]
    names = [name for name in UpscaleRequest.model_fields if name not in _NOT_SETTINGS]
    given = {field: metadata[key] for key, field in _FIELDS.items() if metadata.get(key) is not None}
    given |= {name: metadata[name] for name in names if metadata.get(name) is not None}
    try:
        return UpscaleRequest(images=[source], model=record.key, **given), differences
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        message = f"its {where} cannot be used"
        return None, [*differences, Difference(key=where, kind="unsupported", message=message)]
