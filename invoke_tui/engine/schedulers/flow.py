"""Schedules of models that predict the straight way from picture to noise: rectified flow.

Liu et al., arXiv 2209.03003; Esser et al., arXiv 2403.03206. With v = noise - picture and x = (1 - s) picture + s
noise, a step from s to s' is x + (s' - s) v.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp
from typing import Any, Final, Literal, get_args

import torch
from torch import Tensor

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.schedulers.step import STEP_SEED_MASK

FlowKind = Literal["euler", "heun", "lcm"]
FLOW_KINDS: Final[tuple[FlowKind, ...]] = get_args(FlowKind)
TRAIN_STEPS: Final = 1000


class FlowSchedule:
    """Steps through ``sigmas`` (steps + 1 values that fall from at most 1), by Euler, Heun or LCM.

    Heun asks the model twice a step, but for a last step that ends at 0. LCM goes to the finished picture and back
    with new noise, drawn on the CPU from ``seed``.
    """

    def __init__(self, sigmas: Sequence[float], kind: FlowKind, *, seed: int) -> None:
        self.sigmas = list(sigmas)
        self.first = 0
        self.order = 2 if kind == "heun" else 1
        self._kind = kind
        self._calls = _calls(self.sigmas, self.order)
        self.timesteps = torch.tensor(
            [self.sigmas[i] * TRAIN_STEPS for i, _ in self._calls], dtype=torch.float32
        )
        self._generator = torch.Generator("cpu").manual_seed(seed ^ STEP_SEED_MASK)
        self._before: tuple[Tensor, Tensor] | None = None
        self._last: tuple[Tensor, Tensor, float] | None = None

    def start(self, noise: Tensor, latents: Tensor | None, *, from_noise: bool) -> Tensor:
        """The mixture of the first sigma."""
        if from_noise or not self._calls:
            return noise if latents is None else latents
        base = torch.zeros_like(noise) if latents is None else latents
        return self.sigmas[0] * noise + (1 - self.sigmas[0]) * base

    def scale(self, latents: Tensor, call: int) -> Tensor:
        """As they are."""
        return latents

    def step(self, prediction: Tensor, call: int, latents: Tensor) -> Tensor:
        """The latents after a call; the first half of a Heun step is a guess that the second corrects."""
        index, corrects = self._calls[call]
        sigma = self.sigmas[index]
        self._last = (latents, prediction, sigma)
        if corrects:
            assert self._before is not None
            start, velocity = self._before
            step = self.sigmas[index] - self.sigmas[index - 1]
            return start + step * (velocity + prediction) / 2
        target = self.sigmas[index + 1]
        if self._kind == "lcm":
            finished = latents - sigma * prediction
            noise = torch.randn(latents.shape, generator=self._generator).to(latents.device)
            return target * noise + (1 - target) * finished
        self._before = (latents, prediction)
        return latents + (target - sigma) * prediction

    def finished(self) -> Tensor:
        """Back along the straight line."""
        assert self._last is not None, "there is nothing to see before the first step"
        latents, prediction, sigma = self._last
        return latents - sigma * prediction

    def level(self, call: int) -> float:
        """The call's sigma."""
        return self.sigmas[self._calls[call][0] if call < len(self._calls) else -1]

    def noised(self, latents: Tensor, noise: Tensor, call: int) -> Tensor:
        """The mixture of the call's sigma."""
        return self.level(call) * noise + (1 - self.level(call)) * latents


def flow_kind(scheduler: str) -> FlowKind:
    """The kind that a scheduler id means for these models. Raises ``BadInputError`` for one they do not have."""
    for kind in FLOW_KINDS:
        if scheduler == kind:
            return kind
    raise BadInputError(
        f"The scheduler {scheduler!r} is not made for flow models.",
        hint=f"Choose one of: {', '.join(FLOW_KINDS)}.",
        code="bad_scheduler",
    )


def shifted(sigmas: Sequence[float], config: Mapping[str, Any], tokens: int) -> list[float]:
    """``sigmas`` moved towards noise as a model's scheduler configuration asks, and 0 at the end.

    ``tokens`` is the length of the picture's sequence, by which FLUX.1 dev moves them (Black Forest Labs' sampling).
    """
    if config.get("use_dynamic_shifting"):
        low, high = config.get("base_image_seq_len", 256), config.get("max_image_seq_len", 4096)
        base, top = config.get("base_shift", 0.5), config.get("max_shift", 1.15)
        shift = exp(base + (top - base) * (tokens - low) / (high - low))
    else:
        shift = float(config.get("shift", 1.0))
    return [*(shift * sigma / (1 + (shift - 1) * sigma) for sigma in sigmas), 0.0]


def clipped(sigmas: Sequence[float], start: float, end: float) -> list[float]:
    """The part of ``sigmas`` between the fractions ``start`` and ``end`` of denoising, with exact ends.

    InvokeAI's rule for flow models: a fraction is a sigma, and the steps nearest to it are moved onto it.
    """
    if not 0 <= start <= 1 or not 0 <= end <= 1:
        raise BadInputError(
            f"Denoising runs from 0 to 1, not from {start} to {end}.", code="bad_denoising_span"
        )
    top, bottom = 1 - start, 1 - end
    if top <= bottom:
        return [top]
    inside = [sigma for sigma in sigmas if bottom < sigma < top]
    first = sigmas[0] if start == 0 else top
    last = sigmas[-1] if end == 1 else bottom
    return [first, *(sigma for sigma in inside if sigma != first), last]


def _calls(sigmas: Sequence[float], order: int) -> list[tuple[int, bool]]:
    """The index of the sigma of each model call, and whether the call corrects the step before."""
    calls: list[tuple[int, bool]] = []
    for index in range(len(sigmas) - 1):
        calls.append((index, False))
        if order == 2 and sigmas[index + 1] > 0:
            calls.append((index + 1, True))
    return calls
