"""One run of the denoise loop, as the worker asks for it. No torch is imported, so that a worker with another engine
needs none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from invoke_tui.domain.graph.fields import ControlMode, ReferenceMethod, TransformerField, UNetField
from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.domain.request.tiles import Tiling

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from invoke_tui.engine.embeds import Conditioning


@dataclass(frozen=True)
class DenoiseMask:
    """Which part of a picture is drawn: black pixels of ``mask`` are, white ones stay.

    ``gradient``: grey ones join in late (else they are mixed). ``masked_latents`` are those of the picture with its
    masked part hidden, for models with channels for it.
    """

    mask: Image
    masked_latents: Tensor | None = None
    gradient: bool = False


@dataclass(frozen=True)
class FillImage:
    """What FLUX.1 Fill fills: the latents of a picture whose masked part is hidden, and the mask, white where drawn."""

    latents: Tensor
    mask: Image


@dataclass(frozen=True)
class Control:
    """A ControlNet and the picture it follows, which has the size of the run's picture.

    ``weight`` is one number or one per step. It acts from ``begin`` to ``end``, both shares of the run. ``union`` is
    the kind of picture for a model that knows several (``domain.request.controls.UNION_KINDS``). ``latents`` are those
    of the picture, at which most of FLUX.1's look.
    """

    model: ModelIdentifier
    image: Image
    weight: float | list[float] = 1.0
    begin: float = 0.0
    end: float = 1.0
    mode: ControlMode = "balanced"
    union: int | None = None
    latents: Tensor | None = None


@dataclass(frozen=True)
class Adapter:
    """A T2I-Adapter and the picture it follows; as ``Control``."""

    model: ModelIdentifier
    image: Image
    weight: float | list[float] = 1.0
    begin: float = 0.0
    end: float = 1.0


@dataclass(frozen=True)
class Reference:
    """An IP-Adapter and the pictures it shows to the model, through the image encoder ``encoder``.

    ``method`` says which blocks look at them; white parts of ``mask`` are drawn after them, everything without one.
    """

    model: ModelIdentifier
    encoder: ModelIdentifier
    images: tuple[Image, ...]
    weight: float | list[float] = 1.0
    begin: float = 0.0
    end: float = 1.0
    method: ReferenceMethod = "full"
    mask: Image | None = None


@dataclass(frozen=True)
class Region:
    """A prompt that counts where ``mask`` is white, everywhere without one."""

    prompt: Conditioning
    mask: Image | None = None
    negative: bool = False


@dataclass(frozen=True)
class DenoiseJob:
    """Everything one run needs.

    ``noise`` and ``latents`` are (1, c, h / 8, w / 8); at least one is given. Noise alone is txt2img, both are img2img
    from ``denoising_start``, latents alone are taken to be noised already. ``negative`` may be left out where nothing
    is guided by it (a scale of 1). ``guidance`` is the distilled one of FLUX.1 dev. Where there are ``regions``,
    those of a side are heard in place of its prompt, which gives the pooled text and the sizes alone. ``tiling`` draws
    the picture tile by tile; control pictures are all that can steer it then.
    """

    model: UNetField | TransformerField
    positive: Conditioning
    negative: Conditioning | None
    noise: Tensor | None
    latents: Tensor | None
    steps: int
    cfg_scale: float | list[float]
    scheduler: str
    seed: int
    cfg_rescale_multiplier: float = 0.0
    denoising_start: float = 0.0
    denoising_end: float = 1.0
    guidance: float | None = None
    mask: DenoiseMask | None = None
    fill: FillImage | None = None
    controls: tuple[Control, ...] = ()
    adapters: tuple[Adapter, ...] = ()
    references: tuple[Reference, ...] = ()
    regions: tuple[Region, ...] = ()
    tiling: Tiling | None = None
