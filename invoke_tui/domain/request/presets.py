"""Presets: all settings of a request under a name."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError

from invoke_tui.domain.base import Record
from invoke_tui.domain.request.parameters import GenerationRequest


class Preset(Record):
    """A name and what is asked for under it."""

    name: str = Field(min_length=1, max_length=200, pattern=r"\S")
    request: GenerationRequest

    def changed(self) -> dict[str, Any]:
        """The settings that are not the default, as JSON."""
        return self.request.model_dump(mode="json", exclude_defaults=True)


def usable(settings: dict[str, Any]) -> tuple[GenerationRequest, list[str]]:
    """A request of those settings that are some, and the names of those that are not or have no usable value."""
    refused = [name for name in settings if name not in GenerationRequest.model_fields]
    given = {name: value for name, value in settings.items() if name not in refused}
    while True:
        try:
            return GenerationRequest.model_validate(given), refused
        except ValidationError as error:
            names = {str(detail["loc"][0]) for detail in error.errors()} & set(given)
            if not names:
                raise
            refused += sorted(names)
            given = {name: value for name, value in given.items() if name not in names}


def difference(one: GenerationRequest, other: GenerationRequest) -> dict[str, tuple[Any, Any]]:
    """The settings in which two requests differ, with both values as JSON, in the order of the form."""
    first, second = one.model_dump(mode="json"), other.model_dump(mode="json")
    return {name: (first[name], second[name]) for name in first if first[name] != second[name]}
