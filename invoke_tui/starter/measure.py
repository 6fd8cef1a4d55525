"""Tells the colour and shape of the object in a picture, and the colour behind it, without a neural network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from invoke_tui.starter import shapes
from invoke_tui.starter.vocabulary import COLOURS, SHAPES

FRAME = 4
"""Width of the border, of 128, that is taken for background."""

GRID = 48
"""Side of the square that silhouettes are scaled to before they are compared."""

MIN_CONTRAST = 14.0
"""Least distance (CIELAB) of an object from the background that counts as an object."""

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a picture shows; ``colour`` and ``shape`` are empty where no object stands out."""

    background: str
    colour: str
    shape: str
    likeness: float = 0.0
    """Overlap (intersection over union, 0..1) of the silhouette with the shape's template."""

    cover: float = 0.0
    """Share of the picture that the object covers."""


def to_lab(rgb: npt.ArrayLike) -> Floats:
    """SRGB bytes (..., 3) to CIELAB under D65."""
    value = np.asarray(rgb, np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ matrix.T / np.array([0.95047, 1.0, 1.08883])
    cube = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = cube[..., 0], cube[..., 1], cube[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


@lru_cache(maxsize=1)
def _references() -> tuple[tuple[str, ...], Floats]:
    return tuple(COLOURS), to_lab(list(COLOURS.values()))


def nearest_colours(lab: Floats) -> npt.NDArray[np.intp]:
    """Index into COLOURS of the closest reference for each of (n, 3) CIELAB values."""
    _, references = _references()
    nearest: npt.NDArray[np.intp] = np.linalg.norm(lab[:, None, :] - references[None], axis=2).argmin(axis=1)
    return nearest


def colour_name(lab: Floats) -> str:
    """The most frequent colour name among (n, 3) CIELAB values."""
    names, _ = _references()
    return names[int(np.bincount(nearest_colours(lab), minlength=len(names)).argmax())]


def colour_shares(picture: Image.Image) -> dict[str, float]:
    """How much of the picture (0..1) each named colour covers."""
    lab = to_lab(np.asarray(picture.convert("RGB"))).reshape(-1, 3)
    counts = np.bincount(nearest_colours(lab), minlength=len(COLOURS))
    return {name: float(count) / len(lab) for name, count in zip(COLOURS, counts, strict=True)}


def _frame(lab: Floats) -> Floats:
    height, width = lab.shape[:2]
    edge = max(1, round(FRAME * min(height, width) / 128))
    keep = np.ones((height, width), bool)
    keep[edge:-edge, edge:-edge] = False
    return lab[keep]


def object_mask(lab: Floats, background: Floats) -> Mask:
    """Pixels that stand out from the background: the largest connected part and those of a tenth its size."""
    distance = np.linalg.norm(lab - background, axis=2)
    contrast = float(np.percentile(distance, 98))
    if contrast < MIN_CONTRAST:
        return np.zeros(distance.shape, bool)
    mask: Mask = distance > max(MIN_CONTRAST * 0.6, 0.42 * contrast)
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    kept: Mask = np.isin(labels, np.flatnonzero(sizes >= max(12, 0.1 * sizes.max())))
    return kept


def _normalised(mask: Mask) -> Floats:
    """The mask's bounding box, scaled by its longer side to fill a square of GRID, centred; 0..1."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    side = max(box.shape)
    square = np.zeros((side, side), np.float32)
    top, left = (side - box.shape[0]) // 2, (side - box.shape[1]) // 2
    square[top : top + box.shape[0], left : left + box.shape[1]] = box
    scaled = Image.fromarray((square * 255).astype(np.uint8)).resize((GRID, GRID), Image.Resampling.BOX)
    return np.asarray(scaled, np.float64) / 255


@lru_cache(maxsize=1)
def _templates() -> dict[str, Floats]:
    return {name: _normalised(np.asarray(shapes.silhouette(name, 96)) > 127) for name in SHAPES}


def shape_scores(mask: Mask) -> dict[str, float]:
    """Overlap (0..1) of a silhouette with every shape's template."""
    found = _normalised(mask)
    return {
        name: float(np.minimum(found, template).sum() / np.maximum(found, template).sum())
        for name, template in _templates().items()
    }


def measure(picture: Image.Image) -> Reading:
    """Read a picture of one object on a plain background."""
    lab = to_lab(np.asarray(picture.convert("RGB")))
    frame = _frame(lab)
    ground = np.median(frame, axis=0)
    mask = object_mask(lab, ground)
    if not mask.any():
        return Reading(colour_name(frame), "", "")
    inner = ndimage.binary_erosion(mask, iterations=2)
    colour = colour_name(lab[inner if inner.sum() > 30 else mask])
    scores = shape_scores(mask)
    shape = max(scores, key=lambda name: scores[name])
    return Reading(colour_name(frame), colour, shape, scores[shape], float(mask.mean()))


def grounds_apart(one: Image.Image, other: Image.Image) -> float:
    """How far two pictures' backgrounds are from each other (CIELAB): 0 the same, 100 black and white."""
    first, second = (
        np.median(_frame(to_lab(np.asarray(picture.convert("RGB")))), axis=0) for picture in (one, other)
    )
    return float(np.linalg.norm(first - second))


BORDER = 5
"""Pixels around an object, of 128, in which ``border_whiteness`` looks for white."""


def border_whiteness(picture: Image.Image, colour: str, background: str) -> float:
    """How white the border of the ``colour`` object is: 0 where the background begins at once, 1 on white paper.

    Both colours have to differ from white. The share of the way from the background's colour to white, averaged.
    """
    lab = to_lab(np.asarray(picture.convert("RGB")))
    names, references = _references()
    wide = max(1, round(BORDER * min(lab.shape[:2]) / 128))
    body = (nearest_colours(lab.reshape(-1, 3)) == names.index(colour)).reshape(lab.shape[:2])
    body = ndimage.binary_opening(body, iterations=2)
    if not body.any():
        return 0.0
    ring = ndimage.binary_dilation(body, iterations=wide) & ~ndimage.binary_dilation(body, iterations=2)
    white, ground = references[names.index("white")], references[names.index(background)]
    way = white - ground
    along = (lab[ring] - ground) @ way / (way @ way)
    return float(np.clip(along, 0, 1).mean())
