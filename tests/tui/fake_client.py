"""A studio in memory with the client's interface: it draws gradients instead of running a model."""

from __future__ import annotations

import asyncio
import base64
import io
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from PIL import Image

from invoke_tui.domain.errors import NotFoundError, UnreachableError
from invoke_tui.domain.events import (
    Event,
    ImageAdded,
    ItemChanged,
    Preview,
    Progress,
    QueueChanged,
    Snapshot,
    StudioStopping,
)
from invoke_tui.domain.gallery.images import ImageRecord, Thumbnail
from invoke_tui.domain.gallery.replay import Recalled
from invoke_tui.domain.models.tokenizers import ModelTokenizers, TokenizerDefinition
from invoke_tui.domain.request.parameters import GenerationRequest, ResolvedRequest
from invoke_tui.domain.running.device import DeviceChoice, MemoryUse, WorkerStatus
from invoke_tui.domain.running.queue import EnqueueResult, ItemStatus, QueueCounts, QueueItem, QueuePage
from invoke_tui.nodes.recall import request_from_metadata
from tests.tui.fake_gallery import FakeGallery
from tests.tui.fake_keeping import FakeKeeping
from tests.tui.fake_library import FakeLibrary
from tests.tui.fake_memory import FakeMemory
from tests.tui.fake_models import FakeModels, a_model
from tests.tui.fake_pictures import FakePictures
from tests.tui.fake_prompts import FakePrompts

GIB = 2**30


def paint(seed: int, width: int = 128, height: int = 128, blur: float = 0.0) -> bytes:
    """A picture that depends on its seed: soft hills under a sun; ``blur`` 1 is noise only."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    hue = rng.random(3) * 0.5 + 0.35
    sky = np.stack([hue[c] * 255 * (1 - 0.6 * y / height) for c in range(3)], -1)
    sx, sy, r = rng.uniform(0.2, 0.8) * width, rng.uniform(0.15, 0.4) * height, 0.11 * width
    sun = np.clip((r - np.hypot(x - sx, y - sy)) / 2, 0, 1)[..., None]
    sky = sky * (1 - sun) + np.array([255, 226, 150]) * sun
    for layer in range(3):
        base = height * (0.5 + 0.16 * layer)
        line = base + 0.06 * height * np.sin(x / width * rng.uniform(4, 11) + rng.uniform(0, 6))
        mask = np.clip(y - line, 0, 1)[..., None]
        colour = rng.random(3) * np.array([70, 110, 90]) * (1 - 0.25 * layer) + 25
        sky = sky * (1 - mask) + colour * mask
    if blur:
        sky = sky * (1 - blur) + rng.random((height, width, 3)) * 255 * blur
    out = io.BytesIO()
    Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


class FakeClient(FakeModels, FakeMemory, FakePrompts, FakeLibrary, FakeGallery, FakePictures, FakeKeeping):
    """What the tests attach to the app. ``step_time`` 0 makes pictures at once; ``auto`` False waits for ``work``."""

    def __init__(self, *, step_time: float = 0.0, steps: int = 4, auto: bool = True) -> None:
        super().__init__()
        FakeMemory.__init__(self)
        FakePrompts.__init__(self)
        FakeLibrary.__init__(self)
        FakePictures.__init__(self)
        FakeGallery.__init__(self)
        FakeKeeping.__init__(self)
        self.step_time = step_time
        self.steps = steps
        self.auto = auto
        self.items: dict[int, QueueItem] = {}
        self.pictures: dict[str, tuple[ImageRecord, bytes]] = {}
        self.encoders = (TokenizerDefinition(encoder="CLIP-L", limit=75, chunks=True),)
        self.vectors: dict[str, int] = {}
        self.records = [a_model(), a_model("sdxl-base 1.0", "sdxl-key")]
        self.paused = False
        self.requests: list[GenerationRequest] = []
        self.calls: list[tuple[Any, ...]] = []
        self.fail_next = ""
        self.warnings: list[str] = []
        self._ids = itertools.count(1)
        self._sequence = itertools.count(1)
        self._listeners: list[asyncio.Queue[Event | None]] = []
        self._work: asyncio.Task[None] | None = None
        self.worker = WorkerStatus(
            pid=77,
            device="cpu",
            state="idle",
            choice=DeviceChoice(
                device="cpu",
                kind="cpu",
                name="CPU (2 cores)",
                precision="float32",
                device_reason="no GPU",
                precision_reason="CPU",
            ),
            memory=MemoryUse(ram_used=6 * GIB, ram_total=16 * GIB, process_rss=GIB),
        )

    async def recall(
        self, metadata: dict[str, Any], substitutes: Mapping[str, str] | None = None
    ) -> Recalled:
        """As the daemon does, but for pictures, which are all there."""
        request, differences = request_from_metadata(metadata, self.records, substitutes)
        return Recalled(request=request, differences=differences)

    # -- events ---------------------------------------------------------------------------------------------------

    def send(self, event: Event) -> None:
        """Tell every listener."""
        event = event.model_copy(update={"sequence": next(self._sequence)})
        for listener in self._listeners:
            listener.put_nowait(event)

    async def events(self, since: int = 0) -> AsyncIterator[Event]:
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners.append(queue)
        running = [item for item in self.items.values() if item.status is ItemStatus.IN_PROGRESS]
        try:
            yield Snapshot(counts=self.counts, paused=self.paused, running=running, workers=[self.worker])
            while (event := await queue.get()) is not None:
                yield event
            raise UnreachableError("The studio went away.")
        finally:
            self._listeners.remove(queue)

    def drop(self) -> None:
        """The daemon goes."""
        self.send(StudioStopping(reason="test"))
        for listener in self._listeners:
            listener.put_nowait(None)

    async def close(self) -> None:
        if self._work is not None and not self._listeners:
            self._work.cancel()

    async def tokenizers(self, model: str | None = None, **_parts: str | None) -> ModelTokenizers:
        """CLIP's, whatever the model."""
        return ModelTokenizers(encoders=self.encoders, embeddings=self.vectors)

    # -- the queue ------------------------------------------------------------------------------------------------

    @property
    def counts(self) -> QueueCounts:
        values: dict[str, int] = {}
        for item in self.items.values():
            values[item.status.value] = values.get(item.status.value, 0) + 1
        return QueueCounts(**values)

    def put(self, item: QueueItem, note: str = "") -> None:
        """Change an item and tell."""
        self.items[item.item_id] = item
        self.send(ItemChanged(item=item, counts=self.counts, note=note))

    async def enqueue(
        self, request: GenerationRequest, *more: GenerationRequest, front: bool = False
    ) -> EnqueueResult:
        if self.refuse_next is not None:
            error, self.refuse_next = self.refuse_next, None
            raise error
        each = [await self._enqueue_one(one) for one in (request, *more)]
        if self.auto and (self._work is None or self._work.done()):
            self._work = asyncio.get_running_loop().create_task(self._work_off())
        return EnqueueResult(
            batch_id="b",
            item_ids=[item_id for ids, _ in each for item_id in ids],
            seeds=[seed for _, seeds in each for seed in seeds],
            warnings=self.warnings,
        )

    async def _enqueue_one(self, request: GenerationRequest) -> tuple[list[int], list[int]]:
        self.requests.append(request)
        ids, seeds = [], []
        for number in range(request.count):
            item_id = next(self._ids)
            seed = (request.seed if request.seed is not None else 1000 + item_id) + number
            resolved = ResolvedRequest(
                positive_prompt=request.positive_prompt,
                negative_prompt=request.negative_prompt,
                model=request.model or "starter-key",
                width=request.width or 128,
                height=request.height or 128,
                steps=request.steps or self.steps,
                cfg_scale=request.cfg_scale or 4.0,
                cfg_rescale_multiplier=0,
                scheduler=request.scheduler or "euler",
                seed=seed,
                clip_skip=request.clip_skip,
            )
            self.put(
                QueueItem(
                    item_id=item_id,
                    batch_id="b",
                    session_id=f"s{item_id}",
                    status=ItemStatus.PENDING,
                    prompt=request.positive_prompt,
                    request=resolved,
                    created_at=datetime.now(UTC),
                )
            )
            ids.append(item_id)
            seeds.append(seed)
        return ids, seeds

    async def _work_off(self) -> None:
        while not self.paused:
            pending = [item for item in self.items.values() if item.status is ItemStatus.PENDING]
            if not pending:
                return
            await self.work(pending[0].item_id)

    async def work(self, item_id: int) -> None:
        """Make one picture, telling about every step."""
        item = self.items[item_id]
        request = item.request
        assert request is not None
        item = item.model_copy(
            update={
                "status": ItemStatus.IN_PROGRESS,
                "attempts": item.attempts + 1,
                "started_at": datetime.now(UTC),
            }
        )
        self.put(item)
        size = (request.width, request.height)
        for step in range(1, self.steps + 1):
            await asyncio.sleep(self.step_time)
            if self.items[item_id].status is not ItemStatus.IN_PROGRESS:
                return
            left = (self.steps - step) * self.step_time
            self.send(
                Progress(
                    item_id=item_id,
                    attempt=item.attempts,
                    node_id="d",
                    node_type="denoise_latents",
                    message="Denoising",
                    step=step,
                    total=self.steps,
                    rate=1 / (self.step_time or 0.1),
                    eta=left,
                )
            )
            data = paint(request.seed, size[0] // 2, size[1] // 2, blur=1 - step / self.steps)
            self.send(
                Preview(
                    item_id=item_id,
                    attempt=item.attempts,
                    step=step,
                    total=self.steps,
                    width=size[0],
                    height=size[1],
                    data=base64.b64encode(data).decode(),
                )
            )
        if self.fail_next:
            self.put(
                item.model_copy(
                    update={
                        "status": ItemStatus.FAILED,
                        "error": self.fail_next,
                        "hint": "Try a smaller size.",
                        "finished_at": datetime.now(UTC),
                    }
                )
            )
            self.fail_next = ""
            return
        name = f"picture-{item_id}.png"
        record = ImageRecord(
            image_name=name,
            path=f"/outputs/images/{name}",
            width=size[0],
            height=size[1],
            item_id=item_id,
            created_at=datetime.now(UTC),
            metadata={
                "positive_prompt": request.positive_prompt,
                "negative_prompt": request.negative_prompt,
                "seed": request.seed,
                "steps": request.steps,
                "scheduler": request.scheduler,
                "cfg_scale": request.cfg_scale,
                "width": size[0],
                "height": size[1],
                "model": {"key": request.model, "name": "starter"},
            },
        )
        self.pictures[name] = (record, paint(request.seed, *size))
        self.revision += 1
        self.send(ImageAdded(image=record))
        self.put(
            item.model_copy(
                update={"status": ItemStatus.COMPLETED, "finished_at": datetime.now(UTC), "images": (name,)}
            )
        )

    async def queue(
        self, *, status: ItemStatus | None = None, limit: int = 50, before: int | None = None
    ) -> QueuePage:
        found = [
            item
            for item in sorted(self.items.values(), key=lambda item: -item.item_id)
            if (status is None or item.status is status) and (before is None or item.item_id < before)
        ]
        page = found[:limit]
        return QueuePage(
            items=page,
            counts=self.counts,
            paused=self.paused,
            next=page[-1].item_id if len(found) > limit else None,
        )

    async def cancel(self, item_ids: Sequence[int]) -> int:
        self.calls.append(("cancel", *item_ids))
        for item_id in item_ids:
            self.put(self.items[item_id].model_copy(update={"status": ItemStatus.CANCELED}))
        return len(item_ids)

    async def retry(self, item_ids: Sequence[int]) -> int:
        self.calls.append(("retry", *item_ids))
        return len(item_ids)

    async def delete(self, item_ids: Sequence[int]) -> int:
        self.calls.append(("delete", *item_ids))
        for item_id in item_ids:
            self.items.pop(item_id)
        self.send(QueueChanged(counts=self.counts, paused=self.paused))
        return len(item_ids)

    async def clear(self) -> int:
        self.calls.append(("clear",))
        count = len(self.items)
        self.items.clear()
        self.send(QueueChanged(counts=self.counts, paused=self.paused))
        return count

    async def prune(self) -> int:
        self.calls.append(("prune",))
        done = [item_id for item_id, item in self.items.items() if item.status.finished]
        for item_id in done:
            self.items.pop(item_id)
        self.send(QueueChanged(counts=self.counts, paused=self.paused))
        return len(done)

    async def pause(self) -> None:
        self.paused = True
        self.send(QueueChanged(counts=self.counts, paused=True))

    async def resume(self) -> None:
        self.paused = False
        self.send(QueueChanged(counts=self.counts, paused=False))

    async def move(self, item_id: int, to: str) -> None:
        self.calls.append(("move", item_id, to))

    # -- pictures -------------------------------------------------------------------------------------------------

    async def image_file(self, name: str) -> bytes:
        return self.pictures[name][1] if name in self.pictures else self.small_picture(name)

    async def thumbnail(self, name: str) -> bytes:
        return self.pictures[name][1] if name in self.pictures else self.small_picture(name)

    async def thumbnails(self, names: Sequence[str]) -> AsyncIterator[Thumbnail]:
        for name in names:
            try:
                yield Thumbnail(image_name=name, data=await self.thumbnail(name))
            except NotFoundError:
                yield Thumbnail(image_name=name, problem="missing")
