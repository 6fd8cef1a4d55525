"""Classifier-free guidance: how two predictions become one.

Ho and Salimans, "Classifier-Free Diffusion Guidance", arXiv 2207.12598; the rescale is algorithm 2 of Lin et al.,
"Common Diffusion Noise Schedules and Sample Steps are Flawed", arXiv 2305.08891.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from invoke_tui.domain.errors import BadInputError


def guide(negative: Tensor, positive: Tensor, scale: float, rescale: float = 0.0) -> Tensor:
    """Guide by ``negative`` + ``scale`` * (``positive`` - ``negative``); all are of one shape (n, c, h, w).

    ``rescale`` in 0..1 is the paper's phi: the share that is brought back to the positive prediction's standard
    deviation over c, h and w.
    """
    guided = negative + scale * (positive - negative)
    if rescale == 0:
        return guided
    axes = tuple(range(1, guided.ndim))
    matched = guided * (positive.std(dim=axes, keepdim=True) / guided.std(dim=axes, keepdim=True))
    return rescale * matched + (1 - rescale) * guided


def scales_by_call(
    scale: float | Sequence[float], calls: int, first: int, order: int, steps: int
) -> list[float]:
    """The guidance scale of each of ``calls`` model calls, as ``by_call``; none is below 1."""
    values = by_call(scale, calls, first, order, steps, what="guidance scales", code="bad_cfg_scale")
    given = [scale] if isinstance(scale, int | float) else scale
    if any(value < 1 for value in given):
        raise BadInputError("A guidance scale is at least 1.", code="bad_cfg_scale")
    return values


def by_call(
    given: float | Sequence[float],
    calls: int,
    first: int,
    order: int,
    steps: int,
    *,
    what: str,
    code: str = "bad_value",
) -> list[float]:
    """A number for each of ``calls`` model calls.

    A list has one value per model call, or one per step of the whole schedule; ``first`` is the index of the first
    call's timestep in it and ``order`` the scheduler's. Raises ``BadInputError`` for any other length.
    """
    if isinstance(given, int | float):
        return [float(given)] * calls
    values = [float(value) for value in given]
    if len(values) == calls:
        return values
    if len(values) == steps:
        return [values[min((first + call + order - 1) // order, steps - 1)] for call in range(calls)]
    raise BadInputError(
        f"{len(values)} {what} for {steps} steps ({calls} model calls).",
        hint="Give one number, or one per step.",
        code=code,
    )
