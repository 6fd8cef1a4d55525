"""The one denoise loop: every family, every scheduler, txt2img as well as starting from latents."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.fields import UNetField
from invoke_tui.engine.families.base import Batch, Conditioning, Family
from invoke_tui.engine.guidance import guide, scales_by_call
from invoke_tui.engine.hooks import RunHooks
from invoke_tui.engine.preview import Previewer, RgbFactors
from invoke_tui.engine.schedulers.span import set_span
from invoke_tui.engine.schedulers.step import step_arguments, use_cpu_noise_sampler


@dataclass(frozen=True)
class DenoiseJob:
    """Everything one run needs.

    ``noise`` and ``latents`` are (1, 4, h / 8, w / 8); at least one is given. Noise alone is txt2img, both are
    img2img from ``denoising_start``, latents alone are taken to be noised already.
    """

    unet: UNetField
    positive: Conditioning
    negative: Conditioning
    noise: Tensor | None
    latents: Tensor | None
    steps: int
    cfg_scale: float | list[float]
    scheduler: str
    seed: int
    cfg_rescale_multiplier: float = 0.0
    denoising_start: float = 0.0
    denoising_end: float = 1.0


@dataclass(frozen=True)
class Rig:
    """The loaded parts and ways of working a job is run with; ``preview_every`` 0 is no previews.

    ``dtype`` is the UNet's precision.
    """

    family: Family
    unet: nn.Module
    scheduler: Any
    device: torch.device
    dtype: torch.dtype
    rgb_factors: RgbFactors
    preview_every: int = 1
    preview_seconds: float = 0.0
    sequential_guidance: bool = False


@torch.no_grad()
def denoise(job: DenoiseJob, rig: Rig, hooks: RunHooks) -> Tensor:
    """Run ``job`` and return its latents (float32, on the device, scaled as the UNet wants them).

    Latents are kept in float32 whatever precision the UNet has: the schedulers' arithmetic is then exact, and their
    noise the same numbers in every precision. Nothing in the loop waits for a GPU. Txt2img starts from noise times
    the scheduler's ``init_noise_sigma``, as diffusers' pipelines do. Raises ``BadInputError``, and whatever
    ``hooks.check_cancel`` raises, between two steps.
    """
    scheduler, device = rig.scheduler, rig.device
    span = set_span(scheduler, job.steps, job.denoising_start, job.denoising_end)
    scales = scales_by_call(job.cfg_scale, len(span), span.first, span.order, job.steps)
    if not 0 <= job.cfg_rescale_multiplier < 1:
        raise BadInputError("CFG rescale lies between 0 and 1.", code="bad_cfg_rescale")
    latents = _start(job, scheduler, span.timesteps, device)
    rig.family.check(rig.unet, job.positive, latents)
    rig.family.check(rig.unet, job.negative, latents)
    if not len(span):
        return latents

    use_cpu_noise_sampler(scheduler, latents)
    arguments = step_arguments(scheduler, job.seed)
    predictor = _Predictor(job, rig)
    total = len(span)
    previewer = Previewer(
        rig.rgb_factors,
        hooks,
        every=rig.preview_every,
        seconds=rig.preview_seconds,
        total=total,
        scale=rig.family.pixels_per_latent,
    )
    on_device = span.timesteps.to(device)
    hooks.progress(0, total, "Denoising")
    for index, timestep in enumerate(span.timesteps):
        hooks.check_cancel()
        model_input = scheduler.scale_model_input(latents, timestep)
        prediction = predictor(model_input, on_device[index], scales[index])
        output = scheduler.step(prediction, timestep, latents, **arguments)
        step = index + 1
        if previewer.due(step):
            previewer.show(_finished(output, scheduler, latents, prediction, timestep), step)
        latents = output.prev_sample
        hooks.progress(step, total, "Denoising")
    previewer.flush()
    return latents


class _Predictor:
    """One guided prediction per call: both prompts in one batch, or one after the other with half the memory."""

    def __init__(self, job: DenoiseJob, rig: Rig) -> None:
        self._family, self._unet = rig.family, rig.unet
        self._rescale = job.cfg_rescale_multiplier
        positive, negative = (
            Conditioning(prompt.embeds.to(rig.device, rig.dtype)) for prompt in (job.positive, job.negative)
        )
        self._positive, self._negative = Batch(positive.embeds), Batch(negative.embeds)
        self._both = None if rig.sequential_guidance else rig.family.join(negative, positive)

    def __call__(self, latents: Tensor, timestep: Tensor, scale: float) -> Tensor:
        if scale == 1:
            return self._predict(latents, timestep, self._positive)
        if self._both is None:
            negative = self._predict(latents, timestep, self._negative)
            positive = self._predict(latents, timestep, self._positive)
        else:
            batch = self._both
            negative, positive = self._family.predict(
                self._unet, torch.cat([latents] * 2), timestep, batch
            ).chunk(2)
        return guide(negative, positive, scale, self._rescale)

    def _predict(self, latents: Tensor, timestep: Tensor, batch: Batch) -> Tensor:
        return self._family.predict(self._unet, latents, timestep, batch)


def _start(job: DenoiseJob, scheduler: Any, timesteps: Tensor, device: torch.device) -> Tensor:
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
    if noise is None:
        assert latents is not None
        return latents.to(device, torch.float32)
    noise = noise.to(device, torch.float32)
    if latents is None:
        if job.denoising_start == 0:
            return noise * float(scheduler.init_noise_sigma)
        latents = torch.zeros_like(noise)
    latents = latents.to(device, torch.float32)
    if not len(timesteps):
        return latents
    noised: Tensor = scheduler.add_noise(latents, noise, timesteps[:1].expand(len(latents)))
    return noised


def _size(latents: Tensor) -> str:
    height, width = latents.shape[-2:]
    return f"{width * 8} x {height * 8}"


def _finished(output: Any, scheduler: Any, latents: Tensor, prediction: Tensor, timestep: Tensor) -> Tensor:
    """The finished latents as this step sees them: from the scheduler where it says, else by its prediction type."""
    for name in ("pred_original_sample", "denoised"):
        found = getattr(output, name, None)
        if found is not None:
            return found  # type: ignore[no-any-return]
    kept = getattr(scheduler, "model_outputs", None)
    predicts_picture = str(scheduler.config.get("algorithm_type", "")).endswith("++") or scheduler.config.get(
        "predict_x0", False
    )
    if kept and kept[-1] is not None and predicts_picture:
        return kept[-1]  # type: ignore[no-any-return]
    alpha_squared = float(scheduler.alphas_cumprod[int(timestep)])
    alpha, sigma = sqrt(alpha_squared), sqrt(1 - alpha_squared)
    kind = scheduler.config.prediction_type
    if kind == "v_prediction":
        return alpha * latents - sigma * prediction
    return prediction if kind == "sample" else (latents - sigma * prediction) / alpha
