"""Networks for edges and lines, in the layouts of the public weights that ControlNets were trained with.

HED: Xie and Tu, "Holistically-Nested Edge Detection", 2015, as retrained for ControlNet. Line drawings: Chan, Durand
and Isola, "Learning to generate line drawings that convey geometry and semantics", 2022. Anime lines: a U-Net as in
Isola et al., "Image-to-image translation with conditional adversarial networks", 2017.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from invoke_tui.engine.vision.tool import Numbers, PictureTool, at_most, pixels_of

_STAGES: Final = ((3, 64, 2), (64, 128, 2), (128, 256, 3), (256, 512, 3), (512, 512, 3))
"""Of HED: channels in and out, and how many convolutions."""


class _Stage(nn.Module):
    """Convolutions of one scale, and the edges they see."""

    def __init__(self, into: int, out: int, count: int) -> None:
        super().__init__()
        widths = [into, *[out] * count]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.projection = nn.Conv2d(out, 1, 1)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """What goes on to the next scale, and the edges of this one."""
        for conv in self.convs:
            seen = functional.relu(conv(seen))
        return seen, self.projection(seen)


class HED(PictureTool):
    """Soft edges: the mean of what five scales see, (h, w) in 0..1."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.Parameter(torch.zeros(1, 3, 1, 1))
        for number, stage in enumerate(_STAGES, 1):
            self.add_module(f"block{number}", _Stage(*stage))

    def forward(self, pixels: Tensor) -> Tensor:
        """(1, 3, h, w) in 0..255, sides of 16 and more, to (1, 1, h, w) in 0..1."""
        seen, size, edges = pixels - self.norm, pixels.shape[-2:], []
        for number in range(1, len(_STAGES) + 1):
            if number > 1:
                seen = functional.max_pool2d(seen, 2)
            seen, edge = self.get_submodule(f"block{number}")(seen)
            edges.append(functional.interpolate(edge, size, mode="bilinear", align_corners=False))
        return torch.sigmoid(torch.stack(edges).mean(0))

    def look(self, picture: Image.Image, given: Numbers | None, device: torch.device) -> Numbers:
        """Edges, light where they are."""
        shown = picture.resize(at_most(picture.size, 16), Image.Resampling.LANCZOS)
        return _gray(self(pixels_of(shown, device) * 255))


class _Residual(nn.Module):
    """A block that adds to what comes in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width), nn.ReLU(),
            nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width),
        )  # fmt: skip

    def forward(self, seen: Tensor) -> Tensor:
        more: Tensor = self.conv_block(seen)
        return seen + more


class Lineart(PictureTool):
    """A line drawing of a picture, (h, w) in 0..1, light lines on black."""

    def __init__(self, width: int = 64, blocks: int = 3) -> None:
        super().__init__()
        self.model0 = nn.Sequential(
            nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), nn.InstanceNorm2d(width), nn.ReLU()
        )
        self.model1 = nn.Sequential(*_down(width), *_down(2 * width))
        self.model2 = nn.Sequential(*(_Residual(4 * width) for _ in range(blocks)))
        self.model3 = nn.Sequential(*_up(4 * width), *_up(2 * width))
        self.model4 = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(width, 1, 7), nn.Sigmoid())

    def forward(self, pixels: Tensor) -> Tensor:
        """(1, 3, h, w) in 0..1, sides multiples of 4, to (1, 1, h, w): dark lines on white."""
        for number in range(5):
            pixels = self.get_submodule(f"model{number}")(pixels)
        return pixels

    def look(self, picture: Image.Image, given: Numbers | None, device: torch.device) -> Numbers:
        """The lines, light."""
        shown = picture.resize(at_most(picture.size, 8), Image.Resampling.LANCZOS)
        return _gray(1 - self(pixels_of(shown, device)))


class LineartAnime(PictureTool):
    """The lines of an anime picture, (h, w) in 0..1, light lines on black."""

    SIDE: Final = 256
    """Eight times halved is one pixel."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        inner: nn.Module | None = None
        for _ in range(4):
            inner = _Skip(8 * width, 8 * width, inner)
        for factor in (4, 2, 1):
            inner = _Skip(factor * width, 2 * factor * width, inner)
        assert inner is not None
        self.model = _Outer(inner, width)

    def forward(self, pixels: Tensor) -> Tensor:
        """(1, 3, h, w) in -1..1, sides multiples of 256, to (1, 1, h, w): dark lines on white."""
        made: Tensor = self.model(pixels)
        return made

    def look(self, picture: Image.Image, given: Numbers | None, device: torch.device) -> Numbers:
        """The lines, light."""
        shown = picture.resize(at_most(picture.size, self.SIDE), Image.Resampling.BICUBIC)
        return _gray(0.5 - self(pixels_of(shown, device) * 2 - 1) / 2)


class _Outer(nn.Module):
    """The outermost level: pixels in, lines out."""

    def __init__(self, inner: nn.Module, width: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(3, width, 4, 2, 1), inner, nn.ReLU(),
            nn.ConvTranspose2d(2 * width, 1, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, pixels: Tensor) -> Tensor:
        made: Tensor = self.model(pixels)
        return made


class _Skip(nn.Module):
    """A level of the U-Net: what comes in, beside what the levels below make of it; without them the innermost."""

    def __init__(self, width: int, below: int, inner: nn.Module | None) -> None:
        super().__init__()
        down = nn.Conv2d(width, below, 4, 2, 1)
        if inner is None:
            up = nn.ConvTranspose2d(below, width, 4, 2, 1)
            layers = [nn.LeakyReLU(0.2), down, nn.ReLU(), up, nn.InstanceNorm2d(width)]
        else:
            up = nn.ConvTranspose2d(2 * below, width, 4, 2, 1)
            layers = [
                nn.LeakyReLU(0.2), down, nn.InstanceNorm2d(below), inner,
                nn.ReLU(), up, nn.InstanceNorm2d(width),
            ]  # fmt: skip
        self.model = nn.Sequential(*layers)

    def forward(self, seen: Tensor) -> Tensor:
        return torch.cat([seen, self.model(seen)], 1)


def _down(width: int) -> list[nn.Module]:
    return [nn.Conv2d(width, 2 * width, 3, 2, 1), nn.InstanceNorm2d(2 * width), nn.ReLU()]


def _up(width: int) -> list[nn.Module]:
    half = width // 2
    return [nn.ConvTranspose2d(width, half, 3, 2, 1, 1), nn.InstanceNorm2d(half), nn.ReLU()]


def _gray(made: Tensor) -> Numbers:
    found: Numbers = made[0, 0].float().clamp(0, 1).cpu().numpy()
    return found
