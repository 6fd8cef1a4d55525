"""LaMa through spandrel: what is hidden by a mask, made up from what is around it (Suvorov et al., 2022)."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from invoke_tui.engine.vision.tool import Numbers, PictureTool, at_most, pixels_of


class Gaps(PictureTool):
    """A picture with its gaps filled: (h, w, 3) in 0..1, at most ``MOST_PIXELS``."""

    def __init__(self, found: Any) -> None:
        super().__init__()
        self.network: nn.Module = found.model
        self._found = found
        self._call = inspect.unwrap(type(found).__call__)  # without spandrel's inference mode, as upscalers

    def forward(self, pixels: Tensor, hidden: Tensor) -> Tensor:
        """(1, 3, h, w) in 0..1, and (1, 1, h, w) with 1 where it is hidden."""
        made: Tensor = self._call(self._found, pixels, hidden)
        return made

    def look(self, picture: Image.Image, given: Numbers | None, device: torch.device) -> Numbers:
        """``given`` is (h, w), not 0 where the picture is hidden."""
        if given is None:
            return np.asarray(picture, np.float32) / 255
        hidden = Image.fromarray(((given > 0) * 255).astype(np.uint8))
        size = at_most(picture.size)
        mask = (pixels_of(hidden.resize(size, Image.Resampling.BILINEAR), device) > 0).float()
        pixels = pixels_of(picture.resize(size, Image.Resampling.LANCZOS), device)
        filled: Numbers = self(pixels, mask)[0].float().clamp(0, 1).movedim(0, -1).cpu().numpy()
        return filled
