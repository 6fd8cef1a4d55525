"""Pictures with crisper edges."""

from __future__ import annotations

from math import ceil
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

ROWS: Final = 128
"""Lines that are worked on at a time: a large picture in floats would take gigabytes."""


def unsharp_masked(image: Image.Image, radius: float, strength: float) -> Image.Image:
    """The picture and ``strength`` percent of what a blur of ``radius`` takes from it; alpha stays as it is."""
    width, height = image.size
    made, reach = Image.new("RGB", image.size), 4 * ceil(radius) + 4
    for top in range(0, height, ROWS):
        above, below = min(top, reach), min(height, top + ROWS + reach)
        band = image.crop((0, top - above, width, below)).convert("RGB")
        blurred = band.filter(ImageFilter.GaussianBlur(radius))
        sharp, soft = (np.asarray(lines)[above : above + ROWS] / 255 for lines in (band, blurred))
        crisp = np.clip(sharp + (sharp - soft) * (strength / 100), 0, 1) * 255
        made.paste(Image.fromarray(crisp.astype(np.uint8)), (0, top))
    if image.mode == "RGBA":
        made.putalpha(image.getchannel("A"))
        return made
    return made.convert(image.mode) if image.mode != "RGB" else made
