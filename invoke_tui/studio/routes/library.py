"""Templates, presets, wildcards and dynamic prompts."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.presets import Preset
from invoke_tui.domain.request.templates import ImportOutcome, Template, TemplateText
from invoke_tui.domain.request.wildcards import (
    PromptPreview,
    WildcardList,
    WildcardName,
    WildcardValue,
    WildcardValues,
)
from invoke_tui.studio.requests.expand import preview
from invoke_tui.studio.services import Given

router = APIRouter(tags=["library"])


class TemplateBody(Record):
    """A template to keep; ``replace`` takes the place of one of the same name."""

    template: TemplateText
    replace: bool = False


class IdBody(Record):
    """The template a command is about."""

    id: str


class EditBody(IdBody):
    """What a template becomes."""

    template: TemplateText


class TemplatesBody(Record):
    """The templates of a file."""

    templates: list[TemplateText] = Field(max_length=10_000)
    replace: bool = False


class PresetBody(Record):
    """A preset to keep; ``replace`` takes the place of one of the same name."""

    preset: Preset
    replace: bool = False


class PresetsBody(Record):
    """The presets of a file."""

    presets: list[Preset] = Field(max_length=10_000)
    replace: bool = False


class NameBody(Record):
    """The preset a command is about."""

    name: str


class RenameBody(NameBody):
    """What it is to be called."""

    new: str = Field(min_length=1, max_length=200, pattern=r"\S")


class PreviewBody(Record):
    """A request, and how many of its prompts are to be shown; more than a few cost more work."""

    request: GenerationRequest
    limit: int = Field(default=5, ge=1, le=10_000)


@router.get("/templates")
async def templates(studio: Given, query: str = "") -> list[Template]:
    """The templates that hold every word of the query, the person's own first."""
    return await studio.library.templates(query)


@router.post("/templates")
async def create(studio: Given, body: TemplateBody) -> Template:
    """Keep a new template."""
    return await studio.library.create(body.template, replace=body.replace)


@router.post("/templates/find")
async def find(studio: Given, body: NameBody) -> Template:
    """One template by id or name."""
    return await studio.library.template(body.name)


@router.post("/templates/edit")
async def edit(studio: Given, body: EditBody) -> Template:
    """Change a template."""
    return await studio.library.edit(body.id, body.template)


@router.post("/templates/duplicate")
async def duplicate(studio: Given, body: IdBody) -> Template:
    """A copy under a free name."""
    return await studio.library.duplicate(body.id)


@router.post("/templates/delete")
async def delete(studio: Given, body: IdBody) -> None:
    """Delete a template."""
    await studio.library.delete(body.id)


@router.post("/templates/import")
async def take_in(studio: Given, body: TemplatesBody) -> ImportOutcome:
    """Keep many, all or none."""
    return await studio.library.take_in(body.templates, replace=body.replace)


@router.get("/presets")
async def presets(studio: Given) -> list[Preset]:
    """Every preset."""
    return await studio.library.presets()


@router.post("/presets")
async def save_preset(studio: Given, body: PresetBody) -> Preset:
    """Keep a preset."""
    return await studio.library.save_preset(body.preset, replace=body.replace)


@router.post("/presets/import")
async def take_in_presets(studio: Given, body: PresetsBody) -> ImportOutcome:
    """Keep many, all or none."""
    return await studio.library.take_in_presets(body.presets, replace=body.replace)


@router.post("/presets/rename")
async def rename_preset(studio: Given, body: RenameBody) -> Preset:
    """Give a preset another name."""
    return await studio.library.rename_preset(body.name, body.new)


@router.post("/presets/delete")
async def delete_preset(studio: Given, body: NameBody) -> None:
    """Delete a preset."""
    await studio.library.delete_preset(body.name)


@router.get("/wildcards")
def wildcards(studio: Given, counts: bool = False) -> WildcardList:
    """The wildcards on disk; ``counts`` reads every file."""
    found = studio.library.wildcards()
    named = [
        WildcardName(name=name, values=len(found.values(name)) if counts else None) for name in found.names()
    ]
    return WildcardList(
        wildcards=named, folders=[str(folder) for folder in found.folders], problems=found.problems
    )


@router.get("/wildcards/values")
def wildcard_values(
    studio: Given, name: str, limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000
) -> WildcardValues:
    """What a wildcard or a pattern stands for."""
    found = studio.library.wildcards().values(name)
    values = [WildcardValue(text=value.text, weight=value.weight) for value in found[:limit]]
    return WildcardValues(name=name, values=values, total=len(found))


@router.post("/prompts/preview")
async def preview_prompts(studio: Given, body: PreviewBody) -> PromptPreview:
    """What the prompt of a request stands for, with its template and the wildcards there are."""
    request = await studio.library.applied(body.request)
    wildcards = studio.library.wildcards() if request.wildcards else None
    return await asyncio.to_thread(preview, request, wildcards, body.limit)
