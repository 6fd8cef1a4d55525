"""Asking for pictures and steering the queue."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.events import ModelsChanged
from invoke_tui.domain.request.parameters import GenerationRequest, ResolvedRequest
from invoke_tui.domain.request.upscaling import UpscaleRequest
from invoke_tui.domain.running.queue import Batch, EnqueueResult, ItemStatus, QueueItem, QueuePage
from invoke_tui.studio.queue.order import MoveTo
from invoke_tui.studio.queue.rows import NewItem
from invoke_tui.studio.requests.expand import expand, expand_batch
from invoke_tui.studio.requests.upscaling import upscale_items
from invoke_tui.studio.services import Given

router = APIRouter(prefix="/queue", tags=["queue"])
ItemId = Annotated[int, Field(ge=1, lt=2**63)]
MOST_WARNINGS: Final = 20


class EnqueueBody(Record):
    """A request for pictures; ``front`` puts them before everything pending. ``more`` are made in the same batch."""

    request: GenerationRequest
    more: list[GenerationRequest] = Field(default_factory=list, max_length=10_000)
    front: bool = False


class BatchBody(Record):
    """InvokeAI's batch."""

    batch: Batch
    front: bool = False


class UpscaleBody(Record):
    """Pictures to be made larger; ``front`` puts them before everything pending."""

    request: UpscaleRequest
    front: bool = False


class ItemsBody(Record):
    """The items a command is about."""

    item_ids: list[ItemId] = Field(max_length=100_000)


class MoveBody(Record):
    """Where a pending item goes."""

    item_id: ItemId
    to: MoveTo


class Changed(Record):
    """How many items a command changed; ``item_ids`` are the new items of a retry."""

    changed: int
    item_ids: list[int] = Field(default_factory=list)


@router.post("/enqueue")
async def enqueue(body: EnqueueBody, studio: Given) -> EnqueueResult:
    """Expand requests and enqueue their pictures, all or none."""
    before = studio.models.revision
    requests = [body.request, *body.more]
    resolved: list[ResolvedRequest] = []
    per_request: list[int] = []
    warnings: list[str] = []
    for request in requests:
        room = studio.settings.max_queue_size - len(resolved)
        made = await expand(
            request, studio.models, studio.library, gallery=studio.gallery, limit=room, warnings=warnings
        )
        resolved += made
        per_request.append(len(made))
    if studio.models.revision != before:
        studio.hub.publish(ModelsChanged())
    items = [NewItem(request=request, origin="generate") for request in resolved]
    result = await studio.queue.enqueue(items, front=body.front)
    await studio.prompt_history.note(requests)
    return result.model_copy(update={"warnings": warnings[:MOST_WARNINGS], "per_request": per_request})


@router.post("/batch")
async def enqueue_batch(body: BatchBody, studio: Given) -> EnqueueResult:
    """Enqueue the sessions of a batch, all or none."""
    items = expand_batch(body.batch, studio.settings)
    return await studio.queue.enqueue(items, batch_id=body.batch.batch_id, front=body.front)


@router.post("/upscale")
async def enqueue_upscale(body: UpscaleBody, studio: Given) -> EnqueueResult:
    """Enqueue pictures to be made larger, all or none."""
    items = await upscale_items(body.request, studio)
    return await studio.queue.enqueue(items, front=body.front)


@router.get("")
async def page(
    studio: Given,
    status: ItemStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    before: int | None = None,
) -> QueuePage:
    """A page of items, newest first."""
    return await studio.queue.page(status, limit, before)


@router.get("/{item_id}")
async def item(item_id: ItemId, studio: Given) -> QueueItem:
    """One item."""
    return await studio.queue.item(item_id)


@router.post("/cancel")
async def cancel(body: ItemsBody, studio: Given) -> Changed:
    """Cancel pending and running items."""
    return Changed(changed=await studio.queue.cancel(body.item_ids), item_ids=body.item_ids)


@router.post("/retry")
async def retry(body: ItemsBody, studio: Given) -> Changed:
    """Enqueue failed and canceled items again."""
    new = await studio.queue.retry(body.item_ids)
    return Changed(changed=len(new), item_ids=new)


@router.post("/delete")
async def delete(body: ItemsBody, studio: Given) -> Changed:
    """Remove items, canceling the running ones."""
    return Changed(changed=await studio.queue.delete(body.item_ids))


@router.post("/clear")
async def clear(studio: Given) -> Changed:
    """Remove every item."""
    return Changed(changed=await studio.queue.delete(None))


@router.post("/prune")
async def prune(studio: Given) -> Changed:
    """Remove the finished items."""
    return Changed(changed=await studio.queue.prune())


@router.post("/pause")
async def pause(studio: Given) -> Changed:
    """Start nothing more."""
    await studio.queue.pause()
    return Changed(changed=1)


@router.post("/resume")
async def resume(studio: Given) -> Changed:
    """Go on."""
    await studio.queue.resume()
    return Changed(changed=1)


@router.post("/move")
async def move(body: MoveBody, studio: Given) -> Changed:
    """Change a pending item's place."""
    await studio.queue.move(body.item_id, body.to)
    return Changed(changed=1)
