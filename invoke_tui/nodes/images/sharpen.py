"""Pictures with crisper edges."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image, ImageFilter

ROWS: Final = 64
"""Lines that are held in floats at a time: a large picture would take gigabytes."""


def unsharp_masked(image: Image.Image, radius: float, strength: float) -> Image.Image:
    """The picture and ``strength`` percent of what a blur of ``radius`` takes from it; alpha stays as it is."""
    colours = image.convert("RGB")
    made = np.array(colours)
    blurred = np.asarray(colours.filter(ImageFilter.GaussianBlur(radius)))
    for top in range(0, len(made), ROWS):
        sharp, soft = (pixels[top : top + ROWS] / 255 for pixels in (made, blurred))
        made[top : top + ROWS] = np.clip(sharp + (sharp - soft) * (strength / 100), 0, 1) * 255
    found = Image.fromarray(made)
    if image.mode == "RGBA":
        found.putalpha(image.getchannel("A"))
        return found
    return found.convert(image.mode)
