"""Everything random about a step, drawn on the CPU so that a seed means the same picture on every device."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor

STEP_SEED_MASK = 0xFFFFFFFF
"""The step generator's seed is the run's seed with all bits flipped (InvokeAI), so that it is not the noise's."""
TCD_ETA = 1.0


def step_arguments(scheduler: Any, seed: int) -> dict[str, Any]:
    """The extra keyword arguments of ``scheduler.step``: a generator and TCD's eta where it takes them."""
    takes = inspect.signature(scheduler.step).parameters
    arguments: dict[str, Any] = {}
    if "generator" in takes:
        arguments["generator"] = torch.Generator("cpu").manual_seed(seed ^ STEP_SEED_MASK)
    if type(scheduler).__name__ == "TCDScheduler":
        arguments["eta"] = TCD_ETA
    return arguments


def use_cpu_noise_sampler(scheduler: Any, latents: Tensor) -> None:
    """Give a scheduler with a Brownian noise sampler one that draws on the CPU and hands over to the device."""
    if not hasattr(scheduler, "noise_sampler_seed"):
        return
    from diffusers.schedulers.scheduling_dpmsolver_sde import BrownianTreeNoiseSampler

    sigmas = scheduler.sigmas
    sampler = BrownianTreeNoiseSampler(
        latents.to("cpu"),
        sigmas[sigmas > 0].min().item(),
        sigmas.max().item(),
        scheduler.noise_sampler_seed,
    )
    device = latents.device

    def draw(sigma: Tensor, sigma_next: Tensor) -> Tensor:
        noise: Tensor = sampler(sigma, sigma_next)
        return noise.to(device)

    scheduler.noise_sampler = draw
