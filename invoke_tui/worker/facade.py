"""What the worker asks of an engine. The real one is ``invoke_tui.engine.engine.Engine``; tests bring a fake."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from PIL.Image import Image

from invoke_tui.domain.graph.fields import LatentResize, VAEField
from invoke_tui.domain.models.records import ModelIdentifier, ModelRecord
from invoke_tui.domain.request.references import Redux
from invoke_tui.domain.request.texts import Text
from invoke_tui.domain.running.device import CacheLimits, DeviceChoice, MemoryUse
from invoke_tui.engine.jobs import DenoiseJob

LogLevel = Literal["debug", "info", "warning", "error"]


class Hooks(Protocol):
    """How an engine reports and learns that it must stop; called between steps, from the thread that runs."""

    def check_cancel(self) -> None:
        """Raise ``CanceledError`` when the item was canceled."""

    def progress(self, step: int, total: int, message: str) -> None:
        """Step ``step`` of ``total`` is done."""

    def preview(self, image: Image, step: int, total: int, width: int, height: int) -> None:
        """The picture forming, small; it will be ``width`` x ``height``."""


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

    def encode(self, text: Text, hooks: Hooks) -> Any:
        """Turn a prompt into conditioning."""

    def vary(self, conditioning: Any, *, seed: int, strength: float, percent: float) -> Any:
        """Conditioning with seeded noise on a share of its values."""

    def resize(self, latents: Any, width: int, height: int, mode: LatentResize, *, antialias: bool) -> Any:
        """Latents for a picture of another size."""

    def noise(self, *, seed: int, width: int, height: int, noise_type: str, use_cpu: bool) -> Any:
        """Seeded noise of the shape a family wants."""

    def denoise(self, job: DenoiseJob, hooks: Hooks) -> Any:
        """Run the denoise loop and return latents."""

    def decode(
        self, latents: Any, vae: VAEField, *, fp32: bool, tiled: bool, tile_size: int, hooks: Hooks
    ) -> Image:
        """Turn latents into a picture."""

    def encode_image(
        self,
        image: Image,
        vae: VAEField,
        *,
        fp32: bool,
        tiled: bool,
        tile_size: int,
        grid: int = 8,
        hidden: Image | None = None,
        compensation: tuple[float, float] = (1.0, 0.0),
        hooks: Hooks,
    ) -> Any:
        """Turn a picture into latents."""

    def redux(self, image: Image, how: Redux, hooks: Hooks) -> Any:
        """Turn a picture into what FLUX Redux says beside the prompt."""

    def upscale(
        self,
        image: Image,
        model: ModelIdentifier,
        *,
        tile_size: int,
        scale: float | None = None,
        fit_to_multiple_of_8: bool = False,
        hooks: Hooks,
    ) -> Image:
        """Make a picture larger by a network, in tiles of ``tile_size`` pixels (0: in one piece)."""

    def look(self, image: Image, model: ModelIdentifier, given: Any = None, *, hooks: Hooks) -> Any:
        """What a picture tool sees, as an array; ``given`` is what some want beside the picture."""

    def memory(self) -> MemoryUse:
        """Memory in use now; called from another thread."""

    def unload(self, key: str) -> int:
        """Drop a component of the model cache; bytes that came free. This and the next two from another thread."""

    def clear_cache(self) -> int:
        """Drop every component that is not in use; bytes that came free."""

    def set_limits(self, limits: CacheLimits) -> None:
        """Keep other limits from now on."""

    def free(self) -> None:
        """Let go of everything cached."""
