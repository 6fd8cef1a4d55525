"""A daemon that only pretends: the real wire, made-up work."""

import asyncio
import threading
import time
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import invoke_tui
from invoke_tui.domain import events
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.gallery.replay import Recalled
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord, ModelType
from invoke_tui.domain.models.tools import missing_tool
from invoke_tui.domain.request.forecast import Forecast
from invoke_tui.domain.request.parameters import GenerationRequest, ResolvedRequest
from invoke_tui.domain.request.presets import Preset
from invoke_tui.domain.running.device import ComponentUse, MemoryUse, WorkerStatus
from invoke_tui.domain.running.machine import DiskUse, GpuUse, MachineUse, NodeTime
from invoke_tui.domain.running.queue import EnqueueResult, ItemStatus, QueueCounts, QueueItem, QueuePage
from invoke_tui.domain.running.status import StudioStatus
from invoke_tui.nodes.recall import request_from_metadata
from tests.cli.fake_gallery import FakeGallery

GB = 2**30
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def drawn(name: str) -> bytes:
    """A green PNG that says its name."""
    text = PngInfo()
    text.add_text("invokeai_metadata", f'{{"name": "{name}"}}')
    data = BytesIO()
    Image.new("RGB", (64, 64), (10, 200, 30)).save(data, "PNG", pnginfo=text)
    return data.getvalue()


class FakeStudio:
    """Serves on a socket in a thread of its own. ``outcome`` decides what becomes of work."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.presets: list[Preset] = []
        self.outcome = "completed"  # completed, failed, mixed, hang, vanish, hang up
        self.items: dict[int, QueueItem] = {}
        self.images: dict[str, ImageRecord] = {}
        self.gallery = FakeGallery(self.images, drawn)
        self.models: list[ModelRecord] = []
        self.requests: list[GenerationRequest] = []
        self.fronts: list[bool] = []
        self.uploads: list[tuple[str, str, bytes]] = []
        self.paused = False
        self.refuse: dict[str, Any] | None = None
        self.streams = 0
        self.components: tuple[ComponentUse, ...] = ()
        self.memory_asked: list[tuple[str, dict[str, Any]]] = []
        self._server = uvicorn.Server(
            uvicorn.Config(self._app(), uds=str(socket), log_level="error", lifespan="off")
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)
        self.socket.unlink(missing_ok=True)

    def add_model(self, name: str, **changes: Any) -> ModelRecord:
        values: dict[str, Any] = {
            "key": f"key-{name}",
            "hash": "blake3:0",
            "name": name,
            "base": BaseModelType.SD1,
            "type": ModelType.MAIN,
            "format": ModelFormat.DIFFUSERS,
            "path": f"/models/{name}",
            "file_size": 2_100_000_000,
        }
        self.models.append(ModelRecord(**(values | changes)))
        return self.models[-1]

    def counts(self) -> QueueCounts:
        states = [item.status.value for item in self.items.values()]
        return QueueCounts(**{name: states.count(name) for name in QueueCounts.model_fields})

    def _enqueue(self, request: GenerationRequest) -> EnqueueResult:
        first = len(self.items) + 1
        seed = 1000 if request.seed is None else request.seed
        for number in range(request.count):
            resolved = ResolvedRequest(
                positive_prompt=request.positive_prompt, negative_prompt=request.negative_prompt, model="m",
                width=request.width or 64, height=request.height or 64, steps=request.steps or 3,
                cfg_scale=request.cfg_scale or 7.5, cfg_rescale_multiplier=0, scheduler=request.scheduler or "euler",
                seed=seed + number, clip_skip=request.clip_skip,
            )  # fmt: skip
            self.items[first + number] = QueueItem(
                item_id=first + number, batch_id="batch", session_id=f"s{first + number}", created_at=NOW,
                status=ItemStatus.PENDING, prompt=request.positive_prompt, request=resolved,
            )  # fmt: skip
        ids = list(range(first, first + request.count))
        seeds = [seed + n for n in range(request.count)]
        return EnqueueResult(batch_id="batch", item_ids=ids, seeds=seeds, per_request=[request.count])

    def _finish(self, item: QueueItem, status: ItemStatus) -> QueueItem:
        changes: dict[str, Any] = {"status": status, "attempts": 1}
        if status is ItemStatus.COMPLETED:
            name = f"picture-{item.item_id}.png"
            self.images[name] = ImageRecord(
                image_name=name, path=f"/gallery/{name}", width=64, height=64, item_id=item.item_id,
                created_at=NOW, metadata={"seed": item.seed, "positive_prompt": item.prompt},
            )  # fmt: skip
            changes["images"] = (name,)
        if status is ItemStatus.FAILED:
            changes |= {"error": "out of memory", "hint": "Use a smaller picture."}
        self.items[item.item_id] = item.model_copy(update=changes)
        return self.items[item.item_id]

    def _snapshot(self) -> events.Snapshot:
        return events.Snapshot(counts=self.counts(), paused=self.paused, running=[], workers=[])

    async def _tell(self, stream: WebSocket) -> None:
        async def send(event: events.Event) -> None:
            await stream.send_bytes(events.EVENT.dump_json(event))

        await send(self._snapshot())
        if self.outcome == "hang up" and self.streams < 3:
            return
        if self.outcome == "hang":
            await asyncio.sleep(60)
        for item in [item for item in self.items.values() if not item.status.finished]:
            await send(
                events.Progress(
                    item_id=item.item_id, attempt=1, node_id="n", node_type="denoise_latents",
                    message="Denoising", step=1, total=3, rate=2.0, eta=1.0,
                )
            )  # fmt: skip
            if self.outcome == "vanish":
                del self.items[item.item_id]
                await send(events.QueueChanged(counts=self.counts(), paused=False, note="cleared"))
                continue
            bad = self.outcome == "failed" or (self.outcome == "mixed" and item.item_id % 2 == 0)
            status = {"canceled": ItemStatus.CANCELED}.get(self.outcome, ItemStatus.COMPLETED)
            done = self._finish(item, ItemStatus.FAILED if bad else status)
            await send(events.ItemChanged(item=done, counts=self.counts()))
        await asyncio.sleep(60)

    def _app(self) -> FastAPI:
        app = FastAPI()
        api = "/api/v1"

        @app.get(f"{api}/status")
        async def status() -> StudioStatus:
            worker = WorkerStatus(
                pid=7,
                device="cuda:0",
                state="idle",
                memory=MemoryUse(
                    vram_used=3_000_000_000, vram_total=8 * GB, process_rss=10**9, components=self.components
                ),
            )
            return StudioStatus(
                running=True, pid=6, socket=str(self.socket), version=invoke_tui.__version__, uptime=120,
                workers=[worker], counts=self.counts(), paused=self.paused,
            )  # fmt: skip

        @app.post(f"{api}/queue/enqueue")
        async def enqueue(request: Request) -> Response:
            body = await request.json()
            if self.refuse:
                return JSONResponse(self.refuse, status_code=400)
            asked = GenerationRequest.model_validate(body["request"])
            self.requests.append(asked)
            self.fronts.append(body["front"])
            result = self._enqueue(asked)
            for one in body.get("more", []):
                self.requests.append(GenerationRequest.model_validate(one))
                other = self._enqueue(self.requests[-1])
                result = EnqueueResult(
                    batch_id=result.batch_id,
                    item_ids=result.item_ids + other.item_ids,
                    seeds=result.seeds + other.seeds,
                    per_request=result.per_request + other.per_request,
                )
            return Response(result.model_dump_json(), media_type="application/json")

        @app.post(f"{api}/pictures/recall", response_model_exclude_unset=True)
        async def recall(request: Request) -> Recalled:
            metadata = (await request.json())["metadata"]
            recalled, differences = request_from_metadata(metadata, self.models)
            return Recalled(request=recalled, differences=differences)

        @app.get(f"{api}/presets")
        async def presets() -> list[Preset]:
            return self.presets

        @app.get(f"{api}/queue")
        async def queue(status: str | None = None, limit: int = 50, before: int | None = None) -> QueuePage:
            ids = sorted((i for i in self.items if before is None or i < before), reverse=True)
            found = [self.items[i] for i in ids if status in (None, self.items[i].status.value)]
            following = found[limit - 1].item_id if len(found) > limit else None
            return QueuePage(items=found[:limit], counts=self.counts(), paused=self.paused, next=following)

        @app.get(api + "/queue/{item_id}")
        async def item(item_id: int) -> Response:
            if item_id not in self.items:
                error = {"code": "item_not_found", "message": f"there is no item {item_id}", "hint": ""}
                return JSONResponse({"error": error, "exit_code": 3}, status_code=404)
            return Response(self.items[item_id].model_dump_json(), media_type="application/json")

        @app.post(api + "/queue/{action}")
        async def act(action: str, request: Request) -> dict[str, Any]:
            if action in ("pause", "resume"):
                self.paused = action == "pause"
                return {}
            ids = (await request.json()).get("item_ids", list(self.items))
            changed = [i for i in ids if i in self.items]
            for item_id in changed:
                if action == "cancel":
                    self._finish(self.items[item_id], ItemStatus.CANCELED)
                elif action in ("clear", "prune"):
                    del self.items[item_id]
            return {"changed": len(changed)}

        @app.post(f"{api}/images/upload")
        async def upload(request: Request, name: str = "", category: str = "user") -> ImageRecord:
            self.uploads.append((name, category, await request.body()))
            made = {"image_name": f"upload-{len(self.uploads)}.png", "image_category": category}
            return ImageRecord(path=f"/pictures/{name}", width=64, height=64, created_at=NOW, **made)

        @app.get(api + "/images/{name}/thumbnail")
        async def thumbnail(name: str) -> Response:
            return Response(drawn(name), media_type="image/png")

        app.include_router(self.gallery.router())

        @app.get(api + "/images/{name}/preprocessed/{preprocessor}")
        async def preprocessed(name: str, preprocessor: str) -> Response:
            if preprocessor == "hed":
                error = missing_tool("hed", "The preprocessor hed")
                return JSONResponse({"error": error.as_json(), "exit_code": 3}, status_code=404)
            return await thumbnail(f"{preprocessor} of {name}")

        @app.get(f"{api}/models")
        async def models() -> list[ModelRecord]:
            return self.models

        @app.post(f"{api}/forecast")
        async def forecast(request: GenerationRequest) -> Forecast:
            self.requests.append(request)
            return Forecast(
                model="sdxl", device="cuda:0", bytes_needed=10 * GB, bytes_available=8 * GB, sizes="measured",
                streamed_share=0.31, fits=True, seconds_per_step=1.4, seconds=42, speed="measured",
                sentence="needs 9.8 of 8.0 GB, 31 % will stream, about 1.4 s/step",
            )  # fmt: skip

        @app.get(f"{api}/machine")
        async def machine() -> MachineUse:
            return MachineUse(
                cpu=12, cores=4, ram_used=6 * GB, ram_total=16 * GB, swap_used=0, swap_total=0,
                disks=(DiskUse(label="models", path="/srv/models", free=4 * 10**11, total=10**12),),
                gpus=(GpuUse(index=0, name="NVIDIA H200", load=97, temperature=64),),
            )  # fmt: skip

        @app.get(f"{api}/machine/nodes")
        async def nodes() -> list[NodeTime]:
            return [NodeTime(node_type="denoise_latents", runs=2, mean=6.5, last=6.25)]

        @app.post(api + "/memory/{what}")
        async def change_memory(what: str, request: Request) -> dict[str, int]:
            self.memory_asked.append((what, await request.json()))
            return {"workers": 1}

        @app.post(f"{api}/shutdown")
        async def shutdown(response: Response) -> dict[str, Any]:
            # A process that ends closes what it had accepted. A thread does not: let nobody in any more.
            self.socket.unlink(missing_ok=True)
            response.headers["Connection"] = "close"
            self._server.should_exit = True
            return {}

        @app.websocket(f"{api}/events")
        async def stream(socket: WebSocket) -> None:
            await socket.accept()
            self.streams += 1
            try:
                await self._tell(socket)
                await socket.close()
            except (WebSocketDisconnect, asyncio.CancelledError):
                return

        return app
