"""The fake studio's wildcards, and what a dynamic prompt stands for: the daemon's own code over lists in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.wildcards import (
    PromptPreview,
    WildcardList,
    WildcardName,
    WildcardValue,
    WildcardValues,
)
from invoke_tui.prompt.dynamic.wildcards import Value, Wildcards


class ListedWildcards(Wildcards):
    """Wildcards without files."""

    def __init__(self, lists: dict[str, Sequence[str]]) -> None:
        super().__init__()
        self.lists = lists

    def _files(self) -> dict[str, tuple[Path, str]]:
        return {name: (Path(name), "") for name in self.lists}

    def _read(self, file: Path) -> dict[str, tuple[Value, ...]]:
        return {"": tuple(Value(text) for text in self.lists[str(file)])}


class FakePrompts:
    """``wildcard_lists`` are the wildcards there are; ``previews`` counts what was asked."""

    def __init__(self) -> None:
        self.wildcard_lists: dict[str, Sequence[str]] = {}
        self.wildcard_problems: list[str] = []
        self.previews: list[GenerationRequest] = []

    async def wildcards(self, *, counts: bool = False) -> WildcardList:
        return WildcardList(
            wildcards=[WildcardName(name=n, values=len(v)) for n, v in sorted(self.wildcard_lists.items())],
            folders=["/data/wildcards"],
            problems=self.wildcard_problems,
        )

    async def wildcard_values(self, name: str, *, limit: int = 1_000) -> WildcardValues:
        found = ListedWildcards(self.wildcard_lists).values(name)
        values = [WildcardValue(text=value.text) for value in found[:limit]]
        return WildcardValues(name=name, values=values, total=len(found))

    async def preview_prompts(self, request: GenerationRequest, *, limit: int = 5) -> PromptPreview:
        from invoke_tui.studio.requests.expand import preview  # half a second that most tests need not pay

        self.previews.append(request)
        return preview(request, ListedWildcards(self.wildcard_lists), limit)
