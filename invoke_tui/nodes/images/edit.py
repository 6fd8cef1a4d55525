"""One picture from another: sizes, cuts, channels, brightness, blur and noise."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

from invoke_tui.nodes.images.kinds import NoiseKind, ResampleMode

Picture = Image.Image
RESAMPLING: Final[dict[ResampleMode, Image.Resampling]] = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
NOTHING: Final = (0, 0, 0, 0)


def blank(size: tuple[int, int], mode: str, colour: tuple[int, int, int, int]) -> Picture:
    """A picture of one colour."""
    return Image.new("RGBA", size, colour).convert(mode)


def resized(image: Picture, size: tuple[int, int], mode: ResampleMode) -> Picture:
    """The picture in another size."""
    return image if image.size == size else image.resize(size, RESAMPLING[mode])


def scaled(image: Picture, factor: float, mode: ResampleMode) -> Picture:
    """The picture ``factor`` times as large, its sides rounded down."""
    width, height = (max(1, int(side * factor)) for side in image.size)
    return image.resize((width, height), RESAMPLING[mode])


def placed(image: Picture, size: tuple[int, int], at: tuple[int, int]) -> Picture:
    """The picture with its corner ``at`` a place of transparent ground; what lies outside is cut off."""
    ground = Image.new("RGBA", size, NOTHING)
    ground.paste(image, at)
    return ground


def pasted(
    base: Picture, image: Picture, mask: Picture | None, at: tuple[int, int], *, crop: bool
) -> Picture:
    """``image`` on ``base``, but where ``mask`` is white; the ground grows to hold both unless it is to ``crop``."""
    left, top = (min(0, place) for place in at)
    right, bottom = max(base.width, image.width + at[0]), max(base.height, image.height + at[1])
    whole = placed(base.convert("RGBA"), (right - left, bottom - top), (-left, -top))
    shown = ImageOps.invert(mask.convert("L")) if mask is not None else None
    whole.paste(image.convert("RGBA"), (at[0] - left, at[1] - top), shown)
    return whole.crop((-left, -top, base.width - left, base.height - top)) if crop else whole


def multiplied(one: Picture, other: Picture) -> Picture:
    """Both, multiplied; the second in size and mode of the first."""
    return ImageChops.multiply(one, resized(other, one.size, "bicubic").convert(one.mode))


def lerped(image: Picture, low: int, high: int) -> Picture:
    """All values between ``low`` and ``high`` instead of 0 and 255."""
    values = np.asarray(image, dtype=np.float32) / 255 * (high - low) + low
    return Image.fromarray(values.astype(np.uint8))


def spread(image: Picture, low: int, high: int) -> Picture:
    """What lies between ``low`` and ``high`` from 0 to 255."""
    values = np.asarray(image, dtype=np.float32)
    return Image.fromarray((np.clip((values - low) / ((high - low) or 1), 0, 1) * 255).astype(np.uint8))


def blurred(image: Picture, radius: float, kind: Literal["gaussian", "box"]) -> Picture:
    """The picture, blurred."""
    return image.filter((ImageFilter.GaussianBlur if kind == "gaussian" else ImageFilter.BoxBlur)(radius))


def alpha_mask(image: Picture, *, invert: bool) -> Picture:
    """What is transparent as black; of a grey picture itself."""
    mask = Image.new("L", image.size, 255) if image.mode == "RGB" else image.split()[-1]
    return ImageOps.invert(mask) if invert else mask


def with_alpha(image: Picture, mask: Picture, *, invert: bool) -> Picture:
    """As opaque as ``mask`` is white, and no more than before."""
    picture, shown = image.convert("RGBA"), mask.convert("L").resize(image.size)
    if invert:
        shown = ImageOps.invert(shown)
    picture.putalpha(ImageChops.multiply(picture.getchannel("A"), shown))
    return picture


def noisy(
    image: Picture,
    mask: Picture | None,
    *,
    seed: int,
    kind: NoiseKind,
    amount: float,
    coloured: bool,
    grain: int,
) -> Picture:
    """The picture mixed with noise of ``grain`` pixels, but where ``mask`` is white."""
    whole = image.convert("RGBA")
    clean, drawn = whole.convert("RGB"), np.random.default_rng(seed)
    height, width = -(-image.height // grain), -(-image.width // grain)
    shape = (height, width, 3 if coloured else 1)
    if kind == "gaussian":
        values = np.clip(drawn.normal(127.5, 127.5 / 3, shape), 0, 255).astype(np.uint8)
    else:
        values = drawn.integers(0, 2, shape, dtype=np.uint8) * np.uint8(255)
    noise = Image.fromarray(np.broadcast_to(values, (height, width, 3)).copy())
    noise = noise.resize((width * grain, height * grain), Image.Resampling.NEAREST)
    mixed = Image.blend(clean, noise.crop((0, 0, *image.size)), amount)
    if mask is not None:
        mixed = Image.composite(clean, mixed, mask.convert("L").resize(image.size))
    mixed.putalpha(whole.getchannel("A"))
    return mixed
