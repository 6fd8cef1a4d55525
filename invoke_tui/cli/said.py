"""What a picture says, by its file, its name in the gallery, or ``last``."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from invoke_tui.cli.taking import in_gallery
from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.domain.gallery.images import LAST, PICTURE_NAME
from invoke_tui.domain.gallery.metadata import GRAPH_KEY
from invoke_tui.domain.gallery.replay import ReplayOrder

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.prompt.extract.found import Found

OWN: Final = "InvokeAI"
"""What the reader of pictures calls those of InvokeAI and ours."""


@dataclass(frozen=True)
class Said:
    """A picture's file, what was found in it, and the order to make it again."""

    path: Path
    found: Found
    order: ReplayOrder
    notes: tuple[str, ...] = ()


async def said_by(client: StudioClient, given: str) -> Said:
    """Read a picture. Raises ``StudioError`` for what says nothing."""
    from invoke_tui.prompt.extract.chunks import texts_of
    from invoke_tui.prompt.extract.found import Found, json_object
    from invoke_tui.prompt.extract.read import read_picture

    path = await asyncio.to_thread(_file, given)
    if path is None:
        if given != LAST and not PICTURE_NAME.fullmatch(given):
            raise NotFoundError(
                f"{given}: there is no such file",
                hint="Give a file, a gallery name or 'last'.",
                code="no_file",
            )
        path = Path((await client.image(await in_gallery(client, given, "user", "picture"))).path)
    texts = await asyncio.to_thread(texts_of, path)
    graph = json_object(texts.get(GRAPH_KEY))
    notes: list[str] = []
    try:
        found = await asyncio.to_thread(read_picture, path)
    except StudioError:
        if graph is None:
            raise
        found = Found(OWN)  # a workflow's picture has nothing but its graph
    metadata = found.metadata
    if found.a1111:
        metadata, notes = _converted(metadata)
    if found.program != OWN:
        told = f"made by {found.program}, which draws otherwise: not the same is expected"
        notes = [*found.notes, *notes, told]
    return Said(path, found, ReplayOrder(metadata=metadata, graph=graph), tuple(notes))


def _file(given: str) -> Path | None:
    try:
        path = Path(given).expanduser()
        return path if path.is_file() else None
    except (RuntimeError, ValueError, OSError):  # a home that is none, a NUL
        return None


def _converted(metadata: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The prompts in InvokeAI's language, and what of them could not be said in it."""
    from invoke_tui.prompt.convert.a1111 import from_a1111

    turned = {
        name: from_a1111(str(metadata.get(name) or "")) for name in ("positive_prompt", "negative_prompt")
    }
    problems = [problem.message for one in turned.values() for problem in one.problems]
    return metadata | {name: one.text for name, one in turned.items()}, problems
