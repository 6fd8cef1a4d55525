"""All a node sees of the world. The worker implements it; tests bring their own.

Tensors never pass through a node: methods take and give the named handles that travel along edges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from invoke_tui.domain.graph.fields import (
    ControlField,
    DenoiseMaskField,
    ImageField,
    IPAdapterField,
    LatentResize,
    LatentsField,
    T2IAdapterField,
    TransformerField,
    UNetField,
    VAEField,
)
from invoke_tui.domain.models.records import ModelIdentifier, ModelRecord, ModelType
from invoke_tui.domain.request.references import Redux
from invoke_tui.domain.request.texts import Text
from invoke_tui.domain.request.tiles import Tiling
from invoke_tui.domain.schedulers import SchedulerName

if TYPE_CHECKING:
    from PIL.Image import Image

NoiseType = Literal["SD", "FLUX", "FLUX.2", "SD3", "CogView4", "Z-Image", "Anima"]


@dataclass(frozen=True)
class FillCall:
    """What FLUX.1 Fill fills: the latents of a picture whose masked part is hidden, and the mask's name."""

    latents: LatentsField
    mask: str


@dataclass(frozen=True)
class RegionCall:
    """A prompt of a part of the picture: names of its conditioning and its mask, none for everywhere."""

    conditioning: str
    mask: str | None
    negative: bool


@dataclass(frozen=True)
class DenoiseCall:
    """One run of the denoise loop, by handles; prompts are names of conditionings."""

    model: UNetField | TransformerField
    positive: str
    negative: str | None
    noise: LatentsField | None
    latents: LatentsField | None
    steps: int
    cfg_scale: float | list[float]
    scheduler: SchedulerName
    seed: int
    guidance: float | None = None
    denoising_start: float = 0.0
    denoising_end: float = 1.0
    cfg_rescale_multiplier: float = 0.0
    mask: DenoiseMaskField | None = None
    fill: FillCall | None = None
    regions: tuple[RegionCall, ...] = ()
    controls: tuple[ControlField, ...] = ()
    control_latents: tuple[LatentsField, ...] = ()
    """Of the pictures of ``controls``, for families whose ControlNets look at latents."""
    adapters: tuple[T2IAdapterField, ...] = ()
    references: tuple[IPAdapterField, ...] = ()
    tiling: Tiling | None = None


@dataclass(frozen=True)
class SizedLatents:
    """Latents by name, with the size in pixels of the picture they stand for."""

    latents: LatentsField
    width: int
    height: int


@dataclass(frozen=True)
class SavedImage:
    """A picture that was handed to the gallery."""

    image: ImageField
    width: int
    height: int


@dataclass(frozen=True)
class SaveRequest:
    """What is known about a picture beside its pixels."""

    is_intermediate: bool = False
    board_id: str | None = None
    metadata: dict[str, Any] | None = None
    category: Literal["general", "mask", "control", "user", "other"] = field(default="general")


class EngineCalls(Protocol):
    """The engine, as nodes use it. Steps are reported and cancel is obeyed behind these calls."""

    def encode(self, text: Text) -> str:
        """Encode a prompt; the conditioning's name."""

    def vary(self, conditioning: str, *, seed: int, strength: float, percent: float) -> str:
        """Add seeded noise to a share of an encoded prompt's values; the name of the result."""

    def noise(
        self, *, seed: int, width: int, height: int, noise_type: NoiseType, use_cpu: bool
    ) -> SizedLatents:
        """Draw seeded noise."""

    def denoise(self, call: DenoiseCall) -> SizedLatents:
        """Run the denoise loop."""

    def resize(
        self, latents: LatentsField, width: int, height: int, mode: LatentResize, *, antialias: bool
    ) -> SizedLatents:
        """Latents for a picture of another size, given in pixels."""

    def size_of(self, latents: LatentsField) -> tuple[int, int]:
        """Width and height in pixels of the picture that latents stand for."""

    def decode(
        self, latents: LatentsField, vae: VAEField, *, fp32: bool, tiled: bool, tile_size: int
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
    ) -> SizedLatents:
        """Turn a picture into latents; sides are cut to multiples of ``grid``, what is white in ``hidden`` is grey."""

    def redux(self, image: Image, how: Redux) -> str:
        """Say a picture in FLUX Redux' words; the conditioning's name."""

    def upscale(
        self,
        image: Image,
        model: ModelIdentifier,
        *,
        tile_size: int,
        scale: float | None = None,
        fit_to_multiple_of_8: bool = False,
    ) -> Image:
        """Make a picture larger by a network: once through it, or until it is ``scale`` times as large."""

    def look(self, image: Image, model: ModelIdentifier, given: Any = None) -> Any:
        """What a picture tool sees, as an array of its kind's own (``engine.vision``).

        ``given`` is an array that some want beside the picture: boxes around people, what is hidden.
        """


class InvocationContext(Protocol):
    """The world of one running node."""

    @property
    def engine(self) -> EngineCalls:
        """The engine."""

    def model(self, identifier: ModelIdentifier) -> ModelRecord:
        """The record of a model the graph names. Raises ``NotFoundError``."""

    def models(self, type_: ModelType) -> tuple[ModelRecord, ...]:
        """The models of a kind that the run may use, by name."""

    def embeddings(self, encoder: ModelIdentifier, *prompts: str) -> tuple[ModelIdentifier, ...]:
        """The embeddings that prompts name as ``<name>`` and that are for the model ``encoder`` belongs to."""

    def progress(self, message: str, step: int = 0, total: int = 0) -> None:
        """Tell people what is going on."""

    def check_cancel(self) -> None:
        """Raise ``CanceledError`` when the item was canceled."""

    def save_image(self, image: Image, request: SaveRequest) -> SavedImage:
        """Hand a finished picture to the gallery. An intermediate one stays with the run."""

    def load_image(self, image: ImageField) -> Image:
        """A picture of the gallery or of this run, with 8 bits a channel (L, RGB or RGBA). It is not to be changed."""

    def keep_mask(self, mask: Image) -> str:
        """Keep a grey picture as a mask for the run; its name."""

    def load_mask(self, name: str) -> Image:
        """A mask that was kept."""
