"""How the prompts are read: the fields of a request that belong to the prompts and not to the settings form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from invoke_tui.domain.base import Record
from invoke_tui.domain.request.parameters import SeedBehaviour


class PromptOptions(Record):
    """Names and meanings are ``GenerationRequest``'s."""

    template: str | None = None
    dynamic_prompts: bool = True
    wildcards: bool = True
    combinatorial: bool = True
    max_prompts: int = 100
    seed_behaviour: SeedBehaviour = "PER_ITERATION"

    def asked(self) -> dict[str, Any]:
        """Fields of the request."""
        return self.model_dump()


def restored(values: Mapping[str, Any]) -> PromptOptions:
    """The options of a session or preset; what cannot be is left out."""
    options = PromptOptions()
    for name in PromptOptions.model_fields:
        if name in values:
            try:
                options = PromptOptions.model_validate(options.model_dump() | {name: values[name]})
            except ValidationError:
                continue
    return options
