"""Collections of numbers."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from invoke_tui.domain.request.parameters import SEED_MAX
from invoke_tui.nodes.base import Input, Invocation
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.invocations.primitives import FloatCollectionOutput, IntegerCollectionOutput
from invoke_tui.nodes.registry import node

MAX_LENGTH = 100_000
"""Longer collections are refused: every entry may become a picture."""


def _check_length(length: int) -> None:
    if length > MAX_LENGTH:
        raise ValueError(f"{length} numbers are more than the {MAX_LENGTH} a collection may hold")


@node("range", title="Integer Range", version="1.0.0", category="batch")
class RangeInvocation(Invocation):
    """From ``start`` up to, not including, ``stop``."""

    start: int = Input(0)
    stop: int = Input(10)
    step: int = Input(1)

    @model_validator(mode="after")
    def _finite(self) -> Self:
        if self.step == 0:
            raise ValueError("step must not be 0")
        if self.stop <= self.start:
            raise ValueError("stop must be greater than start")
        _check_length(len(range(self.start, self.stop, self.step)))
        return self

    def invoke(self, ctx: InvocationContext) -> IntegerCollectionOutput:
        return IntegerCollectionOutput(collection=list(range(self.start, self.stop, self.step)))


@node("range_of_size", title="Integer Range of Size", version="1.0.0", category="batch")
class RangeOfSizeInvocation(Invocation):
    """``size`` numbers from ``start`` on."""

    start: int = Input(0)
    size: int = Input(1, gt=0, le=MAX_LENGTH)
    step: int = Input(1)

    def invoke(self, ctx: InvocationContext) -> IntegerCollectionOutput:
        return IntegerCollectionOutput(collection=[self.start + i * self.step for i in range(self.size)])


@node("random_range", title="Random Range", version="1.0.1", category="batch", cacheable=False)
class RandomRangeInvocation(Invocation):
    """``size`` random whole numbers; the same seed draws the same numbers as InvokeAI."""

    low: int = Input(0)
    high: int = Input(2**31 - 1)
    size: int = Input(1, ge=0, le=MAX_LENGTH)
    seed: int = Input(0, ge=0, le=SEED_MAX)
    use_cache: bool = False

    def invoke(self, ctx: InvocationContext) -> IntegerCollectionOutput:
        import numpy as np

        drawn = np.random.default_rng(self.seed).integers(low=self.low, high=self.high, size=self.size)
        return IntegerCollectionOutput(collection=drawn.tolist())


@node("float_range", title="Float Range", version="1.0.1", category="math")
class FloatLinearRangeInvocation(Invocation):
    """``steps`` numbers, evenly spaced from ``start`` to ``stop``, both included."""

    start: float = Input(5)
    stop: float = Input(10)
    steps: int = Input(30, ge=0, le=MAX_LENGTH)

    def invoke(self, ctx: InvocationContext) -> FloatCollectionOutput:
        import numpy as np

        return FloatCollectionOutput(collection=np.linspace(self.start, self.stop, self.steps).tolist())
