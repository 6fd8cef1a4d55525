"""The prompts that were used."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from invoke_tui.domain.base import Record
from invoke_tui.domain.request.history import RememberedPrompt
from invoke_tui.studio.services import Given

router = APIRouter(prefix="/history", tags=["library"])


class PromptBody(Record):
    """The prompt a command is about."""

    id: int


class PinBody(PromptBody):
    """Whether it is kept for ever."""

    pinned: bool


@router.get("")
async def find(
    studio: Given, query: str = "", limit: Annotated[int, Query(ge=1, le=10_000)] = 200
) -> list[RememberedPrompt]:
    """The prompts that match every word of the query, best first."""
    return await studio.prompt_history.find(query, limit)


@router.post("/pin")
async def pin(studio: Given, body: PinBody) -> None:
    """Keep a prompt for ever, or as long as the others."""
    await studio.prompt_history.pin(body.id, pinned=body.pinned)


@router.post("/forget")
async def forget(studio: Given, body: PromptBody) -> None:
    """Remove a prompt."""
    await studio.prompt_history.forget(body.id)


@router.post("/clear")
async def clear(studio: Given) -> int:
    """Remove what is not pinned; how many."""
    return await studio.prompt_history.clear()
