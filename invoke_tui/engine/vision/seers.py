"""Networks of transformers' kind: depth, segments, people and their poses. What a picture is made into, and what of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from invoke_tui.engine.vision.tool import Numbers, PictureTool, pixels_of

SIDE: Final = 512
IMAGENET: Final = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
SURE: Final = 0.3
"""How sure a detector must be of a person."""
MOST_PEOPLE: Final = 20
AROUND: Final = 1.25
"""How much larger than a person's box is what the pose network is shown."""


@dataclass(frozen=True)
class Eyes:
    """How a network wants its pictures: from ``preprocessor_config.json``."""

    width: int
    height: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    keep_shape: bool
    multiple: int

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Eyes:
        """What the file says; ImageNet's colours and a square where it says nothing. Raises what numbers do that are
        none."""
        size = said.get("size") or {}
        size = size if isinstance(size, Mapping) else {"height": size, "width": size}
        square = size.get("shortest_edge", SIDE)
        plain = said.get("do_normalize", True) is False
        mean, std = ((0.0,) * 3, (1.0,) * 3) if plain else IMAGENET
        return cls(
            width=_bounded(size.get("width", square)),
            height=_bounded(size.get("height", square)),
            mean=mean if plain else _three(said.get("image_mean", mean)),
            std=std if plain else _three(said.get("image_std", std)),
            keep_shape=said.get("keep_aspect_ratio") is True,
            multiple=_bounded(said.get("ensure_multiple_of") or 1),
        )

    def shown(self, picture: Image.Image, device: torch.device) -> Tensor:
        """The picture as the network is shown it: (1, 3, h, w)."""
        width, height = self.width, self.height
        if self.keep_shape:  # the side that changes least decides
            across, down = width / picture.width, height / picture.height
            scale = across if abs(1 - across) < abs(1 - down) else down
            longest = 4 * max(width, height) / max(picture.size)
            width, height = (round(side * min(scale, longest)) for side in picture.size)
        size = [max(self.multiple, round(side / self.multiple) * self.multiple) for side in (width, height)]
        pixels = pixels_of(picture.resize((size[0], size[1]), Image.Resampling.BICUBIC), device)
        mean, std = (torch.tensor(each, device=device).view(1, 3, 1, 1) for each in (self.mean, self.std))
        return (pixels - mean) / std


class _Seer(PictureTool):
    """A network of transformers', and how it wants its pictures."""

    usual: ClassVar[Mapping[str, Any]] = {}
    """What holds where its folder does not say."""

    def __init__(self, network: nn.Module, said: Mapping[str, Any]) -> None:
        super().__init__()
        self.network = network
        self.eyes = Eyes.read(dict(self.usual) | dict(said))


class Depth(_Seer):
    """How near things are, in numbers of the network's own: (h, w)."""

    def look(self, picture: Image.Image, given: Numbers | None, device: torch.device) -> Numbers:
        """Large is near."""
        found: Numbers = (
            self.network(pixel_values=self.eyes.shown(picture, device))
            .predicted_depth[0]
            .float()
            .cpu()
            .numpy()
        )
        return found


class Segments(_Seer):
    """Which of its kinds of things each place is: (h, w), numbers from 0."""

    def look(self, picture: Image.Image, given: Numbers | None, device: torch.device) -> Numbers:
        """The likeliest kind."""
        shown = self.eyes.shown(picture, device)
        logits = self.network(pixel_values=shown).logits
        large = functional.interpolate(logits, shown.shape[-2:], mode="bilinear", align_corners=False)
        found: Numbers = large[0].argmax(0).to(torch.int32).cpu().numpy()
        return found


class People(_Seer):
    """Boxes around people, the surest first: (n, 5), left, top, right, bottom in pixels, and how sure it is."""

    usual: ClassVar[Mapping[str, Any]] = {"size": 640, "do_normalize": False}

    def look(self, picture: Image.Image, given: Numbers | None, device: torch.device) -> Numbers:
        """At most ``MOST_PEOPLE``."""
        seen = self.network(pixel_values=self.eyes.shown(picture, device))
        names: Mapping[Any, str] = self.network.config.id2label  # type: ignore[union-attr,assignment]
        person = next((int(number) for number, name in names.items() if str(name).lower() == "person"), 0)
        sure = seen.logits[0, :, person].float().sigmoid().cpu().numpy()
        middle, size = np.split(seen.pred_boxes[0].float().cpu().numpy(), 2, axis=-1)
        corners = np.concatenate([middle - size / 2, middle + size / 2], -1).clip(0, 1)
        best = np.argsort(-sure, kind="stable")[:MOST_PEOPLE]
        best = best[sure[best] >= SURE]
        scale = np.array([*picture.size, *picture.size], np.float32)
        return np.concatenate([corners[best] * scale, sure[best, None]], -1)


class Pose(_Seer):
    """The 17 points of a body that COCO names, for each box: (n, 17, 3), x and y in pixels, and how sure it is."""

    POINTS: Final = 17
    usual: ClassVar[Mapping[str, Any]] = {"size": {"height": 256, "width": 192}}

    def look(self, picture: Image.Image, given: Numbers | None, device: torch.device) -> Numbers:
        """``given`` are boxes (n, 4 or more): left, top, right, bottom."""
        boxes = np.zeros((0, 4)) if given is None else given
        bodies = [self._body(picture, box[:4], device) for box in boxes]
        return np.stack(bodies) if bodies else np.zeros((0, self.POINTS, 3), np.float32)

    def _maps(self, shown: Tensor) -> Tensor:
        """Where each point may be. Of networks that know several kinds of bodies, the one that COCO's people have."""
        experts = getattr(getattr(self.network.config, "backbone_config", None), "num_experts", 1)
        which = (
            {"dataset_index": torch.zeros(1, dtype=torch.long, device=shown.device)} if experts > 1 else {}
        )
        maps: Tensor = self.network(pixel_values=shown, **which).heatmaps
        return maps

    def _body(self, picture: Image.Image, box: Numbers, device: torch.device) -> Numbers:
        shape = self.eyes.width / self.eyes.height
        width, height = max(box[2] - box[0], 1.0), max(box[3] - box[1], 1.0)
        width, height = AROUND * max(width, height * shape), AROUND * max(height, width / shape)
        left, top = (box[0] + box[2] - width) / 2, (box[1] + box[3] - height) / 2
        cut = picture.crop((round(left), round(top), round(left + width), round(top + height)))
        maps = self._maps(self.eyes.shown(cut, device))[0].float().cpu().numpy()
        across, down = cut.width / maps.shape[2], cut.height / maps.shape[1]
        points = [_peak(one) for one in maps]
        return np.array(
            [
                [round(left) + (x + 0.5) * across, round(top) + (y + 0.5) * down, sure]
                for x, y, sure in points
            ],
            np.float32,
        )


def _peak(heat: Numbers) -> tuple[float, float, float]:
    """The highest place of a map (h, w) to a fraction of its grid: a parabola through its neighbours."""
    y, x = np.unravel_index(int(heat.argmax()), heat.shape)
    return float(x + _top(heat[y, :], int(x))), float(y + _top(heat[:, x], int(y))), float(heat[y, x])


def _top(line: Numbers, at: int) -> float:
    if not 0 < at < len(line) - 1:
        return 0.0
    before, here, after = (float(value) for value in line[at - 1 : at + 2])
    bend = before - 2 * here + after
    return 0.0 if bend >= 0 else min(0.5, max(-0.5, (before - after) / (2 * bend)))


def _three(values: Any) -> tuple[float, ...]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _bounded(value: Any) -> int:
    return min(max(int(value), 1), 2048)
