"""What every denoiser here is trained towards: the velocity at a random moment of the noise schedule."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers import DDPMScheduler

CLAMP = 5.0
"""Most that the error of the clean latents counts at little noise; it counts 1 at pure noise."""


@dataclass(frozen=True, slots=True)
class Noised:
    """Latents (n, 4, h, w) at random times (n,), and the velocity a denoiser should find in them."""

    noisy: torch.Tensor
    times: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    """What each one's error counts (n,)."""

    def errors(self, predicted: torch.Tensor) -> torch.Tensor:
        """Mean squared error of each velocity (n,), not weighted."""
        return (predicted.float() - self.target).pow(2).mean(dim=(1, 2, 3))


def noised(scheduler: DDPMScheduler, latents: torch.Tensor, *, early: bool = False) -> Noised:
    """Clean latents brought to times drawn evenly from the whole schedule, or mostly from its noisy end, where a
    picture begins and colours are decided."""
    noise = torch.randn_like(latents)
    last = scheduler.config.num_train_timesteps - 1
    drawn = torch.rand(len(latents))
    times = (last * (1 - drawn**2 if early else drawn)).round().long()
    emphasis = 1 / (1 - scheduler.alphas_cumprod[times])
    return Noised(
        scheduler.add_noise(latents, noise, times),
        times,
        scheduler.get_velocity(latents, noise, times),
        emphasis.clamp(max=CLAMP) / emphasis,
    )
