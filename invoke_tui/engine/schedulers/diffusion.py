"""Schedules of models that remove noise from a sum of picture and noise: diffusers' schedulers."""

from __future__ import annotations

from math import sqrt
from typing import Any

import torch
from torch import Tensor

from invoke_tui.engine.schedulers.span import set_span
from invoke_tui.engine.schedulers.step import step_arguments, use_cpu_noise_sampler


class DiffusionSchedule:
    """One of diffusers' schedulers. Txt2img starts from noise times its ``init_noise_sigma``, as its pipelines do."""

    def __init__(
        self, scheduler: Any, *, steps: int, seed: int, start: float = 0.0, end: float = 1.0
    ) -> None:
        span = set_span(scheduler, steps, start, end)
        self.timesteps = span.timesteps
        self.first, self.order = span.first, span.order
        self._scheduler = scheduler
        self._whole = [float(timestep) for timestep in scheduler.timesteps]
        self._seed = seed
        self._arguments: dict[str, Any] | None = None
        self._last: tuple[Any, Tensor, Tensor, Tensor] | None = None

    def start(self, noise: Tensor, latents: Tensor | None, *, from_noise: bool) -> Tensor:
        """Noise alone is scaled; with latents the scheduler mixes both."""
        if from_noise:
            return noise * float(self._scheduler.init_noise_sigma)
        base = torch.zeros_like(noise) if latents is None else latents
        if not len(self.timesteps):
            return base
        noised: Tensor = self._scheduler.add_noise(base, noise, self.timesteps[:1].expand(len(base)))
        return noised

    def scale(self, latents: Tensor, call: int) -> Tensor:
        """As the scheduler has it."""
        scaled: Tensor = self._scheduler.scale_model_input(latents, self.timesteps[call])
        return scaled

    def step(self, prediction: Tensor, call: int, latents: Tensor) -> Tensor:
        """One call of the scheduler; its random numbers come from the CPU."""
        if self._arguments is None:
            use_cpu_noise_sampler(self._scheduler, latents)
            self._arguments = step_arguments(self._scheduler, self._seed)
        timestep = self.timesteps[call]
        output = self._scheduler.step(prediction, timestep, latents, **self._arguments)
        self._last = (output, latents, prediction, timestep)
        after: Tensor = output.prev_sample
        return after

    def finished(self) -> Tensor:
        """From the scheduler where it says, else by its prediction type."""
        assert self._last is not None, "there is nothing to see before the first step"
        output, latents, prediction, timestep = self._last
        scheduler = self._scheduler
        for name in ("pred_original_sample", "denoised"):
            found = getattr(output, name, None)
            if found is not None:
                return found  # type: ignore[no-any-return]
        kept = getattr(scheduler, "model_outputs", None)
        predicts_picture = str(scheduler.config.get("algorithm_type", "")).endswith(
            "++"
        ) or scheduler.config.get("predict_x0", False)
        if kept and kept[-1] is not None and predicts_picture:
            return kept[-1]  # type: ignore[no-any-return]
        alpha_squared = float(scheduler.alphas_cumprod[int(timestep)])
        alpha, sigma = sqrt(alpha_squared), sqrt(1 - alpha_squared)
        kind = scheduler.config.prediction_type
        if kind == "v_prediction":
            return alpha * latents - sigma * prediction
        return prediction if kind == "sample" else (latents - sigma * prediction) / alpha

    def level(self, call: int) -> float:
        """The share of training's timesteps that is before the call's."""
        timestep = self._timestep(call)
        return 0.0 if timestep is None else timestep / int(self._scheduler.config.num_train_timesteps)

    def noised(self, latents: Tensor, noise: Tensor, call: int) -> Tensor:
        """As the scheduler adds noise: a sum whose two factors it is asked for on the CPU."""
        timestep = self._timestep(call)
        if timestep is None:
            return latents
        one, none = torch.ones(1), torch.zeros(1)
        when = self._scheduler.timesteps[self.first + call : self.first + call + 1]
        add = self._scheduler.add_noise
        return float(add(one, none, when)) * latents + float(add(none, one, when)) * noise

    def _timestep(self, call: int) -> float | None:
        """The timestep of a call; None where the schedule is over."""
        at = self.first + call
        return self._whole[at] if at < len(self._whole) else None
