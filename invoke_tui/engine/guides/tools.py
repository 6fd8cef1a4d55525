"""What guides with models of their own work with, and what they have in common."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.guidance import by_call
from invoke_tui.engine.guides.base import Run
from invoke_tui.engine.hooks import Log
from invoke_tui.engine.store import ModelStore


@dataclass(frozen=True)
class Tools:
    """``model`` is the denoiser of the run. What is put on ``stack`` is undone when the run ends, however it ends."""

    store: ModelStore
    model: nn.Module
    stack: ExitStack
    check_cancel: Callable[[], None]
    log: Log


def weights_of(weight: float | list[float], begin: float, end: float, run: Run) -> list[float]:
    """How strongly something acts in each call of a run, 0 outside of ``begin`` to ``end``.

    As in InvokeAI the call after the last one within belongs to it. Raises ``BadInputError``.
    """
    if not 0 <= begin <= end <= 1:
        raise BadInputError(
            f"It cannot act from {begin:g} to {end:g} of the steps.",
            hint="Both lie between 0 and 1, the first before the second.",
            code="bad_span",
        )
    schedule = run.schedule
    weights = by_call(weight, run.calls, schedule.first, schedule.order, run.steps, what="weights")
    first, last = math.floor(round(begin * run.calls, 6)), math.ceil(round(end * run.calls, 6))
    return [weight if first <= call <= last else 0.0 for call, weight in enumerate(weights)]


def pixels(image: Image.Image, run: Run, dtype: torch.dtype, *, channels: int = 3, grid: int = 8) -> Tensor:
    """A picture as (1, ``channels``, h, w) in 0..1 on the device of a run, in its size rounded up to ``grid``."""
    return in_floats(sized(image, run, channels=channels, grid=grid), run.start.device, dtype)


def sized(image: Image.Image, run: Run, *, channels: int = 3, grid: int = 8) -> Image.Image:
    """A picture of ``channels`` in the size of a run's, rounded up to ``grid``."""
    height, width = (-(-side * 8 // grid) * grid for side in run.start.shape[-2:])
    picture = image.convert("L" if channels == 1 else "RGB")
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    return picture


def in_floats(picture: Image.Image, device: torch.device, dtype: torch.dtype) -> Tensor:
    """A picture as (1, c, h, w) in 0..1."""
    values = np.array(picture, dtype=np.float32).reshape(picture.height, picture.width, -1) / 255
    return torch.from_numpy(values).permute(2, 0, 1)[None].to(device, dtype)
