"""Wildcards, and what a dynamic prompt stands for, as the daemon tells of them."""

from __future__ import annotations

from pydantic import Field

from invoke_tui.domain.base import Record


class WildcardName(Record):
    """One wildcard; ``values`` is how many texts it stands for, where that was asked for."""

    name: str
    values: int | None = None


class WildcardList(Record):
    """The wildcards there are, where their files lie, and what of them could not be read."""

    wildcards: list[WildcardName] = Field(default_factory=list)
    folders: list[str] = Field(default_factory=list)
    problems: list[str] = Field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The names alone."""
        return [wildcard.name for wildcard in self.wildcards]


class WildcardValue(Record):
    """One text a wildcard stands for, and how often it is drawn compared with the others."""

    text: str
    weight: float = 1.0


class WildcardValues(Record):
    """The first values of a wildcard, of ``total``."""

    name: str
    values: list[WildcardValue]
    total: int


class TextProblem(Record):
    """A message about the characters ``start <= i < end`` of a prompt."""

    start: int
    end: int
    message: str


class PromptPreview(Record):
    """What a request's prompt stands for.

    ``prompts`` are the first of the ``made`` prompts that are drawn, ``count`` is how many there would be without a
    limit, which is an upper bound unless ``exact``.
    """

    text: str = Field(description="The prompt with its template around it")
    negative: str = Field(default="", description="The negative prompt with its template around it")
    dynamic: bool = False
    prompts: list[str] = Field(default_factory=list)
    made: int = 1
    count: int = 1
    exact: bool = True
    refused: bool = Field(default=False, description="Nothing is expanded because of the first problem")
    problems: list[TextProblem] = Field(default_factory=list)
