"""Control pictures of what networks see: depth, surfaces, segments, edges. Numbers come in, pictures go out."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

Numbers = npt.NDArray[Any]

STEEPNESS: Final = 8.0
"""How strongly a slope of depth tilts a surface: the whole depth within an eighth of the picture leans by half a right
angle."""
SMOOTH: Final = 3.0
"""Pixels over which soft edges are smoothed before they are thinned to scribbles."""
_ADE: Final = """
    787878 b47878 06e6e6 503232 04c803 787850 8c8c8c cc05ff e6e6e6 04fa07 e005ff ebff07 96053d 787846 08ff33
    ff0652 8fff8c ccff04 ff3307 cc4603 0066c8 3de6fa ff0633 0b66ff ff0747 ff09e0 0907e6 dcdcdc ff095c 7009ff
    08ffd6 07ffe0 ffb806 0aff47 ff290a 07ffff e0ff08 6608ff ff3d06 ffc207 ff7a08 00ff14 ff0829 ff0599 0633ff
    eb0cff a09614 00a3ff 8c8c8c fa0a0f 14ff00 1fff00 ff1f00 ffe000 99ff00 0000ff ff4700 00ebff 00adff 1f00ff
    0bc8c8 ff5200 00fff5 003dff 00ff70 00ff85 ff0000 ffa300 ff6600 c2ff00 008fff 33ff00 0052ff 00ff29 00ffad
    0a00ff adff00 00ff99 ff5c00 ff00ff ff00f5 ff0066 ffad00 ff0014 ffb8b8 001fff 00ff3d 0047ff ff00cc 00ffc2
    00ff52 000aff 0070ff 3300ff 00c2ff 007aff 00ffa3 ff9900 00ff0a ff7000 8fff00 5200ff a3ff00 ffeb00 08b8aa
    8500ff 00ff5c b800ff ff001f 00b8ff 00d6ff ff0070 5cff00 00e0ff 70e0ff 46b8a0 a300ff 9900ff 47ff00 ff00a3
    ffcc00 ff008f 00ffeb 85ff00 ff00eb f500ff ff007a fff500 0abed4 d6ff00 00ccff 1400ff ffff00 0099ff 0029ff
    00ffcc 2900ff 29ff00 ad00ff 00f5ff 4700ff 7a00ff 00ffb8 005cff b8ff00 0085ff ffd600 19c2c2 66ff00 5c00ff
"""


def depth_picture(depth: Numbers, size: tuple[int, int]) -> Image.Image:
    """Near is white, far is black."""
    return _picture(255 * _spread(depth), size)


def normal_picture(depth: Numbers, size: tuple[int, int]) -> Image.Image:
    """Which way surfaces face, reckoned from how depth changes: red is left, green is up, blue is to the viewer.

    Those are the colours of the normal maps (NormalBae) that ControlNets were trained with.
    """
    import cv2

    near = cv2.GaussianBlur(_spread(depth), (0, 0), max(depth.shape) / 256)
    down, across = np.gradient(near) if min(near.shape) > 1 else (np.zeros_like(near),) * 2
    height, width = near.shape
    facing = np.stack([STEEPNESS * width / 8 * across, STEEPNESS * height / 8 * down, np.ones_like(near)], -1)
    facing /= np.linalg.norm(facing, axis=-1, keepdims=True)
    return _picture(127.5 * (facing + 1), size)


def segment_picture(kinds: Numbers, size: tuple[int, int]) -> Image.Image:
    """ADE20K's 150 kinds of things in the colours that ControlNets know them by."""
    palette = np.array([list(bytes.fromhex(colour)) for colour in _ADE.split()], np.uint8)
    picture = Image.fromarray(palette[np.clip(kinds, 0, len(palette) - 1)])
    return picture.resize(size, Image.Resampling.NEAREST)


def edge_picture(edges: Numbers, size: tuple[int, int]) -> Image.Image:
    """Edges (h, w) in 0..1 in white on black."""
    return _picture(255 * edges, size)


def line_picture(lines: Numbers, size: tuple[int, int], sure: float, length: float) -> Image.Image:
    """Straight lines (n, 6), as M-LSD gives them: those that are surer and longer than this, in white on black."""
    import cv2

    canvas, (width, height) = np.zeros((size[1], size[0]), np.uint8), size
    for score, long, *ends in lines.tolist():
        if score > sure and long > length:
            left, top, right, bottom = (
                round(side * end) for side, end in zip((width, height) * 2, ends, strict=True)
            )
            cv2.line(canvas, (left, top), (right, bottom), 255, max(1, round(min(size) / 512)))
    return Image.fromarray(canvas).convert("RGB")


def stepped(edges: Numbers, steps: int = 2) -> Numbers:
    """Edges in ``steps`` + 1 levels: what is faint goes."""
    found: Numbers = np.trunc(np.clip(edges, 0, 1) * (steps + 1 - 1e-4)) / steps
    return np.clip(found, 0, 1)


def scribble_picture(edges: Numbers, size: tuple[int, int]) -> Image.Image:
    """The ridges of soft edges as strokes of one width."""
    import cv2

    smooth = cv2.GaussianBlur(edges.astype(np.float32), (0, 0), SMOOTH)
    row, diagonal = np.zeros((3, 3), np.uint8), np.eye(3, dtype=np.uint8)
    row[1] = 1
    ridge = np.zeros(smooth.shape, bool)
    for line in (row, row.T.copy(), diagonal, diagonal[::-1].copy()):
        ridge |= (cv2.dilate(smooth, line) == smooth) & (cv2.erode(smooth, line) < smooth)  # no plateau
    strokes = cv2.GaussianBlur(255 * (ridge & (smooth > 0.5)).astype(np.float32), (0, 0), SMOOTH) > 4
    return _picture(255 * strokes.astype(np.float32), size)


def _spread(numbers: Numbers) -> Numbers:
    """Numbers over the whole range 0..1."""
    low, high = float(numbers.min()), float(numbers.max())
    found: Numbers = ((numbers - low) / max(high - low, 1e-9)).astype(np.float32)
    return found


def _picture(values: Numbers, size: tuple[int, int]) -> Image.Image:
    """Values in 0..255 as an RGB picture of a size."""
    picture = Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8)).convert("RGB")
    return picture if picture.size == size else picture.resize(size, Image.Resampling.BILINEAR)
