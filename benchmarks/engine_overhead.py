"""What the studio adds to the denoise loop: daemon, worker, events and previews, against the bare loop.

    python -m benchmarks.engine_overhead [--runs 7] [--steps 20] [--size 512] [--json]

Ours: a picture made by the real daemon and worker with a preview after every step and one reader of all events
attached; the time runs from the event "step 0" to the event "last step" of the denoise node, as that reader gets
them. Bare: ``bare_loop.py`` in its own process with the worker's environment and niceness, the same UNet, precision,
scheduler, size and steps. They take turns; the ratio is that of the medians.

``engine_ratio`` leaves out processes: the same engine and loop within this process, previews encoded and thrown away.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL.Image import Image

from benchmarks.figures import median, parser, report, rounded
from benchmarks.studio import PATIENCE, TemporaryStudio
from invoke_tui.client import StudioClient
from invoke_tui.config.paths import locate
from invoke_tui.domain.events import Preview, Progress, Snapshot
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.schedulers import SchedulerName

TARGET = 1.02
SCALE = 6.0
SCHEDULER: SchedulerName = "ddim"
PROMPT = "a red circle"


class BareLoop:
    """``bare_loop.py`` as a process."""

    def __init__(self, request: dict[str, Any], worker_pid: int) -> None:
        raw = Path(f"/proc/{worker_pid}/environ").read_bytes().split(b"\0")
        environment = dict(entry.decode().split("=", 1) for entry in raw if b"=" in entry)
        niceness = os.getpriority(os.PRIO_PROCESS, worker_pid)
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("bare_loop.py")), json.dumps(request)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            preexec_fn=lambda: os.setpriority(os.PRIO_PROCESS, 0, niceness),
        )

    def run(self) -> float:
        """Seconds of one loop."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def bare_loop(request: dict[str, Any], worker_pid: int) -> Iterator[BareLoop]:
    """A warm bare loop."""
    process = BareLoop(request, worker_pid)
    try:
        process.run()
        yield process
    finally:
        process.close()


class Watcher:
    """One reader of all events that times the denoise node of an item."""

    def __init__(self, client: StudioClient) -> None:
        self._client = client
        self._starts: dict[int, float] = {}
        self._ends: dict[int, float] = {}
        self._changed = asyncio.Event()
        self._attached = asyncio.Event()
        self.previews = 0
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        async for event in self._client.events():
            match event:
                case Snapshot():
                    self._attached.set()
                case Preview():
                    self.previews += 1
                case Progress(node_type="denoise_latents") if event.step < event.total:
                    if event.step == 0:
                        self._starts[event.item_id] = time.perf_counter()
                case Progress() if (
                    event.item_id in self._starts
                ):  # the last step, or the next node in its place
                    self._ends.setdefault(event.item_id, time.perf_counter())
                    self._changed.set()

    async def attached(self) -> None:
        """Wait until events come in."""
        await self._attached.wait()

    async def denoising(self, item: int) -> float:
        """Seconds from the first to the last step of an item."""
        while item not in self._ends:
            self._changed.clear()
            change = asyncio.create_task(self._changed.wait())
            await asyncio.wait({change, self._task}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            if self._task.done():
                self._task.result()  # raises what ended the events
            if not change.done():
                raise TimeoutError("no picture was made")
        return self._ends[item] - self._starts[item]

    def close(self) -> None:
        """Stop reading."""
        self._task.cancel()


async def through_the_daemon(arguments: Any, studio: TemporaryStudio) -> dict[str, Any]:
    """Both sides in turn; everything about the runs."""
    async with await StudioClient.connect(locate(studio.root)) as client:
        watcher = Watcher(client)
        await watcher.attached()

        async def ours(seed: int) -> float:
            request = GenerationRequest(
                positive_prompt=PROMPT,
                model=studio.model,
                width=arguments.size,
                height=arguments.size,
                steps=arguments.steps,
                cfg_scale=SCALE,
                scheduler=SCHEDULER,
                seed=seed,
            )
            (item,) = (await client.enqueue(request)).item_ids
            seconds = await watcher.denoising(item)
            while not (await client.item(item)).status.finished:
                await asyncio.sleep(0.05)
            return seconds

        await ours(0)
        worker = (await client.status()).workers[0]
        records = [model for model in await client.models() if model.type == "main"]
        model = next((model for model in records if model.name == studio.model), records[0])
        assert worker.choice
        request = {
            "model": model.path,
            "precision": worker.choice.precision,
            "device": worker.choice.device,
            "size": arguments.size,
            "steps": arguments.steps,
            "scale": SCALE,
        }
        through: list[float] = []
        bare: list[float] = []
        watcher.previews = 0
        with bare_loop(request, worker.pid) as process:
            for run in range(1, arguments.runs + 1):  # a seed drawn before is taken from the cache
                through.append(await ours(run))
                bare.append(await asyncio.to_thread(process.run))
        watcher.close()
    return {
        "through": through,
        "bare": bare,
        "previews": watcher.previews,
        "model": model,
        "request": request,
    }


class ThrowAway:
    """Hooks that encode every preview, as the worker does, and keep nothing."""

    def check_cancel(self) -> None:
        """Never."""

    def progress(self, step: int, total: int, message: str) -> None:
        """Nothing."""

    def preview(self, image: Image, step: int, total: int, width: int, height: int) -> None:
        image.save(io.BytesIO(), "PNG", compress_level=1)


def within_one_process(arguments: Any, model: ModelRecord, request: dict[str, Any]) -> float:
    """Engine against loop, both here, in turn."""
    import torch
    from diffusers import DDIMScheduler, UNet2DConditionModel

    from benchmarks.bare_loop import loop
    from benchmarks.text_job import text_job
    from invoke_tui.domain.protocol import EngineSettings
    from invoke_tui.engine.engine import Engine

    engine = Engine(EngineSettings(), lambda level, message: None)
    engine.use_models({model.key: model})
    job = text_job(
        engine,
        model.identifier(),
        prompt=PROMPT,
        size=arguments.size,
        steps=arguments.steps,
        scale=SCALE,
        scheduler=SCHEDULER,
    )
    assert job.negative is not None
    hooks = ThrowAway()
    dtype = getattr(torch, request["precision"])
    unet = UNet2DConditionModel.from_pretrained(
        model.path, subfolder="unet", torch_dtype=dtype, low_cpu_mem_usage=False
    )
    unet = unet.to(request["device"]).eval()
    scheduler = DDIMScheduler.from_pretrained(model.path, subfolder="scheduler")
    states = torch.cat([job.negative.embeds, job.positive.embeds])
    assert job.noise is not None
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(arguments.runs + 1):
        start = time.perf_counter()
        engine.denoise(job, hooks).cpu()
        middle = time.perf_counter()
        loop(unet, scheduler, states, job.noise, arguments.steps, SCALE).cpu()
        ours.append(middle - start)
        bare.append(time.perf_counter() - middle)
    return median(ours[1:]) / median(bare[1:])


def main() -> int:
    flags = parser(__doc__)
    flags.add_argument("--steps", type=int, default=20)
    flags.add_argument("--size", type=int, default=512)
    arguments = flags.parse_args()
    with TemporaryStudio(model=arguments.model) as studio:
        studio.call("studio", "start")
        found = asyncio.run(through_the_daemon(arguments, studio))
        through, bare = found["through"], found["bare"]
        studio.stop()
        engine_ratio = within_one_process(arguments, found["model"], found["request"])
    details = {
        "engine_ratio": round(engine_ratio, 4),
        "through_s": round(median(through), 4),
        "bare_s": round(median(bare), 4),
        "added_ms_per_step": round((median(through) - median(bare)) / arguments.steps * 1000, 3),
        "previews_per_picture": found["previews"] / arguments.runs,
        **{name: found["request"][name] for name in ("size", "steps", "precision", "device")},
        "model": found["model"].name,
        "samples": {"through": rounded(through), "bare": rounded(bare)},
    }
    return report("engine_overhead", median(through) / median(bare), TARGET, details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
