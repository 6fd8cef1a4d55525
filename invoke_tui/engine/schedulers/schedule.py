"""What the denoise loop asks of a schedule, whatever mathematics is behind it."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Schedule(Protocol):
    """The way from noise to a picture, one model call at a time, for one run.

    ``timesteps`` (calls,) are what the model is told, on the CPU. ``first`` is the index of the first call's timestep
    in the whole schedule and ``order`` the model calls of one step.
    """

    timesteps: Tensor
    first: int
    order: int

    def start(self, noise: Tensor, latents: Tensor | None, *, from_noise: bool) -> Tensor:
        """What the first call takes: noise alone (``from_noise``), or ``latents`` with noise of the first timestep."""

    def scale(self, latents: Tensor, call: int) -> Tensor:
        """What the model is given for ``latents``."""

    def step(self, prediction: Tensor, call: int, latents: Tensor) -> Tensor:
        """The latents after a call."""

    def finished(self) -> Tensor:
        """The finished latents as the last call sees them."""

    def level(self, call: int) -> float:
        """How noisy the latents are before a call, from 1 to 0; at the number of calls, how the run leaves them."""

    def noised(self, latents: Tensor, noise: Tensor, call: int) -> Tensor:
        """Finished ``latents`` with as much noise as there is before a call, or at the end. Calls come in order."""
