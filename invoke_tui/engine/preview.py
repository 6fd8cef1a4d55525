"""The picture forming: latents turned into a small RGB image by one matrix, at no cost worth mentioning."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Final

import torch
from PIL import Image
from torch import Tensor

from invoke_tui.engine.factors import RgbFactors
from invoke_tui.engine.hooks import RunHooks

FACTORS_FILE: Final = "latent_rgb_factors.json"
"""A model folder may carry its own factors: ``{"factors": [[r, g, b], ...], "bias": [r, g, b]}``."""


def own_factors(folder: Path, channels: int) -> RgbFactors | None:
    """The factors a model folder carries, or None; a file that does not fit is as good as none."""
    try:
        data: Any = json.loads((folder / FACTORS_FILE).read_text(encoding="utf-8"))
        rows = tuple((float(r), float(g), float(b)) for r, g, b in data["factors"])
        red, green, blue = data.get("bias", (0, 0, 0))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return RgbFactors(rows, (float(red), float(green), float(blue))) if len(rows) == channels else None


class Previewer:
    """Sends previews of one run.

    On a GPU the small picture is copied while the next step computes and is sent one step later, so that no
    preview ever waits for the device; ``flush`` sends what is left.
    """

    def __init__(
        self,
        factors: RgbFactors,
        hooks: RunHooks,
        *,
        every: int,
        total: int,
        seconds: float = 0.0,
        pieces: int = 1,
        scale: int = 8,
    ) -> None:
        """``pieces`` are what a step is told as: the tiles it is made of."""
        self._factors = factors
        self._hooks = hooks
        self._every = every
        self._total = total
        self._seconds = seconds
        self._not_before = 0.0
        self._pieces = pieces
        self._scale = scale
        self._weights: tuple[Tensor, Tensor] | None = None
        self._waiting: tuple[Tensor, int, torch.cuda.Event | None] | None = None

    def due(self, step: int) -> bool:
        """Whether step ``step`` (from 1) gets a preview: every so many steps, no faster than is seen, and the last."""
        if self._every < 1 or step == self._total:
            return self._every > 0
        return step % self._every == 0 and time.monotonic() >= self._not_before

    def show(self, latents: Tensor, step: int) -> None:
        """Send the first picture of ``latents`` (n, c, h, w), the model's idea of the finished ones."""
        self.flush()
        self._not_before = time.monotonic() + self._seconds
        pixels = self._pixels(latents[:1].float())
        if pixels.device.type != "cuda":
            self._send(pixels.cpu(), step)
            return
        copy = torch.empty(pixels.shape, dtype=torch.uint8, pin_memory=True)
        copy.copy_(pixels, non_blocking=True)
        new_event: Any = torch.cuda.Event  # untyped in some versions of torch
        event = new_event()
        event.record()
        self._waiting = (copy, step, event)

    def flush(self) -> None:
        """Send the preview that is still on its way, if there is one."""
        if self._waiting is None:
            return
        pixels, step, event = self._waiting
        self._waiting = None
        if event is not None:
            event.synchronize()
        self._send(pixels, step)

    def _pixels(self, latents: Tensor) -> Tensor:
        if self._weights is None:
            self._weights = (
                torch.tensor(self._factors.factors, device=latents.device),
                torch.tensor(self._factors.bias, device=latents.device),
            )
        factors, bias = self._weights
        rgb = latents[0].nan_to_num(0).movedim(0, -1) @ factors + bias
        return rgb.add(1).mul(127.5).clamp(0, 255).round().to(torch.uint8)

    def _send(self, pixels: Tensor, step: int) -> None:
        height, width = pixels.shape[:2]
        image = Image.fromarray(pixels.numpy())
        size = width * self._scale, height * self._scale
        self._hooks.preview(image, step * self._pieces, self._total * self._pieces, *size)
