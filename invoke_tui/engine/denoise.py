"""The one denoise loop: every family, every scheduler, whatever else steers it (``guides``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.embeds import Conditioning, join
from invoke_tui.engine.factors import RgbFactors
from invoke_tui.engine.families.base import Family
from invoke_tui.engine.guidance import guide, scales_by_call
from invoke_tui.engine.guides.base import Guide, ModelCall, Run
from invoke_tui.engine.hooks import RunHooks
from invoke_tui.engine.jobs import DenoiseJob
from invoke_tui.engine.preview import Previewer
from invoke_tui.engine.schedulers.schedule import Schedule
from invoke_tui.engine.windows import Window, blended, tiled_windows


@dataclass(frozen=True)
class Rig:
    """The loaded parts and ways of working a job is run with; ``preview_every`` 0 is no previews.

    ``dtype`` is the precision of ``model``, the UNet or transformer.
    """

    family: Family
    model: nn.Module
    schedule: Schedule
    device: torch.device
    dtype: torch.dtype
    rgb_factors: RgbFactors
    preview_every: int = 1
    preview_seconds: float = 0.0
    sequential_guidance: bool = False
    guides: Sequence[Guide] = ()


@torch.no_grad()
def denoise(job: DenoiseJob, rig: Rig, hooks: RunHooks) -> Tensor:
    """Run ``job`` and return its latents (float32, on the device, scaled as the model wants them).

    Latents are kept in float32 whatever precision the model has: the schedulers' arithmetic is then exact, and their
    noise the same numbers in every precision. Nothing in the loop waits for a GPU. Raises ``BadInputError``, and
    whatever ``hooks.check_cancel`` raises, between two steps.
    """
    schedule, total = rig.schedule, len(rig.schedule.timesteps)
    scales = scales_by_call(job.cfg_scale, total, schedule.first, schedule.order, job.steps)
    if not 0 <= job.cfg_rescale_multiplier < 1:
        raise BadInputError("CFG rescale lies between 0 and 1.", code="bad_cfg_rescale")
    run = _begin(job, rig)
    latents = run.start
    if not total:
        return latents

    predict = _Predictor(job, rig, hooks, run, guided=any(scale != 1 for scale in scales))
    pieces = max(1, len(run.windows))
    previewer = Previewer(
        rig.rgb_factors,
        hooks,
        every=rig.preview_every,
        seconds=rig.preview_seconds,
        total=total,
        pieces=pieces,
        scale=rig.family.pixels_per_latent,
    )
    timesteps = schedule.timesteps.to(rig.device)
    hooks.progress(0, total * pieces, "Denoising")
    for call in range(total):
        hooks.check_cancel()
        for steering in rig.guides:
            latents = steering.before(latents, call)
        prediction = predict(schedule.scale(latents, call), timesteps[call], scales[call], call)
        latents = schedule.step(prediction, call, latents)
        for steering in rig.guides:
            latents = steering.after(latents, call)
        if previewer.due(call + 1):
            previewer.show(_finished(rig), call + 1)
        hooks.progress((call + 1) * pieces, total * pieces, "Denoising")
    previewer.flush()
    for steering in rig.guides:
        latents = steering.end(latents)
    return latents


def _finished(rig: Rig) -> Tensor:
    """The finished latents as the last call sees them, for the preview."""
    finished = rig.schedule.finished()
    for steering in rig.guides:
        finished = steering.seen(finished)
    return finished


class _Predictor:
    """One guided prediction per call: both prompts in one batch, or one after the other with half the memory.

    Where a picture is drawn in tiles it is one for each, blended (MultiDiffusion: Bar-Tal et al., arXiv 2302.08113).
    """

    def __init__(self, job: DenoiseJob, rig: Rig, hooks: RunHooks, run: Run, *, guided: bool) -> None:
        self._hooks, self._calls, self._windows = hooks, run.calls, run.windows
        self._family, self._model, self._guidance = rig.family, rig.model, job.guidance
        self._guides = rig.guides
        self._channels = [guide.channels for guide in rig.guides if guide.channels is not None]
        self._rescale = job.cfg_rescale_multiplier
        self._positive = self._heard(job.positive.to(rig.device, rig.dtype), negative=False)
        self._negative: Conditioning | None = None
        self._both: Conditioning | None = None
        if not guided:
            return
        if job.negative is None:
            raise BadInputError(
                "Guidance needs a negative prompt.",
                hint="Set the CFG scale to 1, or connect a negative prompt.",
                code="no_negative",
            )
        self._negative = self._heard(job.negative.to(rig.device, rig.dtype), negative=True)
        if not rig.sequential_guidance:
            self._both = join(self._negative, self._positive)

    def __call__(self, latents: Tensor, timestep: Tensor, scale: float, call: int) -> Tensor:
        def piece(window: Window) -> Tensor:
            made = self._guided(window.of(latents), timestep, scale, call, window)
            self._hooks.check_cancel()
            self._count(call)
            return made

        if not self._windows:
            return self._guided(latents, timestep, scale, call)
        self._done = 0
        return blended(self._windows, piece)

    def _count(self, call: int) -> None:
        """A tile is done; the last one of a call is told by the loop."""
        self._done += 1
        pieces = len(self._windows)
        if self._done < pieces:
            self._hooks.progress(call * pieces + self._done, self._calls * pieces, "Denoising")

    def _guided(
        self, latents: Tensor, timestep: Tensor, scale: float, call: int, window: Window | None = None
    ) -> Tensor:
        def ask(latents: Tensor, conditioning: Conditioning, negatives: int = 0) -> Tensor:
            return self._predict(
                ModelCall(call, latents, timestep, conditioning, negatives, self._guidance, window)
            )

        if scale == 1 or self._negative is None:
            return ask(latents, self._positive)
        if self._both is None:
            negative, positive = ask(latents, self._negative, 1), ask(latents, self._positive)
        else:
            negative, positive = ask(torch.cat([latents] * 2), self._both, 1).chunk(2)
        return guide(negative, positive, scale, self._rescale)

    def _heard(self, prompt: Conditioning, *, negative: bool) -> Conditioning:
        for steering in self._guides:
            prompt = steering.hears(prompt, negative=negative)
        return prompt

    def _predict(self, call: ModelCall) -> Tensor:
        arguments: dict[str, Any] = {}
        for steering in self._guides:
            steering.ask(call, arguments)
        latents = call.latents
        if self._channels:
            beside = [call.window.of(more) if call.window else more for more in self._channels]
            latents = torch.cat([latents, *(more.expand(len(latents), -1, -1, -1) for more in beside)], dim=1)
        return self._family.predict(
            self._model, latents, call.timestep, call.conditioning, self._guidance, arguments
        )


def _begin(job: DenoiseJob, rig: Rig) -> Run:
    """Everything in its place before the first call, and checked."""

    def placed(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor.to(rig.device, torch.float32)

    start = _start(job, rig.schedule, rig.device)
    run = Run(
        rig.schedule,
        start,
        placed(job.noise),
        placed(job.latents),
        job.seed,
        rig.dtype,
        job.steps,
        tuple(tiled_windows(job.tiling, start)),
    )
    for steering in rig.guides:
        steering.begin(run)
    more = sum(guide.channels.shape[1] for guide in rig.guides if guide.channels is not None)
    for prompt in (job.positive, job.negative, *(region.prompt for region in job.regions)):
        if prompt is not None:
            rig.family.check(rig.model, prompt, start.shape[1] + more)
    return run


def _start(job: DenoiseJob, schedule: Schedule, device: torch.device) -> Tensor:
    """The latents the first step takes."""
    noise, latents = job.noise, job.latents
    if noise is None and latents is None:
        raise BadInputError("Denoising needs noise, latents or both.", code="no_latents")
    if noise is not None and latents is not None and noise.shape != latents.shape:
        raise BadInputError(
            f"The noise is {_size(noise)}, the latents are {_size(latents)} pixels.",
            hint="Make noise of the picture's size.",
            code="bad_size",
        )
    if latents is not None:
        latents = latents.to(device, torch.float32)
    if noise is None:
        assert latents is not None
        return latents
    from_noise = latents is None and job.denoising_start == 0
    return schedule.start(noise.to(device, torch.float32), latents, from_noise=from_noise)


def _size(latents: Tensor) -> str:
    height, width = latents.shape[-2:]
    return f"{width * 8} x {height * 8}"
