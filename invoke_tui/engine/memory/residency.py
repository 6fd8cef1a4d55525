"""Which layers of a model stay on the device and which are streamed through it. Plain numbers; no torch, no device.

The smallest layers stay. Few large copies are quicker than many small ones, and in a model of like blocks every block
then has a layer to stream, so that each copy has the computation of its neighbours to hide behind; to keep the first
blocks whole would leave the copies of the last ones alone. Of layers of one size, those that still fit are spread
evenly over the model for the same reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

GROW_BY: Final = 0.05
"""Share of a model by which its resident part has to grow to be worth the copying."""


@dataclass(frozen=True)
class Layer:
    """One thing that moves as a whole. ``bytes`` is what it takes while it lies, on either side.

    ``working_bytes`` is what using it takes besides, for weights that are widened on use. ``fixed`` ones cannot be
    streamed.
    """

    name: str
    bytes: int
    working_bytes: int = 0
    fixed: bool = False


@dataclass(frozen=True)
class Residency:
    """What lives where. Figures are bytes; layers are named by their place in the model."""

    resident: frozenset[int]
    resident_bytes: int
    streamed: tuple[int, ...]
    """In the model's order."""
    streamed_bytes: int
    """Copied to the device in every forward pass that calls each layer once."""
    slot_bytes: int
    """Room for one streamed layer: the largest."""
    slots: int
    peak_bytes: int
    """The most the weights take at once: what is resident, the slots, and the widest use."""

    @property
    def whole(self) -> bool:
        """Whether nothing is streamed."""
        return not self.streamed


def residency(layers: Sequence[Layer], budget: int, *, slots: int = 1, overhead: int = 0) -> Residency:
    """The most of ``layers`` that keeps the peak within ``budget``.

    ``slots`` is 2 where the next layer is fetched while one is used. ``overhead`` comes on top when anything is
    streamed. Of what is possible the smallest is planned when even that exceeds the budget: the fixed layers and one
    slot.
    """
    whole = _built(layers, frozenset(range(len(layers))), slots, overhead)
    if whole.peak_bytes <= budget:
        return whole
    fixed = frozenset(index for index, layer in enumerate(layers) if layer.fixed)
    order = sorted((i for i in range(len(layers)) if i not in fixed), key=lambda i: layers[i].bytes)
    found = _built(layers, fixed, slots, overhead)
    if found.peak_bytes > budget and slots > 1:
        found = _built(layers, fixed, 1, overhead)
        slots = 1
    room, kept = budget - found.peak_bytes, set(fixed)
    for size, group in groupby(order, key=lambda i: layers[i].bytes):
        alike = sorted(group)
        count = min(len(alike), room // size if size else len(alike))
        kept |= {alike[(2 * n + 1) * len(alike) // (2 * count)] for n in range(count)}
        room -= count * size
        if count < len(alike):
            break
    return _built(layers, frozenset(kept), slots, overhead)


def keep_or_change(
    layers: Sequence[Layer], now: Residency | None, budget: int, *, slots: int = 1, overhead: int = 0
) -> Residency:
    """As ``residency``, but what is there stays while it fits and little would be won: no drift from run to run."""
    best = residency(layers, budget, slots=slots, overhead=overhead)
    if now is None or now.peak_bytes > max(budget, best.peak_bytes):
        return best
    won = best.resident_bytes - now.resident_bytes
    return best if won > GROW_BY * sum(layer.bytes for layer in layers) else now


def _built(layers: Sequence[Layer], resident: frozenset[int], slots: int, overhead: int) -> Residency:
    streamed = tuple(index for index in range(len(layers)) if index not in resident)
    resident_bytes = sum(layers[index].bytes for index in resident)
    slot = max((layers[index].bytes for index in streamed), default=0)
    slots = min(slots, len(streamed))
    use = max((layer.working_bytes for layer in layers), default=0)
    return Residency(
        resident=resident,
        resident_bytes=resident_bytes,
        streamed=streamed,
        streamed_bytes=sum(layers[index].bytes for index in streamed),
        slot_bytes=slot,
        slots=slots,
        peak_bytes=resident_bytes + slots * slot + use + (overhead if streamed else 0),
    )
