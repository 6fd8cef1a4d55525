"""What the worker asks of an engine. The real one is ``invoke_tui.engine.engine.Engine``; tests bring a fake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from PIL.Image import Image

from invoke_tui.domain.device import DeviceChoice, MemoryUse
from invoke_tui.domain.fields import CLIPField, UNetField, VAEField
from invoke_tui.domain.models import ModelRecord

LogLevel = Literal["debug", "info", "warning", "error"]


class Hooks(Protocol):
    """How an engine reports and learns that it must stop; called between steps, from the thread that runs."""

    def check_cancel(self) -> None:
        """Raise ``CanceledError`` when the item was canceled."""

    def progress(self, step: int, total: int, message: str) -> None:
        """Step ``step`` of ``total`` is done."""

    def preview(self, image: Image, step: int, total: int, width: int, height: int) -> None:
        """The picture forming, small; it will be ``width`` x ``height``."""


@dataclass(frozen=True)
class DenoiseJob:
    """One run of the denoise loop, in the fields of the engine's own job; tensors are the engine's objects.

    Declared here as well, so that a worker with another engine imports no torch.
    """

    unet: UNetField
    positive: Any
    negative: Any
    noise: Any
    latents: Any
    steps: int
    cfg_scale: float | list[float]
    scheduler: str
    seed: int
    cfg_rescale_multiplier: float = 0.0
    denoising_start: float = 0.0
    denoising_end: float = 1.0


class EngineFacade(Protocol):
    """An engine: stateless between items but for its model cache."""

    @property
    def choice(self) -> DeviceChoice:
        """Device and precision, with reasons."""

    @property
    def versions(self) -> dict[str, str]:
        """Versions of torch and friends."""

    def warm_up(self) -> None:
        """Import what the first picture needs."""

    def use_models(self, models: dict[str, ModelRecord]) -> None:
        """Learn the records of the models the next graph names, by key."""

    def encode_prompt(self, clip: CLIPField, prompt: str, hooks: Hooks) -> Any:
        """Turn a prompt into conditioning."""

    def noise(self, *, seed: int, width: int, height: int, noise_type: str, use_cpu: bool) -> Any:
        """Seeded noise of the shape a family wants."""

    def denoise(self, job: Any, hooks: Hooks) -> Any:
        """Run the denoise loop and return latents."""

    def decode(
        self, latents: Any, vae: VAEField, *, fp32: bool, tiled: bool, tile_size: int, hooks: Hooks
    ) -> Image:
        """Turn latents into a picture."""

    def memory(self) -> MemoryUse:
        """Memory in use now; called from another thread."""

    def free(self) -> None:
        """Let go of everything cached."""
