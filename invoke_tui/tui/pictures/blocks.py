"""Pictures as two-colour block glyphs.

Every cell is sampled as 8 × 8 pixels and split into two colours by the best of 19 masks that the glyphs U+2580–259F
can draw: seven horizontal cuts, seven vertical cuts and five arrangements of quadrants (complements are the same
split with the colours swapped). The best split is the one that keeps most of the cell's energy, found for all cells
at once with one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]

SIDE: Final = 8
LOWER: Final = "▁▂▃▄▅▆▇"
LEFT: Final = "▏▎▍▌▋▊▉"
QUADRANTS: Final = "▘▝▖▗▚"
GLYPHS: Final = LOWER + LEFT + QUADRANTS + " "
"""Glyph of each mask; the last is the cell of one colour."""
HALF: Final = LOWER.index("▄")
BLANK: Final = len(GLYPHS) - 1
RAMP: Final = " .:-=+*#%@"
FLAT: Final = 40.0
"""Summed squared error over a cell's 64 pixels below which it is painted in one colour."""


class BlockMode(StrEnum):
    """How cells are drawn."""

    MASKS = "masks"
    HALF = "half"
    ASCII = "ascii"


@dataclass(frozen=True)
class BlockPicture:
    """A picture in cells: a glyph index, a front and a back colour per cell."""

    glyphs: Bytes
    front: Bytes
    back: Bytes
    mode: BlockMode

    @property
    def columns(self) -> int:
        """Width in cells."""
        return int(self.glyphs.shape[1])

    @property
    def rows(self) -> int:
        """Height in cells."""
        return int(self.glyphs.shape[0])

    def text(self, row: int) -> str:
        """The glyphs of one row."""
        alphabet = RAMP if self.mode is BlockMode.ASCII else GLYPHS
        return "".join(alphabet[index] for index in self.glyphs[row])


@cache
def _masks() -> Any:
    import numpy as np

    masks = np.zeros((BLANK, SIDE, SIDE), np.float32)
    for step in range(1, SIDE):
        masks[step - 1, SIDE - step :, :] = 1
        masks[len(LOWER) + step - 1, :, :step] = 1
    half = SIDE // 2
    first = len(LOWER) + len(LEFT)
    masks[first, :half, :half] = 1
    masks[first + 1, :half, half:] = 1
    masks[first + 2, half:, :half] = 1
    masks[first + 3, half:, half:] = 1
    masks[first + 4, :half, :half] = masks[first + 4, half:, half:] = 1
    return masks.reshape(BLANK, SIDE * SIDE)


def encode(image: Image, columns: int, rows: int, mode: BlockMode = BlockMode.MASKS) -> BlockPicture:
    """Fit ``image`` to ``columns`` × ``rows`` cells."""
    import numpy as np
    import PIL.Image

    columns, rows = max(1, columns), max(1, rows)
    size = (columns * SIDE, rows * SIDE)
    pixels = np.asarray(image.convert("RGB").resize(size, PIL.Image.Resampling.LANCZOS), np.float32)
    cells = pixels.reshape(rows, SIDE, columns, SIDE, 3).transpose(0, 2, 4, 1, 3)
    cells = cells.reshape(rows * columns, 3, SIDE * SIDE)
    if mode is BlockMode.ASCII:
        return _ascii(cells, columns, rows)
    masks = _masks()
    if mode is BlockMode.HALF:
        masks = masks[HALF : HALF + 1]
    inside = masks.sum(1)
    outside = SIDE * SIDE - inside
    sums = cells @ masks.T
    totals = cells.sum(2)
    rest = totals[:, :, None] - sums
    kept = (sums**2).sum(1) / inside + (rest**2).sum(1) / outside
    best = kept.argmax(1)
    each = np.arange(len(best))
    front = sums[each, :, best] / inside[best, None]
    back = rest[each, :, best] / outside[best, None]
    gain = kept[each, best] - (totals**2).sum(1) / (SIDE * SIDE)
    flat = gain < FLAT
    mean = totals / (SIDE * SIDE)
    front[flat] = back[flat] = mean[flat]
    glyphs = best + (HALF if mode is BlockMode.HALF else 0)
    glyphs[flat] = BLANK
    return BlockPicture(
        glyphs=glyphs.astype(np.uint8).reshape(rows, columns),
        front=_bytes(front).reshape(rows, columns, 3),
        back=_bytes(back).reshape(rows, columns, 3),
        mode=mode,
    )


def _ascii(cells: Any, columns: int, rows: int) -> BlockPicture:
    import numpy as np

    mean = cells.mean(2)
    light = mean @ np.array([0.299, 0.587, 0.114], np.float32)
    index = np.clip(light / 256 * len(RAMP), 0, len(RAMP) - 1).astype(np.uint8)
    colours = _bytes(mean).reshape(rows, columns, 3)
    return BlockPicture(index.reshape(rows, columns), colours, np.zeros_like(colours), BlockMode.ASCII)


def _bytes(values: Any) -> Any:
    import numpy as np

    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def decode(picture: BlockPicture) -> Bytes:
    """The pixels the glyphs draw, 8 × 8 per cell: for measuring the error of an encoding."""
    import numpy as np

    masks = np.concatenate([_masks(), np.zeros((1, SIDE * SIDE), np.float32)])
    shape = masks[picture.glyphs].reshape(picture.rows, picture.columns, SIDE, SIDE, 1)
    mixed = shape * picture.front[:, :, None, None, :] + (1 - shape) * picture.back[:, :, None, None, :]
    mixed = mixed.transpose(0, 2, 1, 3, 4).reshape(picture.rows * SIDE, picture.columns * SIDE, 3)
    return np.asarray(_bytes(mixed))


def to_256(colours: Bytes) -> Bytes:
    """The nearest of xterm's 6 × 6 × 6 cube and 24 greys, as colour numbers 16–255."""
    import numpy as np

    levels = np.array([0, 95, 135, 175, 215, 255], np.int32)
    cuts = np.array([48, 115, 155, 195, 235], np.int32)
    wide = colours.astype(np.int32)
    steps = np.searchsorted(cuts, wide, side="right")
    cube = 16 + 36 * steps[..., 0] + 6 * steps[..., 1] + steps[..., 2]
    grey = np.clip((wide.mean(-1) - 3) // 10, 0, 23).astype(np.int32)
    grey_error = ((wide - (8 + 10 * grey)[..., None]) ** 2).sum(-1)
    cube_error = ((wide - levels[steps]) ** 2).sum(-1)
    return np.where(grey_error < cube_error, 232 + grey, cube).astype(np.uint8)


def from_256(number: int) -> tuple[int, int, int]:
    """The red, green and blue of colour number 16–255."""
    if number >= 232:
        level = 8 + 10 * (number - 232)
        return level, level, level
    levels = (0, 95, 135, 175, 215, 255)
    number -= 16
    return levels[number // 36], levels[number // 6 % 6], levels[number % 6]
