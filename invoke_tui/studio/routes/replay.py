"""Settings out of pictures, and pictures once more."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.gallery.replay import Recalled, ReplayOrder, ReplayPlan
from invoke_tui.studio.requests.replaying import recalled, replay
from invoke_tui.studio.services import Given

router = APIRouter(prefix="/pictures", tags=["replay"])


class RecallBody(Record):
    """A picture's metadata, and models that take the place of others."""

    metadata: dict[str, Any]
    substitutes: dict[str, str] = Field(default_factory=dict, max_length=200)


@router.post("/recall", response_model_exclude_unset=True)
async def recall(body: RecallBody, studio: Given) -> Recalled:
    """The settings that made a picture, and what of them is not here."""
    return await recalled(body.metadata, studio, body.substitutes)


@router.post("/replay")
async def again(body: ReplayOrder, studio: Given) -> ReplayPlan:
    """Make a picture again, or say what that would mean."""
    return await replay(body, studio)
