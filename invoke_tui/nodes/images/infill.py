"""Something for the transparent parts of a picture, for the denoiser to begin with."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from invoke_tui.domain.errors import BadInputError
from invoke_tui.nodes.images.edit import RESAMPLING
from invoke_tui.nodes.images.kinds import ResampleMode


def infill_colour(image: Image.Image, colour: tuple[int, int, int, int]) -> Image.Image:
    """The picture on one colour."""
    whole = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, colour), whole)


def infill_tile(image: Image.Image, *, tile_size: int, seed: int) -> Image.Image:
    """The picture on opaque tiles of itself, drawn at random (InvokeAI's draw for a seed)."""
    if image.mode != "RGBA":
        return image
    pixels = np.array(image)
    height, width = pixels.shape[:2]
    starts = [
        (y, x)
        for y in range(0, height - tile_size + 1, tile_size)
        for x in range(0, width - tile_size + 1, tile_size)
        if (pixels[y : y + tile_size, x : x + tile_size, 3] == 255).all()
    ]
    if not starts:
        raise BadInputError(
            f"The picture has no opaque tile of {tile_size} x {tile_size} pixels to fill with.",
            hint="Take a smaller tile size, or another infill method.",
            code="bad_infill",
        )
    drawn, ground = np.random.default_rng(seed), np.zeros((height, width, 3), np.uint8)
    for y in range(0, height, tile_size):
        for x in range(0, width, tile_size):
            top, left = starts[int(drawn.integers(len(starts)))]
            room = ground[y : y + tile_size, x : x + tile_size]
            room[:] = pixels[top : top + room.shape[0], left : left + room.shape[1], :3]
    return _over(Image.fromarray(ground), image)


def infill_cv2(image: Image.Image) -> Image.Image:
    """The picture continued from its edges inwards (Telea, "An image inpainting technique", OpenCV's)."""
    import cv2

    if image.mode != "RGBA":
        return image
    filled = cv2.inpaint(np.array(image.convert("RGB")), hidden(image), 3, cv2.INPAINT_TELEA)
    return Image.fromarray(np.asarray(filled, dtype=np.uint8))


def hidden(image: Image.Image) -> npt.NDArray[np.uint8]:
    """What is not opaque in a picture, (h, w): 255 where nothing is seen of it."""
    return 255 - np.array(image.getchannel("A"))


def infill_with(image: Image.Image, filled: npt.NDArray[Any]) -> Image.Image:
    """The picture over what a network made of it: (h, w, 3) in 0..1, of its size or smaller."""
    made = Image.fromarray(np.rint(255 * np.clip(filled, 0, 1)).astype(np.uint8))
    return _over(made.resize(image.size, Image.Resampling.BICUBIC), image)


def infill_patchmatch(image: Image.Image, *, downscale: float, mode: ResampleMode) -> Image.Image:
    """The picture continued with patches of itself, by the library ``patchmatch`` where it is installed."""
    if image.mode != "RGBA":
        return image
    try:
        patch_match = import_module("patchmatch.patch_match")
    except ImportError as error:
        raise no_patchmatch() from error
    resample = RESAMPLING[mode]
    size = tuple(max(1, int(side / downscale)) for side in image.size)
    small = image.resize((size[0], size[1]), resample) if downscale != 1 else image
    gaps = Image.fromarray(hidden(small))
    filled = Image.fromarray(patch_match.inpaint(small.convert("RGB"), gaps, patch_size=3))
    return _over(filled.resize(image.size, resample), image)


def no_patchmatch() -> BadInputError:
    """What to do where the library is not."""
    return BadInputError(
        "PatchMatch is not installed here.",
        hint="Install the package pypatchmatch, or take another infill method: lama, cv2, tile or color.",
        code="bad_infill",
    )


def _over(ground: Image.Image, image: Image.Image) -> Image.Image:
    ground.paste(image.convert("RGB"), (0, 0), image.getchannel("A"))
    return ground
