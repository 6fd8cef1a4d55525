"""What the denoise loop offers to whatever steers a picture: masks, reference pictures, control models, regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.schedulers.schedule import Schedule
from invoke_tui.engine.windows import Window


@dataclass(frozen=True)
class Run:
    """A run before its first call: ``start`` (1, c, h, w) is what that call takes, ``noise`` and ``latents`` what it
    was mixed from; all on the device, in float32. ``dtype`` is the model's precision, ``steps`` the steps of the whole
    schedule, ``windows`` what a call is made for one after the other, where the picture is drawn in tiles."""

    schedule: Schedule
    start: Tensor
    noise: Tensor | None
    latents: Tensor | None
    seed: int
    dtype: torch.dtype
    steps: int
    windows: tuple[Window, ...] = ()

    @property
    def calls(self) -> int:
        """How many model calls it has."""
        return len(self.schedule.timesteps)

    def own_noise(self) -> Tensor:
        """The run's noise; drawn from its seed where the latents came with theirs."""
        if self.noise is not None:
            return self.noise
        generator = torch.Generator("cpu").manual_seed(self.seed)
        return torch.randn(self.start.shape, generator=generator).to(self.start.device)


@dataclass(frozen=True)
class ModelCall:
    """One call of the model: ``latents`` (n, c, h, w) as it gets them; the first ``negatives`` of the n are those of
    the negative prompt. ``guidance`` is the distilled one of FLUX.1, ``window`` the piece of the picture
    that these latents are, where it is drawn in tiles."""

    call: int
    latents: Tensor
    timestep: Tensor
    conditioning: Conditioning
    negatives: int = 0
    guidance: float | None = None
    window: Window | None = None


class Guide:
    """Something that steers a run. Each method leaves everything as it is unless a guide says otherwise.

    ``channels`` (1, k, h, w), set in ``begin``, are given to the model behind the latents. Nothing here may wait for
    the device: the loop's cost is its model calls.
    """

    channels: Tensor | None = None

    def begin(self, run: Run) -> None:
        """Prepare. Raises ``BadInputError`` for what does not fit the run."""

    def hears(self, prompt: Conditioning, *, negative: bool) -> Conditioning:
        """What the model is given for a prompt of the run; asked once for each, after ``begin``."""
        return prompt

    def before(self, latents: Tensor, call: int) -> Tensor:
        """The latents a call starts from."""
        return latents

    def ask(self, call: ModelCall, arguments: dict[str, Any]) -> None:
        """Add to the keyword arguments of a model call; other guides may have been there before."""

    def after(self, latents: Tensor, call: int) -> Tensor:
        """The latents a call ends with."""
        return latents

    def seen(self, finished: Tensor) -> Tensor:
        """The finished latents as a preview shows them."""
        return finished

    def end(self, latents: Tensor) -> Tensor:
        """The latents the run ends with."""
        return latents
