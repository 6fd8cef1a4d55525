"""The installed models: what there is, what is known about each, and changing it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.events import ModelsChanged
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.models.scan import InstallOrder, ScanFolder, ScanOrder
from invoke_tui.domain.models.tokenizers import ModelTokenizers
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.studio.errors import body as body_of
from invoke_tui.studio.models.converting import Converting
from invoke_tui.studio.models.hashing import Hashing
from invoke_tui.studio.models.scan import examine
from invoke_tui.studio.models.scanning import Scan
from invoke_tui.studio.models.tokenizers import tokenizers_of
from invoke_tui.studio.models.vectors import vectors_of
from invoke_tui.studio.requests.casting import cast_of
from invoke_tui.studio.services import Given, Services

router = APIRouter(prefix="/models", tags=["models"])


class ModelBody(Record):
    """A model by its key or name."""

    key: str


class ChangesBody(ModelBody):
    """The fields to set by hand."""

    changes: dict[str, Any] = Field(min_length=1)


class ScanBody(Record):
    """A running scan."""

    scan_id: str


class FolderBody(Record):
    """A remembered folder."""

    path: str


class TokenizersBody(Record):
    """The models of a request that read text, and the digests of tokenizers the asker has."""

    model: str | None = None
    t5_encoder: str | None = None
    clip_embed: str | None = None
    clip_g: str | None = None
    known: tuple[str, ...] = ()


class RemoveBody(ModelBody):
    """Whether the files go too."""

    delete_files: bool = False


@router.get("", response_model=list[ModelRecord])
async def all_(studio: Given, refresh: bool = False) -> Response:
    """The installed models, the default one first; ``refresh`` looks at the models folder before."""
    if refresh and await studio.models.refresh():
        studio.hub.publish(ModelsChanged())
    return Response(studio.models.as_json(), media_type="application/json")


@router.post("/scan")
async def scan(order: ScanOrder, studio: Given) -> StreamingResponse:
    """Look through folders. JSON lines as they are found: first ``{"scan_id", "roots"}``, then a ``ScanEntry`` each,
    last ``{"summary"}``. Hanging up ends the scan."""
    scan_id, running = await studio.scans.open(order)
    return _streamed(_told(studio, scan_id, running))


async def _told(studio: Services, scan_id: str, scan: Scan) -> AsyncGenerator[str]:
    revision = studio.models.revision
    try:
        roots = [root.model_dump(mode="json") for root in scan.summary.roots]
        yield json.dumps({"scan_id": scan_id, "roots": roots}) + "\n"
        async with aclosing(scan.lines()) as told:
            async for lines in told:
                yield lines
        await studio.scans.close(scan_id)
        yield f'{{"summary":{scan.summary.model_dump_json()}}}\n'
    finally:
        studio.scans.abandon(scan_id)
        if studio.models.revision != revision:
            studio.hub.publish(ModelsChanged())


@router.post("/scan/cancel")
async def cancel_scan(body: ScanBody, studio: Given) -> ScanBody:
    """End a scan."""
    studio.scans.cancel(body.scan_id)
    return body


@router.post("/install")
async def install(order: InstallOrder, studio: Given) -> StreamingResponse:
    """Register models by their paths, in place or copied into the models folder. The answer is one line of JSON,
    ``{"models"}``; a copy takes as long as it takes, and hanging up ends it."""

    async def installed() -> AsyncGenerator[str]:
        records = await studio.scans.install(order)
        studio.hub.publish(ModelsChanged())
        yield json.dumps({"models": [record.model_dump(mode="json") for record in records]}) + "\n"

    return _streamed(installed())


@router.get("/folders")
async def folders(studio: Given) -> list[ScanFolder]:
    """The folders that are looked through again."""
    return await studio.scans.folders()


@router.post("/folders/forget")
async def forget(body: FolderBody, studio: Given) -> FolderBody:
    """Look through a folder no more."""
    await studio.scans.forget(body.path)
    return body


@router.get("/find")
async def find(wanted: str, studio: Given) -> ModelRecord:
    """One model, by key or name, be it missing or not."""
    return studio.models.known(wanted)


@router.post("/tokenizers")
async def tokenizers(body: TokenizersBody, studio: Given) -> ModelTokenizers:
    """The tokenizers of a model's text encoders, for counting; the data of those that are ``known`` stays here."""
    cast = await cast_of(GenerationRequest(**body.model_dump(exclude={"known"})), studio.models)
    embeddings = [
        record
        for record in studio.models.all()
        if record.type is ModelType.EMBEDDING and record.base is cast.main.base and not record.missing
    ]
    return await asyncio.to_thread(
        lambda: ModelTokenizers(
            encoders=tuple(tokenizers_of(cast, body.known)), embeddings=vectors_of(embeddings)
        )
    )


@router.post("/edit")
async def edit(body: ChangesBody, studio: Given) -> ModelRecord:
    """Set fields of a model by hand."""
    return _said(studio, await studio.models.edit(studio.models.known(body.key).key, body.changes))


@router.post("/remove")
async def remove(body: RemoveBody, studio: Given) -> ModelRecord:
    """Take a model off the list, with its files where they are ours."""
    key = studio.models.known(body.key).key
    return _said(studio, await studio.models.remove(key, delete_files=body.delete_files))


@router.post("/hash")
async def hash_(body: ModelBody, studio: Given) -> StreamingResponse:
    """Compute InvokeAI's hash. Lines of JSON: ``{"done", "size"}`` on the way, last ``{"model"}``."""
    record = studio.models.known(body.key)

    async def hashed() -> AsyncGenerator[str]:
        async with Hashing(Path(record.path)) as hashing:
            async for done in hashing.progress():
                yield json.dumps({"done": done, "size": record.file_size}) + "\n"
            kept = await studio.models.set_hash(record.key, hashing.digest)
        studio.hub.publish(ModelsChanged())
        yield json.dumps({"model": kept.model_dump(mode="json")}) + "\n"

    return _streamed(hashed())


@router.post("/convert")
async def convert(body: ModelBody, studio: Given) -> StreamingResponse:
    """Turn a checkpoint into a diffusers folder. Lines of JSON: ``{"part", "step", "total"}``, last ``{"model"}``."""
    record = studio.models.require(studio.models.known(body.key).key)
    converting = Converting(record, studio.models.folder)

    async def converted() -> AsyncGenerator[str]:
        async with aclosing(converting.progress()) as told:
            async for said in told:
                yield json.dumps(said) + "\n"
        kept = await studio.models.replace(record.key, await asyncio.to_thread(examine, converting.folder))
        studio.hub.publish(ModelsChanged())
        yield json.dumps({"model": kept.model_dump(mode="json")}) + "\n"

    return _streamed(converted())


def _streamed(lines: AsyncGenerator[str]) -> StreamingResponse:
    """Lines of JSON; an error on the way is the last one."""

    async def guarded() -> AsyncIterator[str]:
        try:
            async with aclosing(lines):
                async for line in lines:
                    yield line
        except StudioError as error:
            yield json.dumps(body_of(error)) + "\n"

    return StreamingResponse(guarded(), media_type="application/x-ndjson")


def _said(studio: Services, record: ModelRecord) -> ModelRecord:
    studio.hub.publish(ModelsChanged())
    return record
