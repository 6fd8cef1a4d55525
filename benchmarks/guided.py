"""What steering costs: runs that are guided by more than a prompt, against the forward passes they are made of.

    python -m benchmarks.guided [--cases img2img inpaint ...] [--runs 7] [--steps 12] [--size 256] [--json]

The starter model and its companions, on one core, in this process. A case runs as the engine runs it: the picture is
encoded where there is one, the latents are denoised and decoded. Its ratio is its processor time over that of the calls
of VAE, UNet and ControlNet within it, the median of the runs; the worst case counts.

``bare_ratio`` shows that the calls themselves are no slower than without the engine around them: the median run over
the median of as many bare calls, by turns, for processor and wall. It sways with what else runs on the machine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from benchmarks.figures import median, parser, report, rounded
from benchmarks.text_job import part, text_job, unet
from invoke_tui.domain.graph.fields import LoRAField, VAEField
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord, ModelType
from invoke_tui.domain.protocol import EngineSettings
from invoke_tui.engine.engine import Engine
from invoke_tui.engine.hooks import SilentHooks
from invoke_tui.engine.jobs import Control, DenoiseJob, DenoiseMask
from invoke_tui.starter.assemble import assemble
from invoke_tui.starter.layout import MODEL_DIR

TARGET: Final = 1.03
PROMPT: Final = "a red circle on a blue background"
START: Final = 0.25
"""Where the runs that begin with a picture start: a strength of 0.75."""
LORAS: Final = ("sticker-1", "sticker-2", "sticker-3")


class Counter(SilentHooks):
    """Hears how many calls of the model the newest run makes."""

    calls = 0

    def progress(self, step: int, total: int, message: str) -> None:
        """Called after every call."""
        if message == "Denoising":
            self.calls = total


@dataclass(frozen=True)
class Case:
    """One way to steer: what the engine does (``ours``), and the calls that this is made of (``bare``)."""

    name: str
    ours: Callable[[], object]
    bare: Callable[[], object]


@dataclass(frozen=True)
class Sample:
    """Seconds; ``calls`` are the processor's within models."""

    processor: float
    wall: float
    calls: float


class Bench:
    """The engine with the starter and its companions, and what all cases share."""

    def __init__(self, folder: Path, main: Path, *, steps: int, size: int) -> None:
        self._engine = Engine(EngineSettings(device="cpu", preview_every=0), lambda level, message: None)
        self._size, self._hooks, self._in_calls = size, Counter(), 0.0
        sticker = assemble("sticker", folder / "sticker")
        records = [
            _record("starter", main, ModelType.MAIN),
            _record("inpaint", assemble("inpaint", folder / "inpaint"), ModelType.MAIN),
            _record("canny", assemble("canny", folder / "canny"), ModelType.CONTROLNET),
            *(_record(key, sticker, ModelType.LORA) for key in LORAS),
        ]
        self._models = {record.key: record.identifier() for record in records}
        self._engine.use_models({record.key: record for record in records})
        self._job = text_job(
            self._engine,
            self._models["starter"],
            prompt=PROMPT,
            size=size,
            steps=steps,
            scale=5.0,
            scheduler="euler",
        )
        self._vae = VAEField(vae=part(self._models["starter"], "vae"))
        self._picture = Image.effect_noise((size, size), 80).convert("RGB")
        self._mask = Image.new("L", (size, size), 255)
        ImageDraw.Draw(self._mask).ellipse((size // 4, size // 4, 3 * size // 4, 3 * size // 4), fill=0)

    def cases(self, stack: ExitStack) -> Iterator[Case]:
        """Every case; the models of the bare calls stay loaded until ``stack`` is closed."""
        store, job = self._engine._store, self._job
        plain, inpaint = (
            stack.enter_context(store.use(part(self._models[name], "unet"), "unet"))
            for name in ("starter", "inpaint")
        )
        vae = stack.enter_context(store.use(self._vae.vae, "vae", dtype=torch.float32))
        canny = stack.enter_context(store.use(self._models["canny"], "controlnet"))
        for model, name in (
            (plain, "forward"),
            (inpaint, "forward"),
            (canny, "forward"),
            (vae, "encode"),
            (vae, "decode"),
        ):
            self._clock(model, name)
        started = replace(job, denoising_start=START)

        def case(name: str, ours: Callable[[], DenoiseJob], bare: Callable[[], object]) -> Case:
            return Case(name, lambda: self._draw(ours()), bare)

        yield case("text", lambda: job, self._calls(plain, vae))
        yield case(
            "img2img",
            lambda: replace(started, latents=self._latents()),
            self._calls(plain, vae, encoded=1),
        )
        yield case(
            "inpaint",
            lambda: replace(started, latents=self._latents(), mask=DenoiseMask(self._mask, gradient=True)),
            self._calls(plain, vae, encoded=1),
        )
        yield case(
            "inpaint_model",
            lambda: replace(
                started,
                model=unet(self._models["inpaint"]),
                latents=self._latents(),
                mask=DenoiseMask(self._mask, self._latents(hidden=True), gradient=True),
            ),
            self._calls(inpaint, vae, encoded=2),
        )
        yield case(
            "control",
            lambda: replace(job, controls=(Control(self._models["canny"], self._picture),)),
            self._calls(plain, vae, control=canny),
        )
        loras = [LoRAField(lora=self._models[key], weight=0.3) for key in LORAS]
        yield case(
            "three_loras",
            lambda: replace(job, model=job.model.model_copy(update={"loras": loras})),
            self._calls(plain, vae),
        )

    def measure(self, case: Case, runs: int) -> dict[str, Any]:
        """Both sides by turns; the first of each is thrown away."""
        taken = [(self._timed(case.ours), self._timed(case.bare)) for _ in range(runs + 1)][1:]
        ours, bare = ([pair[side] for pair in taken] for side in (0, 1))

        def over_bare(clock: str) -> float:
            ratio = median([getattr(one, clock) for one in ours]) / median(
                [getattr(one, clock) for one in bare]
            )
            return round(ratio, 4)

        return {
            "ratio": round(median([one.processor / one.calls for one in ours]), 4),
            "bare_ratio": {clock: over_bare(clock) for clock in ("processor", "wall")},
            "ours_s": rounded([one.processor for one in ours]),
            "calls_s": rounded([one.calls for one in ours]),
            "bare_s": rounded([one.processor for one in bare]),
        }

    def _timed(self, work: Callable[[], object]) -> Sample:
        self._in_calls = 0.0
        wall, processor = time.perf_counter(), time.process_time()
        work()
        return Sample(time.process_time() - processor, time.perf_counter() - wall, self._in_calls)

    def _clock(self, model: Any, name: str) -> None:
        """Count the time within a method of a model."""
        inner = getattr(model, name)

        def clocked(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            try:
                return inner(*args, **kwargs)
            finally:
                self._in_calls += time.process_time() - start

        setattr(model, name, clocked)

    def _latents(self, *, hidden: bool = False) -> Tensor:
        return self._engine.encode_image(
            self._picture,
            self._vae,
            fp32=True,
            tiled=False,
            tile_size=0,
            hidden=self._mask if hidden else None,
            hooks=self._hooks,
        )

    def _draw(self, job: DenoiseJob) -> object:
        latents = self._engine.denoise(job, self._hooks)
        return self._engine.decode(latents, self._vae, fp32=True, tiled=False, tile_size=0, hooks=self._hooks)

    def _calls(
        self, network: Any, vae: Any, *, encoded: int = 0, control: Any = None
    ) -> Callable[[], object]:
        """``encoded`` pictures through the VAE, the UNet for both prompts as often as the last run called it, and one
        picture out again."""
        pixels = torch.rand(1, 3, self._size, self._size)
        latents, timestep = self._job.noise, torch.tensor(500.0)
        assert latents is not None
        given = torch.randn(2, network.config.in_channels, *latents.shape[-2:])
        assert self._job.negative is not None
        states = torch.cat([self._job.negative.embeds, self._job.positive.embeds])

        @torch.no_grad()
        def work() -> None:
            for _ in range(encoded):
                vae.encode(pixels)
            for _ in range(self._hooks.calls):
                more = {} if control is None else steered()
                network(given, timestep, states, return_dict=False, **more)
            vae.decode(latents)

        def steered() -> dict[str, Any]:
            down, mid = control(given, timestep, states, pixels.repeat(2, 1, 1, 1), return_dict=False)
            return {"down_block_additional_residuals": down, "mid_block_additional_residual": mid}

        return work


def _record(key: str, path: Path, type_: ModelType) -> ModelRecord:
    return ModelRecord(
        key=key,
        hash="",
        name=key,
        base=BaseModelType.SD1,
        type=type_,
        format=ModelFormat.LYCORIS if type_ is ModelType.LORA else ModelFormat.DIFFUSERS,
        prediction_type="v_prediction",
        path=str(path),
        file_size=0,
    )


def main() -> int:
    """Measure and report."""
    arguments = parser(__doc__)
    arguments.add_argument("--steps", type=int, default=12)
    arguments.add_argument("--size", type=int, default=256)
    arguments.add_argument("--cases", nargs="+", default=[], help="only these")
    asked = arguments.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        bench = Bench(Path(folder), Path(asked.model or MODEL_DIR), steps=asked.steps, size=asked.size)
        found = {
            case.name: bench.measure(case, asked.runs)
            for case in bench.cases(stack)
            if not asked.cases or case.name in asked.cases
        }
    worst = max(one["ratio"] for one in found.values())
    details = {**found, "steps": asked.steps, "size": asked.size}
    return report("guided", worst, TARGET, details, as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
