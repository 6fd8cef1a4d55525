"""How many pixels the line to the terminal can take."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from invoke_tui.tui.pictures.frames import CELL_COST
from invoke_tui.tui.pictures.pace import Pacer, Quality

if TYPE_CHECKING:
    from invoke_tui.tui.pictures.detect import Protocol
    from invoke_tui.tui.pictures.fit import Cells

PIXEL_COST: Final[dict[str, float]] = {"kitty": 0.9, "iterm2": 0.3, "sixel": 1.2}
"""Bytes a pixel of a true picture costs on the wire, about."""
SECONDS: Final = 0.7
"""What a picture may take on its way: the next key waits behind it."""
FIRST_BYTES: Final = 160_000
"""What is sent while nobody knows how fast the line is; what the answer allows follows."""
WORTH_IT: Final = 1.25
"""A picture is sent again for so many times its pixels along a side, and not for less."""


def affordable(cells: Cells, pixels: tuple[int, int], protocol: Protocol, pacer: Pacer) -> float:
    """How many times the full size, along a side, a picture may have: at most 1."""
    cost = PIXEL_COST.get(protocol)
    if cost is None:
        full = cells.columns * cells.rows * CELL_COST[pacer.quality]
        allowed = pacer.bandwidth * SECONDS if pacer.bandwidth else full
    else:
        full = int(pixels[0] * pixels[1] * cost)
        allowed = pacer.bandwidth * SECONDS if pacer.bandwidth else FIRST_BYTES
        allowed *= 0.5 ** (Quality.FULL - pacer.quality)
    return min(1.0, math.sqrt(allowed / max(1, full)))
