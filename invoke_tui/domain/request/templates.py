"""Prompt templates: InvokeAI's style presets."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from invoke_tui.domain.base import Record

PLACEHOLDER: Final = "{prompt}"
LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 20_000


class TemplateText(Record):
    """What a person writes: a name, and the texts ``{prompt}`` is put into."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME, pattern=r"\S")
    positive_prompt: str = Field(default="", max_length=LONGEST_TEXT)
    negative_prompt: str = Field(default="", max_length=LONGEST_TEXT)


class Template(TemplateText):
    """A template as the studio keeps it. Those of type ``default`` come with the program and never change."""

    id: str
    type: Literal["default", "user"] = "user"


class ImportOutcome(Record):
    """What became of the entries of a file."""

    added: list[str] = Field(default_factory=list)
    replaced: list[str] = Field(default_factory=list)
    unchanged: list[str] = Field(default_factory=list)
