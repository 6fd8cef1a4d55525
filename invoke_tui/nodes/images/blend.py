"""Two pictures become one: layers, paste-back, colours that match."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

from invoke_tui.nodes.images.kinds import ColorSpace

_CHANNELS: dict[ColorSpace, tuple[int, ...]] = {
    "RGB": (0, 1, 2),
    "YCbCr": (0, 1, 2),
    "YCbCr-Chroma": (1, 2),
    "YCbCr-Luma": (0,),
}


def fitted(image: Image.Image, size: tuple[int, int], *, to_width: bool, to_height: bool) -> Image.Image:
    """An upper layer in the size of the base: stretched where both sides fit, else padded or cut."""
    if image.size == size or not (to_width or to_height):
        return image
    if to_width and to_height:
        return image.resize(size)
    wider = image.width / image.height > size[0] / size[1]
    if (to_width and wider) or (to_height and not wider):
        return ImageOps.pad(image, size, color=tuple(0 for _ in image.getbands()))
    return ImageOps.fit(image, size)


def blend_normal(
    upper: Image.Image, base: Image.Image, mask: Image.Image | None, opacity: float
) -> Image.Image:
    """``upper`` over ``base``, which shows where ``mask`` is white. What shows wholly is not changed by a bit.

    Only where the result is transparent somewhere it has an alpha channel.
    """
    over = np.asarray(upper.convert("RGBA"), dtype=np.float64) / 255
    under = np.asarray(base.convert("RGBA"), dtype=np.float64) / 255
    alpha = over[..., 3:] * opacity
    if mask is not None:
        alpha = alpha * (1 - np.asarray(mask.convert("L"), dtype=np.float64)[..., None] / 255)
    below = under[..., 3:] * (1 - alpha)
    whole = alpha + below
    mixed = (over[..., :3] * alpha + under[..., :3] * below) / np.where(whole > 0, whole, 1)
    pixels = np.concatenate([mixed, whole], axis=-1).clip(0, 1) * 255
    result = Image.fromarray(pixels.round().astype(np.uint8), "RGBA")
    see_through = result.getchannel("A").histogram()[255] < result.width * result.height
    return result if base.mode == "RGBA" and see_through else result.convert("RGB")


def paste_back(source: Image.Image, target: Image.Image, mask: Image.Image, blur: int) -> Image.Image:
    """``target`` over ``source`` where ``mask`` is black, its edge blurred over ``blur`` pixels."""
    drawn = ImageOps.invert(mask.convert("L").resize(source.size))
    if blur > 0:
        drawn = drawn.filter(ImageFilter.GaussianBlur(blur))
    return Image.composite(target.convert(source.mode).resize(source.size), source, drawn)


def match_colours(
    image: Image.Image, reference: Image.Image, mask: Image.Image | None, space: ColorSpace
) -> Image.Image:
    """``image`` with the histogram of ``reference`` in some channels; where ``mask`` is white it stays as it was."""
    work: Literal["RGB", "YCbCr"] = "RGB" if space == "RGB" else "YCbCr"
    pixels = np.array(image.convert("RGB").convert(work))
    wanted = np.asarray(reference.convert("RGB").convert(work))
    for channel in _CHANNELS[space]:
        pixels[..., channel] = _matched(pixels[..., channel], wanted[..., channel])
    matched = Image.fromarray(pixels, work).convert("RGB")
    if mask is not None:
        matched = Image.composite(image.convert("RGB"), matched, mask.convert("L").resize(image.size))
    if image.mode == "RGBA":
        matched.putalpha(image.getchannel("A"))
    return matched


def _matched(values: npt.NDArray[np.uint8], wanted: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Each value becomes that of ``wanted`` which the same share of pixels lies below."""
    have = np.bincount(values.ravel(), minlength=256).cumsum() / values.size
    want = np.bincount(wanted.ravel(), minlength=256)
    present = np.flatnonzero(want)
    table = np.interp(have, want.cumsum()[present] / wanted.size, present)
    return table.round().astype(np.uint8)[values]
