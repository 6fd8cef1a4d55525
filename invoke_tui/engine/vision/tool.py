"""What every picture tool is: a module that looks at one picture and says in numbers what it sees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

MOST_PIXELS: Final = 1536 * 1536
"""Networks that look at every pixel are shown larger pictures in this size."""

Numbers = npt.NDArray[Any]


class PictureTool(nn.Module, ABC):
    """A network that looks at one picture."""

    @abstractmethod
    def look(self, picture: Image.Image, given: Numbers | None, device: torch.device) -> Numbers:
        """What it sees in an RGB picture. ``given`` is what some want beside it: boxes, a mask."""


def pixels_of(picture: Image.Image, device: torch.device) -> Tensor:
    """A picture as (1, c, h, w) in 0..1."""
    pixels = np.array(picture, dtype=np.float32)
    return (
        torch.from_numpy(pixels.reshape(picture.height, picture.width, -1)).to(device).movedim(-1, 0)[None]
        / 255
    )


def at_most(size: tuple[int, int], multiple: int = 1, most: int = MOST_PIXELS) -> tuple[int, int]:
    """``size``, or one of its shape with at most ``most`` pixels; sides are multiples, rounded."""
    share = min(1.0, (most / (size[0] * size[1])) ** 0.5)
    width, height = (max(multiple, round(side * share / multiple) * multiple) for side in size)
    return width, height
