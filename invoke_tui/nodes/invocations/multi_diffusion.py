"""The denoise loop on a picture too large for it, tile by tile."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from invoke_tui.domain.graph.fields import ConditioningField, ControlField, LatentsField, UNetField
from invoke_tui.domain.request.tiles import Tiling
from invoke_tui.domain.schedulers import SchedulerName
from invoke_tui.nodes.base import Input, Invocation
from invoke_tui.nodes.context import DenoiseCall, InvocationContext
from invoke_tui.nodes.invocations.latents import LatentsOutput, several
from invoke_tui.nodes.registry import node


@node(
    "tiled_multi_diffusion_denoise_latents",
    title="Tiled Multi-Diffusion Denoise - SD1.5, SDXL",
    version="1.0.1",
    category="latents",
)
class TiledMultiDiffusionDenoiseLatents(Invocation):
    """Denoises overlapping tiles together: at every step their predictions are blended."""

    positive_conditioning: ConditioningField = Input(kind="connection")
    negative_conditioning: ConditioningField = Input(kind="connection")
    noise: LatentsField | None = Input(None, kind="connection")
    latents: LatentsField | None = Input(None, kind="connection")
    tile_height: int = Input(1024, gt=0, multiple_of=8)
    tile_width: int = Input(1024, gt=0, multiple_of=8)
    tile_overlap: int = Input(32, gt=0, multiple_of=8)
    steps: int = Input(18, gt=0)
    cfg_scale: Annotated[float, Field(ge=1)] | list[Annotated[float, Field(ge=1)]] = Input(6.0)
    denoising_start: float = Input(0.0, ge=0, le=1)
    denoising_end: float = Input(1.0, ge=0, le=1)
    scheduler: SchedulerName = Input("euler")
    unet: UNetField = Input(kind="connection")
    cfg_rescale_multiplier: float = Input(0, ge=0, lt=1)
    control: ControlField | list[ControlField] | None = Input(None, kind="connection")

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.noise is None and self.latents is None:
            raise ValueError("noise or latents must be connected")
        if isinstance(self.cfg_scale, list) and len(self.cfg_scale) != self.steps:
            raise ValueError(f"cfg_scale lists {len(self.cfg_scale)} values for {self.steps} steps")
        if self.tile_overlap >= min(self.tile_height, self.tile_width):
            raise ValueError(f"an overlap of {self.tile_overlap} leaves nothing of a tile")
        return self

    def invoke(self, ctx: InvocationContext) -> LatentsOutput:
        result = ctx.engine.denoise(
            DenoiseCall(
                model=self.unet,
                positive=self.positive_conditioning.conditioning_name,
                negative=self.negative_conditioning.conditioning_name,
                noise=self.noise,
                latents=self.latents,
                steps=self.steps,
                cfg_scale=self.cfg_scale,
                scheduler=self.scheduler,
                seed=next((s.seed for s in (self.noise, self.latents) if s and s.seed is not None), 0),
                denoising_start=self.denoising_start,
                denoising_end=self.denoising_end,
                cfg_rescale_multiplier=self.cfg_rescale_multiplier,
                controls=several(self.control),
                tiling=Tiling(width=self.tile_width, height=self.tile_height, overlap=self.tile_overlap),
            )
        )
        return LatentsOutput(latents=result.latents, width=result.width, height=result.height)
