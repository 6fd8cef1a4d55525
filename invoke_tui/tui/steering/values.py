"""What a picture's metadata, or a request, says of lists in the form: as texts that ``EntryGroup.restore`` takes.

Metadata is outside text: whatever an entry is, it is read as a request or left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError

from invoke_tui.domain.base import Record
from invoke_tui.domain.controls import MOST_STEERING, ControlRequest, ReferenceRequest
from invoke_tui.domain.images import PICTURE_NAME
from invoke_tui.domain.parameters import GenerationRequest
from invoke_tui.domain.regions import MOST_REGIONS, RegionRequest
from invoke_tui.domain.steering_metadata import STEERING_KEYS, steering_values
from invoke_tui.tui.steering.controls import AUTO, NONE

_LONGEST: Final = 500
"""Characters of a model's key."""
_PICTURES: Final = ("image", "mask", "mask_image")


def recalled(found: dict[str, Any]) -> dict[str, str]:
    """The lists of a picture's metadata; what cannot be used is left out, what was not recorded is empty."""
    rows: dict[str, list[dict[str, Any]]] = {"controls": [], "references": [], "regions": []}
    for key in STEERING_KEYS:
        for entry in _entries(found.get(key), MOST_STEERING):
            record, values = steering_values(key, entry)
            model = values.get("model")
            names = model if isinstance(model, dict) else {}
            values["model"] = names.get("key") or names.get("name") or model
            if isinstance(values["model"], str):
                values["model"] = values["model"][:_LONGEST]
            if row := _read(record, values):
                called = names.get("name")
                row |= {"called": called} if isinstance(called, str) else {}
                rows["controls" if record is ControlRequest else "references"].append(row)
    for entry in _entries(found.get("regions"), MOST_REGIONS):
        if row := _read(RegionRequest, entry):
            rows["regions"].append(row)
    return {field: json.dumps(entries) for field, entries in rows.items()}


def requested(request: GenerationRequest) -> dict[str, str]:
    """The lists of a request."""
    lists: dict[str, Iterable[Record]] = {
        "controls": request.controls,
        "references": request.references,
        "regions": request.regions,
    }
    return {field: json.dumps([_row(one) for one in entries]) for field, entries in lists.items()}


def _entries(value: Any, most: int) -> list[dict[str, Any]]:
    return [one for one in value[:most] if isinstance(one, dict)] if isinstance(value, list) else []


def _read(record: type[Record], values: dict[str, Any]) -> dict[str, Any] | None:
    """Raw values, where the entry is a request whose pictures can be in the gallery."""
    try:
        one = record.model_validate(values)
    except (ValidationError, ValueError):
        return None
    row = _row(one)
    named = (str(row[name]) for name in _PICTURES if name in row)
    return row if all(PICTURE_NAME.fullmatch(name) for name in named) else None


def _row(one: ControlRequest | ReferenceRequest | RegionRequest | Record) -> dict[str, Any]:
    """Raw values of the form: what is not said is not there; of preprocessors, no word means the model's own."""
    row: dict[str, Any] = {}
    for name, value in one.model_dump(exclude_defaults=True).items():
        if value is not None:
            row[name] = value if isinstance(value, bool | str) else f"{value:.10g}"
    if isinstance(one, ControlRequest):
        made = row.pop("preprocessor", NONE)
        row |= {} if made == AUTO else {"preprocessor": made}
    return row
