"""Poses drawn as OpenPose draws them (Cao et al., 2017): what ControlNets for poses were trained with."""

from __future__ import annotations

import colorsys
import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

SURE: Final = 0.3
"""How sure the network must be of a point."""
WIDTH: Final = 4
"""Half the thickness of a limb and the radius of a joint, in a picture of 512 pixels."""
DIM: Final = 0.6
"""How bright limbs are beside joints."""
_FROM_COCO: Final = (0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
"""OpenPose's 18 joints among COCO's 17 points: nose, neck, right arm, left arm, right leg, left leg, eyes, ears. COCO
has no neck; it is between the shoulders."""
_LIMBS: Final = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
    (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
_SHOULDERS: Final = (5, 6)

Joint = tuple[float, float] | None


def pose_picture(bodies: npt.NDArray[Any], size: tuple[int, int]) -> Image.Image:
    """Bodies (n, 17, 3) of COCO's points (x, y, sure) as coloured limbs and joints on black."""
    picture = Image.new("RGB", size)
    thick = max(1.0, WIDTH * min(size) / 512)
    drawn = [_joints(body) for body in bodies]
    for joints in drawn:
        for number, (start, end) in enumerate(_LIMBS):
            _limb(picture, joints[start], joints[end], _colour(number, DIM), thick)
    pen = ImageDraw.Draw(picture)
    for joints in drawn:
        for number, joint in enumerate(joints):
            if joint is not None:
                x, y = joint
                pen.ellipse((x - thick, y - thick, x + thick, y + thick), fill=_colour(number, 1))
    return picture


def _joints(body: npt.NDArray[Any]) -> list[Joint]:
    """OpenPose's joints, None for those nobody sees."""
    seen: list[Joint] = [(float(x), float(y)) if sure >= SURE else None for x, y, sure in body]
    left, right = (seen[number] for number in _SHOULDERS)
    neck = None
    if left is not None and right is not None:
        neck = (left[0] + right[0]) / 2, (left[1] + right[1]) / 2
    return [neck if number is None else seen[number] for number in _FROM_COCO]


def _limb(picture: Image.Image, start: Joint, end: Joint, colour: tuple[int, int, int], thick: float) -> None:
    """A long ellipse from joint to joint."""
    if start is None or end is None:
        return
    (x, y), (to_x, to_y) = start, end
    angle, half = math.atan2(to_y - y, to_x - x), math.hypot(to_x - x, to_y - y) / 2
    turns = np.linspace(0, 2 * math.pi, 32, endpoint=False)
    along, aside = half * np.cos(turns), thick * np.sin(turns)
    across = (x + to_x) / 2 + along * math.cos(angle) - aside * math.sin(angle)
    down = (y + to_y) / 2 + along * math.sin(angle) + aside * math.cos(angle)
    ImageDraw.Draw(picture).polygon(list(zip(across.tolist(), down.tolist(), strict=True)), fill=colour)


def _colour(number: int, light: float) -> tuple[int, int, int]:
    """Eighteen hues around the wheel."""
    red, green, blue = (round(255 * light * part) for part in colorsys.hsv_to_rgb(number / 18, 1, 1))
    return red, green, blue
