"""Pictures with crisper edges."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter


def unsharp_masked(image: Image.Image, radius: float, strength: float) -> Image.Image:
    """The picture and ``strength`` percent of what a blur of ``radius`` takes from it; alpha stays as it is."""
    colours = image.convert("RGB")
    sharp, soft = (np.asarray(p) / 255 for p in (colours, colours.filter(ImageFilter.GaussianBlur(radius))))
    made = np.clip(sharp + (sharp - soft) * (strength / 100), 0, 1)
    found = Image.fromarray((made * 255).astype(np.uint8))
    if image.mode == "RGBA":
        found.putalpha(image.getchannel("A"))
        return found
    return found.convert(image.mode)
