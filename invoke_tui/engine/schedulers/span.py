"""The part of a scheduler's timesteps that a job runs (all of it, or a piece for img2img and refiners)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from invoke_tui.domain.errors import BadInputError


@dataclass(frozen=True)
class Span:
    """Timesteps of one run, on the CPU. ``first`` is the index of the first one in the whole schedule.

    One timestep is one model call; second-order schedulers have two per step but for the first or last.
    """

    timesteps: Tensor
    first: int
    order: int

    def __len__(self) -> int:
        return len(self.timesteps)


def set_span(scheduler: Any, steps: int, start: float = 0.0, end: float = 1.0) -> Span:
    """Give ``scheduler`` its ``steps`` and return those between ``start`` and ``end`` (fractions of denoising).

    InvokeAI's rule: with T training steps, leave out as many steps as have a timestep of at least
    round(T * (1 - start)), then keep as many as have one of at least round(T * (1 - end)).

    The timesteps stay on the CPU: schedulers index their tables with them, and from a GPU each look-up would wait
    for the device. Raises ``BadInputError``.
    """
    if not 0 <= start <= 1 or not 0 <= end <= 1:
        raise BadInputError(
            f"Denoising runs from 0 to 1, not from {start} to {end}.", code="bad_denoising_span"
        )
    train_steps = int(scheduler.config.num_train_timesteps)
    if not 1 <= steps <= train_steps:
        raise BadInputError(
            f"{steps} steps cannot be run: this model has 1 to {train_steps}.", code="bad_steps"
        )
    try:
        scheduler.set_timesteps(steps, device="cpu")
    except (ValueError, IndexError, ZeroDivisionError, ImportError) as error:
        raise BadInputError(
            f"The scheduler cannot make {steps} steps: {error}",
            hint="Change the number of steps or the scheduler.",
            code="bad_steps",
        ) from error
    order = int(scheduler.order)
    whole = scheduler.timesteps.cpu()
    first = _at_least(whole[::order], train_steps * (1 - start)) * order
    rest = whole[first:]
    count = _at_least(rest[::order], train_steps * (1 - end)) * order
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    return Span(timesteps=rest[:count], first=first, order=order)


def _at_least(timesteps: Tensor, limit: float) -> int:
    return int((timesteps >= round(limit)).sum())
