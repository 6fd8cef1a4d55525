"""Inpainting: parts of a picture stay, the others are drawn.

Any model can do it: what stays is put back at every call, noised as far as the call is (``MaskedLatents``). Models made
for it see mask and picture in channels of their own (``InpaintChannels``, ``FillChannels``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.guides.base import Guide, Run
from invoke_tui.engine.jobs import DenoiseMask, FillImage

CELL: Final = 8
"""Pixels a side that one latent stands for."""


class MaskedLatents(Guide):
    """Keeps a picture's latents where the mask is 1 and draws where it is 0.

    With a gradient mask a pixel of value m joins in when the noise has fallen below 1 - m, so that edges are drawn last
    and fit what they touch (InvokeAI's gradient masks). A mask that is none mixes both by its values.
    """

    def __init__(self, mask: DenoiseMask) -> None:
        self._given = mask

    def begin(self, run: Run) -> None:
        """Needs the picture's latents."""
        if run.latents is None:
            raise BadInputError(
                "A mask needs the picture it belongs to.", hint="Connect latents.", code="no_latents"
            )
        self._schedule = run.schedule
        self._kept, self._noise = run.latents, run.own_noise()
        self._mask = latent_mask(self._given.mask, run.start)
        self._total = len(run.schedule.timesteps)

    def before(self, latents: Tensor, call: int) -> Tensor:
        """What stays, as noisy as the rest."""
        return self._merged(latents, call)

    def seen(self, finished: Tensor) -> Tensor:
        """What stays, clean."""
        return torch.lerp(finished, self._kept, (self._mask == 1).to(finished.dtype))

    def end(self, latents: Tensor) -> Tensor:
        """What stays is what it was."""
        return self._merged(latents, self._total)

    def _merged(self, latents: Tensor, call: int) -> Tensor:
        kept = self._schedule.noised(self._kept, self._noise, call)
        if not self._given.gradient:
            return torch.lerp(latents, kept, self._mask)
        return torch.where(self._mask < 1 - self._schedule.level(call), latents, kept)


class InpaintChannels(Guide):
    """Mask and hidden picture as channels 5 to 9 of Stable Diffusion's inpainting UNets.

    Without a mask everything is drawn, as from text.
    """

    def __init__(self, mask: DenoiseMask | None) -> None:
        self._given = mask

    def begin(self, run: Run) -> None:
        """Needs the latents of the picture whose masked part is hidden."""
        self._kept: Tensor | None = None
        if self._given is None:
            drawn = torch.ones_like(run.start[:, :1])
            self.channels = torch.cat([drawn, torch.zeros_like(run.start)], dim=1)
            return
        if self._given.masked_latents is None or run.latents is None:
            raise BadInputError(
                "An inpainting model needs the picture beside the mask.",
                hint="Connect image, unet and vae to the node that makes the mask.",
                code="no_latents",
            )
        self._kept = run.latents
        self._drawn = 1 - latent_mask(self._given.mask, run.start)
        self.channels = torch.cat([self._drawn, self._given.masked_latents.to(run.start)], dim=1)

    def seen(self, finished: Tensor) -> Tensor:
        """What stays, clean."""
        return self.end(finished)

    def end(self, latents: Tensor) -> Tensor:
        """The model changes what is to stay a little; that is put right."""
        if self._kept is None or self._given is None:
            return latents
        drawn = (self._drawn > 0).to(latents.dtype) if self._given.gradient else self._drawn
        return torch.lerp(self._kept, latents, drawn)


class FillChannels(Guide):
    """Hidden picture and mask as the further channels of FLUX.1 Fill: 16 of the picture, one a pixel of the mask."""

    def __init__(self, fill: FillImage) -> None:
        self._given = fill

    def begin(self, run: Run) -> None:
        """The picture must be of the run's size."""
        if self._given.latents.shape != run.start.shape:
            raise BadInputError(
                "The picture to fill is not of the size that is drawn.",
                hint="Resize it first.",
                code="bad_size",
            )
        height, width = (side * CELL for side in run.start.shape[-2:])
        mask = self._given.mask.resize((width, height), Image.Resampling.NEAREST)
        cells = nn.functional.pixel_unshuffle(_tensor(mask).to(run.start), CELL)
        self.channels = torch.cat([self._given.latents.to(run.start), cells], dim=1)


def latent_mask(mask: Image.Image, latents: Tensor) -> Tensor:
    """A grey picture as (1, 1, h, w) of ``latents``, 0 to 1: one sample in the middle of each cell, as InvokeAI's."""
    whole = _tensor(mask)
    size = latents.shape[-2:]
    return nn.functional.interpolate(whole, size=size, mode="bilinear", align_corners=False).to(latents)


def _tensor(mask: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(mask.convert("L"), dtype=np.float32) / 255)[None, None]
