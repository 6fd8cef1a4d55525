"""The templates that come with the program, read when they are asked for."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

from invoke_tui.domain.request.templates import Template


@cache
def default_templates() -> tuple[Template, ...]:
    """The default set, in its own order."""
    text = files(__package__).joinpath("defaults.json").read_text(encoding="utf-8")
    return tuple(
        Template(
            id=f"default-{re.sub(r'[^a-z0-9]+', '-', entry['name'].lower()).strip('-')}",
            type="default",
            name=entry["name"],
            positive_prompt=entry["prompt"],
            negative_prompt=entry["negative_prompt"],
        )
        for entry in json.loads(text)
    )
