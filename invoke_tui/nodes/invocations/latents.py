"""Noise, the denoise loop, and the way back to pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, Self, TypeVar

from pydantic import Field, model_validator

from invoke_tui.domain.base import Document
from invoke_tui.domain.graph.fields import (
    ConditioningField,
    ControlField,
    DenoiseMaskField,
    ImageField,
    IPAdapterField,
    LatentsField,
    MetadataField,
    T2IAdapterField,
    UNetField,
    VAEField,
)
from invoke_tui.domain.request.parameters import SEED_MAX
from invoke_tui.domain.schedulers import SchedulerName
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import DenoiseCall, InvocationContext, NoiseType, SaveRequest
from invoke_tui.nodes.invocations.regions import chief, regions
from invoke_tui.nodes.registry import node, output

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")


class BoardField(Document):
    """A board by id; InvokeAI writes ``none`` for pictures on no board."""

    board_id: str

    def chosen(self) -> str | None:
        """The board, if it is one."""
        return self.board_id if self.board_id not in ("", "none") else None


@output("noise_output")
class NoiseOutput(Output):
    """Noise, with the size of the picture it is for."""

    noise: LatentsField
    width: int
    height: int


@output("latents_output")
class LatentsOutput(Output):
    """Latents, with the size of their picture."""

    latents: LatentsField
    width: int
    height: int


@output("image_output")
class ImageOutput(Output):
    """A picture."""

    image: ImageField
    width: int
    height: int


@node("noise", title="Create Latent Noise", version="1.1.0", category="latents")
class NoiseInvocation(Invocation):
    """Seeded noise; drawn on the CPU it is the same on every machine."""

    noise_type: NoiseType = Input("SD")
    seed: int = Input(0, ge=0, le=SEED_MAX)
    width: int = Input(512, gt=0, multiple_of=8)
    height: int = Input(512, gt=0, multiple_of=8)
    use_cpu: bool = Input(True)

    def invoke(self, ctx: InvocationContext) -> NoiseOutput:
        drawn = ctx.engine.noise(
            seed=self.seed,
            width=self.width,
            height=self.height,
            noise_type=self.noise_type,
            use_cpu=self.use_cpu,
        )
        return NoiseOutput(noise=drawn.latents, width=drawn.width, height=drawn.height)


@node("denoise_latents", title="Denoise - SD1.5, SDXL", version="1.6.0", category="latents")
class DenoiseLatentsInvocation(Invocation):
    """The denoise loop of the Stable Diffusion families."""

    dormant: ClassVar[dict[str, Any]] = {
        "hidiffusion": False,
        "hidiffusion_raunet": True,
        "hidiffusion_window_attn": True,
        "hidiffusion_t1_ratio": 0.4,
        "hidiffusion_t2_ratio": 0.0,
    }

    positive_conditioning: ConditioningField | list[ConditioningField] = Input(kind="connection")
    negative_conditioning: ConditioningField | list[ConditioningField] = Input(kind="connection")
    noise: LatentsField | None = Input(None, kind="connection")
    steps: int = Input(10, gt=0)
    cfg_scale: Annotated[float, Field(ge=1)] | list[Annotated[float, Field(ge=1)]] = Input(7.5)
    denoising_start: float = Input(0.0, ge=0, le=1)
    denoising_end: float = Input(1.0, ge=0, le=1)
    scheduler: SchedulerName = Input("euler")
    unet: UNetField = Input(kind="connection")
    cfg_rescale_multiplier: float = Input(0, ge=0, lt=1)
    latents: LatentsField | None = Input(None, kind="connection")
    denoise_mask: DenoiseMaskField | None = Input(None, kind="connection")
    control: ControlField | list[ControlField] | None = Input(None, kind="connection")
    ip_adapter: IPAdapterField | list[IPAdapterField] | None = Input(None, kind="connection")
    t2i_adapter: T2IAdapterField | list[T2IAdapterField] | None = Input(None, kind="connection")

    @model_validator(mode="after")
    def _enough(self) -> Self:
        for name in ("positive_conditioning", "negative_conditioning"):
            if getattr(self, name) == []:
                raise ValueError(f"{name} needs a prompt")
        if self.noise is None and self.latents is None:
            raise ValueError("noise or latents must be connected")
        if isinstance(self.cfg_scale, list) and len(self.cfg_scale) != self.steps:
            raise ValueError(f"cfg_scale lists {len(self.cfg_scale)} values for {self.steps} steps")
        return self

    def invoke(self, ctx: InvocationContext) -> LatentsOutput:
        call = DenoiseCall(
            model=self.unet,
            positive=chief(self.positive_conditioning).conditioning_name,
            negative=chief(self.negative_conditioning).conditioning_name,
            noise=self.noise,
            latents=self.latents,
            steps=self.steps,
            cfg_scale=self.cfg_scale,
            scheduler=self.scheduler,
            seed=next((s.seed for s in (self.noise, self.latents) if s and s.seed is not None), 0),
            denoising_start=self.denoising_start,
            denoising_end=self.denoising_end,
            cfg_rescale_multiplier=self.cfg_rescale_multiplier,
            mask=self.denoise_mask,
            regions=regions(self.positive_conditioning, self.negative_conditioning),
            controls=several(self.control),
            adapters=several(self.t2i_adapter),
            references=several(self.ip_adapter),
        )
        result = ctx.engine.denoise(call)
        return LatentsOutput(latents=result.latents, width=result.width, height=result.height)


def several(given: T | list[T] | None) -> tuple[T, ...]:
    """What one field, several or none stand for."""
    if given is None:
        return ()
    return tuple(given) if isinstance(given, list) else (given,)


@node("l2i", title="Latents to Image - SD1.5, SDXL", version="1.3.2", category="latents", cacheable=False)
class LatentsToImageInvocation(Invocation):
    """Decodes latents and keeps the picture. Not cached: the picture belongs to the item that makes it."""

    board: BoardField | None = Input(None, kind="direct")
    metadata: MetadataField | None = Input(None, kind="connection")
    latents: LatentsField = Input(kind="connection")
    vae: VAEField = Input(kind="connection")
    tiled: bool = Input(False)
    tile_size: int = Input(0, ge=0, multiple_of=8)
    fp32: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = ctx.engine.decode(
            self.latents, self.vae, fp32=self.fp32, tiled=self.tiled, tile_size=self.tile_size
        )
        return save_decoded(ctx, self, picture)


class _Decoder(Protocol):
    """A node that decodes latents and keeps the picture."""

    is_intermediate: bool
    board: BoardField | None
    metadata: MetadataField | None


def save_decoded(ctx: InvocationContext, asked: _Decoder, picture: Image) -> ImageOutput:
    """Hand a decoded picture to the gallery with what the node knows about it."""
    saved = ctx.save_image(
        picture,
        SaveRequest(
            is_intermediate=asked.is_intermediate,
            board_id=asked.board.chosen() if asked.board else None,
            metadata=asked.metadata.model_dump(mode="json") if asked.metadata else None,
        ),
    )
    return ImageOutput(image=saved.image, width=saved.width, height=saved.height)
