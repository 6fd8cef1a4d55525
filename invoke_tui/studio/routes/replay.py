"""Settings out of pictures, and pictures once more."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from invoke_tui.domain.base import Record
from invoke_tui.domain.replay import Recalled, ReplayOrder, ReplayPlan
from invoke_tui.studio.requests.replaying import recalled, replay
from invoke_tui.studio.services import Given

router = APIRouter(prefix="/pictures", tags=["replay"])


class RecallBody(Record):
    """A picture's metadata."""

    metadata: dict[str, Any]


@router.post("/recall")
async def recall(body: RecallBody, studio: Given) -> Recalled:
    """The settings that made a picture, and what of them is not here."""
    return await recalled(body.metadata, studio)


@router.post("/replay")
async def again(body: ReplayOrder, studio: Given) -> ReplayPlan:
    """Make a picture again, or say what that would mean."""
    return await replay(body, studio)
