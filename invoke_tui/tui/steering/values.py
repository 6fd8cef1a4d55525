"""What a request says of lists in the form: as texts that ``EntryGroup.restore`` takes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from invoke_tui.domain.base import Record
from invoke_tui.domain.request.controls import ControlRequest, ReferenceRequest
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.regions import RegionRequest
from invoke_tui.tui.steering.controls import AUTO, NONE


def requested(request: GenerationRequest) -> dict[str, str]:
    """The lists of a request."""
    lists: dict[str, Iterable[Record]] = {
        "controls": request.controls,
        "references": request.references,
        "regions": request.regions,
    }
    return {field: json.dumps([_row(one) for one in entries]) for field, entries in lists.items()}


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
