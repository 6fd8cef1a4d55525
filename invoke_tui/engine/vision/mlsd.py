"""M-LSD: straight lines (Gu et al., "Towards Light-Weight and Real-Time Line Segment Detection", 2021), in the layout
of the public weights (``mlsd_large_512_fp32``)."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from invoke_tui.engine.vision.tool import Numbers, PictureTool, pixels_of

SIDE: Final = 512
MOST_LINES: Final = 200
_STAGES: Final = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1))
"""Of MobileNetV2: expansion, channels, blocks, stride."""
_KEPT: Final = (1, 3, 6, 10, 13)
"""The layers whose scale is looked at again."""


class _Conv(nn.Sequential):
    """Convolution, norm, ReLU6. Where it halves, it looks one pixel further right and down, as TensorFlow does."""

    def __init__(self, into: int, out: int, size: int = 3, stride: int = 1, groups: int = 1) -> None:
        padding = 0 if stride == 2 else (size - 1) // 2
        super().__init__(
            nn.Conv2d(into, out, size, stride, padding, groups=groups, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU6(),
        )
        self.halves = stride == 2

    def forward(self, seen: Tensor) -> Tensor:
        seen = functional.pad(seen, (0, 1, 0, 1)) if self.halves else seen
        for layer in self:
            seen = layer(seen)
        return seen


class _Inverted(nn.Module):
    """A block of MobileNetV2."""

    def __init__(self, into: int, out: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = into * expansion
        layers: list[nn.Module] = [] if expansion == 1 else [_Conv(into, wide, 1)]
        layers += [
            _Conv(wide, wide, 3, stride, wide),
            nn.Conv2d(wide, out, 1, bias=False),
            nn.BatchNorm2d(out),
        ]
        self.conv = nn.Sequential(*layers)
        self.adds = stride == 1 and into == out

    def forward(self, seen: Tensor) -> Tensor:
        made: Tensor = self.conv(seen)
        return seen + made if self.adds else made


class _Backbone(nn.Module):
    """MobileNetV2's first fourteen layers."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_Conv(4, 32, stride=2)]
        into = 32
        for expansion, out, count, stride in _STAGES:
            for number in range(count):
                layers.append(_Inverted(into, out, stride if number == 0 else 1, expansion))
                into = out
        self.features = nn.ModuleList(layers)

    def forward(self, seen: Tensor) -> list[Tensor]:
        found = []
        for number, layer in enumerate(self.features):
            seen = layer(seen)
            if number in _KEPT:
                found.append(seen)
        return found


def _conv(into: int, out: int, size: int, reach: int = 1) -> nn.Sequential:
    padding = reach * (size - 1) // 2
    return nn.Sequential(
        nn.Conv2d(into, out, size, padding=padding, dilation=reach), nn.BatchNorm2d(out), nn.ReLU()
    )


class _Join(nn.Module):
    """A scale and the one below it, side by side."""

    def __init__(self, fine: int, coarse: int, *, grows: bool = True) -> None:
        super().__init__()
        self.conv1, self.conv2 = _conv(coarse, 64, 1), _conv(fine, 64, 1)
        self.grows = grows

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        below = self.conv1(coarse)
        if self.grows:
            below = functional.interpolate(below, scale_factor=2.0, mode="bilinear", align_corners=True)
        return torch.cat((self.conv2(fine), below), 1)


class _Mix(nn.Module):
    """What stands side by side, as one."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = _conv(128, 128, 3), _conv(128, 64, 3)

    def forward(self, seen: Tensor) -> Tensor:
        made: Tensor = self.conv2(self.conv1(seen) + seen)
        return made


class _Lines(nn.Module):
    """Centres and ends of lines."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = _conv(64, 64, 3, reach=5), _conv(64, 64, 3)
        self.conv3 = nn.Conv2d(64, 16, 1)

    def forward(self, seen: Tensor) -> Tensor:
        made: Tensor = self.conv3(self.conv2(self.conv1(seen)))
        return made


class MLSD(PictureTool):
    """Straight lines, the surest first: (n, 6), how sure, how long, and the two ends as shares of width and height.

    The length is in pixels of its map, which has 256 a side.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = _Backbone()
        self.block15, self.block16 = _Join(64, 96, grows=False), _Mix()
        self.block17, self.block18 = _Join(32, 64), _Mix()
        self.block19, self.block20 = _Join(24, 64), _Mix()
        self.block21, self.block22 = _Join(16, 64), _Mix()
        self.block23 = _Lines()

    def forward(self, pixels: Tensor) -> Tensor:
        """(1, 4, 512, 512) in -1..1 to (1, 9, 256, 256): where centres are, and the way from there to both ends."""
        first, second, third, fourth, fifth = self.backbone(pixels)
        seen = self.block16(self.block15(fourth, fifth))
        seen = self.block18(self.block17(third, seen))
        seen = self.block20(self.block19(second, seen))
        seen = self.block22(self.block21(first, seen))
        made: Tensor = self.block23(seen)[:, 7:]
        return made

    def look(self, picture: Image.Image, given: Numbers | None, device: torch.device) -> Numbers:
        """At most ``MOST_LINES``."""
        colours = pixels_of(picture.resize((SIDE, SIDE), Image.Resampling.BOX), device)
        fourth = torch.full_like(
            colours[:, :1], 1 / 255
        )  # it was trained with a channel of ones beside bytes
        maps = self(torch.cat([colours, fourth], 1) * 2 - 1)[0].float()
        sure = torch.sigmoid(maps[0])
        peaks = sure * (functional.max_pool2d(sure[None, None], 3, 1, 1)[0, 0] == sure)
        best, places = peaks.flatten().topk(MOST_LINES)
        height, width = sure.shape
        centres = torch.stack([places % width, places // width], -1).repeat(1, 2)
        ways = maps[1:5].flatten(1)[:, places].T
        ends = (centres + ways) / torch.tensor([width, height] * 2, device=ways.device)
        length = (ways[:, :2] - ways[:, 2:]).norm(dim=-1)
        found = torch.cat([best[:, None], length[:, None], ends], -1).cpu().numpy()
        return np.ascontiguousarray(found)
