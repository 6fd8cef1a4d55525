"""PiDiNet: soft edges from convolutions of differences between pixels (Su et al., "Pixel Difference Networks for
Efficient Edge Detection", 2021), in the layout of the public weights (``table5_pidinet``)."""

from __future__ import annotations

from typing import Final, Literal

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from invoke_tui.engine.vision.tool import Numbers, PictureTool, at_most, pixels_of

Difference = Literal["central", "angular", "radial", "plain"]

_TURNED: Final = (3, 0, 1, 6, 4, 2, 7, 8, 5)
"""The places of a 3x3 kernel, each with the one next to it around the centre."""
_OUTER: Final = (0, 2, 4, 10, 14, 20, 22, 24)
"""Eight places at the rim of a 5x5 kernel."""
_INNER: Final = (6, 7, 8, 11, 13, 16, 17, 18)
"""And those between them and the centre."""
_WIDTHS: Final = (60, 120, 240, 240)
_CYCLE: Final[tuple[Difference, ...]] = ("central", "angular", "radial", "plain")
_SEEN: Final = 24
"""Channels in which each scale is looked at."""
_REACHES: Final = (5, 7, 9, 11)


class _DifferenceConv(nn.Module):
    """A 3x3 convolution of differences: to the centre, to the next pixel around it, or to the one further in."""

    def __init__(self, difference: Difference, into: int, out: int, groups: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out, into // groups, 3, 3))
        self.difference, self.groups = difference, groups

    def forward(self, seen: Tensor) -> Tensor:
        """The convolution; every difference is one with other weights."""
        weight: Tensor = self.weight
        if self.difference == "central":
            middle = functional.pad(weight.sum((2, 3), keepdim=True), (1, 1, 1, 1))
            weight = weight - middle
        elif self.difference == "angular":
            flat = weight.flatten(2)
            weight = weight - torch.stack([flat[..., place] for place in _TURNED], -1).view_as(weight)
        elif self.difference == "radial":
            places = [torch.zeros_like(weight[..., 0, 0])] * 25
            for rim, outer, inner in zip(weight.flatten(2).unbind(-1)[1:], _OUTER, _INNER, strict=True):
                places[outer], places[inner] = rim, -rim
            weight = torch.stack(places, -1).view(*weight.shape[:2], 5, 5)
        return functional.conv2d(seen, weight, padding=weight.shape[-1] // 2, groups=self.groups)


class _Block(nn.Module):
    """Differences of each channel, mixed, and added to what came in."""

    def __init__(self, difference: Difference, into: int, out: int, *, halves: bool) -> None:
        super().__init__()
        self.conv1 = _DifferenceConv(difference, into, into, groups=into)
        self.conv2 = nn.Conv2d(into, out, 1, bias=False)
        self.shortcut = nn.Conv2d(into, out, 1) if halves else None

    def forward(self, seen: Tensor) -> Tensor:
        if self.shortcut is not None:
            seen = functional.max_pool2d(seen, 2)
        made: Tensor = self.conv2(functional.relu(self.conv1(seen)))
        return made + (seen if self.shortcut is None else self.shortcut(seen))


class _Context(nn.Module):
    """A scale seen with four reaches at once."""

    def __init__(self, into: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(into, _SEEN, 1)
        for number, reach in enumerate(_REACHES, 1):
            conv = nn.Conv2d(_SEEN, _SEEN, 3, dilation=reach, padding=reach, bias=False)
            self.add_module(f"conv2_{number}", conv)

    def forward(self, seen: Tensor) -> Tensor:
        narrow = self.conv1(functional.relu(seen))
        reached = [self.get_submodule(f"conv2_{number}")(narrow) for number in range(1, len(_REACHES) + 1)]
        return torch.stack(reached).sum(0)


class _Attention(nn.Module):
    """Where it matters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(_SEEN, 4, 1)
        self.conv2 = nn.Conv2d(4, 1, 3, padding=1, bias=False)

    def forward(self, seen: Tensor) -> Tensor:
        return seen * torch.sigmoid(self.conv2(self.conv1(functional.relu(seen))))


class _Reduce(nn.Module):
    """One map of a scale."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(_SEEN, 1, 1)

    def forward(self, seen: Tensor) -> Tensor:
        made: Tensor = self.conv(seen)
        return made


class PiDiNet(PictureTool):
    """Soft edges of four scales, (h, w) in 0..1."""

    def __init__(self) -> None:
        super().__init__()
        self.init_block = _DifferenceConv("central", 3, _WIDTHS[0], groups=1)
        into = _WIDTHS[0]
        for scale, width in enumerate(_WIDTHS, 1):
            for number in range(1, 4 if scale == 1 else 5):
                which = _CYCLE[number % 4 if scale == 1 else number - 1]
                halves = scale > 1 and number == 1
                self.add_module(f"block{scale}_{number}", _Block(which, into, width, halves=halves))
                into = width
        self.dilations = nn.ModuleList(_Context(width) for width in _WIDTHS)
        self.attentions = nn.ModuleList(_Attention() for _ in _WIDTHS)
        self.conv_reduces = nn.ModuleList(_Reduce() for _ in _WIDTHS)
        self.classifier = nn.Conv2d(len(_WIDTHS), 1, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """(1, 3, h, w), blue first, in 0..1, sides of 8 and more, to (1, 1, h, w) in 0..1."""
        seen, size, maps = self.init_block(pixels), pixels.shape[-2:], []
        parts = zip(self.dilations, self.attentions, self.conv_reduces, strict=True)
        for scale, (dilation, attention, reduce) in enumerate(parts, 1):
            for number in range(1, 4 if scale == 1 else 5):
                seen = self.get_submodule(f"block{scale}_{number}")(seen)
            edges = reduce(attention(dilation(seen)))
            maps.append(functional.interpolate(edges, size, mode="bilinear", align_corners=False))
        return torch.sigmoid(self.classifier(torch.cat(maps, 1)))

    def look(self, picture: Image.Image, given: Numbers | None, device: torch.device) -> Numbers:
        """Edges, light where they are."""
        shown = picture.resize(at_most(picture.size, 8), Image.Resampling.LANCZOS)
        found: Numbers = self(pixels_of(shown, device).flip(1))[0, 0].float().cpu().numpy()
        return found
