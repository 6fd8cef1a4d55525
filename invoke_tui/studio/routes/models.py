"""The installed models: what there is, what is known about each, and changing it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.events import ModelsChanged
from invoke_tui.domain.models import ModelRecord
from invoke_tui.studio.services import Given, Services

router = APIRouter(prefix="/models", tags=["models"])


class ChangesBody(Record):
    """The fields to set by hand."""

    changes: dict[str, Any] = Field(min_length=1)


class RemoveBody(Record):
    """Whether the files go too."""

    delete_files: bool = False


@router.get("", response_model=list[ModelRecord])
async def all_(studio: Given, refresh: bool = False) -> Response:
    """The installed models, the default one first; ``refresh`` looks at the models folder before."""
    if refresh and await studio.models.refresh():
        studio.hub.publish(ModelsChanged())
    return Response(studio.models.as_json(), media_type="application/json")


@router.get("/{key}")
async def one(key: str, studio: Given) -> ModelRecord:
    """One model, by key or name."""
    return studio.models.known(key)


@router.post("/{key}/edit")
async def edit(key: str, body: ChangesBody, studio: Given) -> ModelRecord:
    """Set fields of a model by hand."""
    record = await studio.models.edit(key, body.changes)
    return _said(studio, record)


@router.post("/{key}/remove")
async def remove(key: str, body: RemoveBody, studio: Given) -> ModelRecord:
    """Take a model off the list, with its files where they are ours."""
    return _said(studio, await studio.models.remove(key, delete_files=body.delete_files))


def _said(studio: Services, record: ModelRecord) -> ModelRecord:
    studio.hub.publish(ModelsChanged())
    return record
