"""Pictures to latents, for each family."""

from __future__ import annotations

from typing import Final, Literal

from invoke_tui.domain.graph.fields import ImageField, MetadataField, VAEField
from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.nodes.base import Input, Invocation
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.invocations.latents import BoardField, LatentsOutput
from invoke_tui.nodes.registry import node

SDXL_COMPENSATION: Final = (1.015, -0.002)
"""Factor and sum that undo the drift of SDXL's VAE (InvokeAI's, found by experiment)."""
PATCH_GRID: Final = 16
"""Pixels that a patch of the transformer families spans."""


def _encoded(
    ctx: InvocationContext,
    image: ImageField,
    vae: VAEField,
    *,
    fp32: bool,
    tiled: bool = False,
    tile_size: int = 0,
    grid: int = PATCH_GRID,
    compensation: tuple[float, float] = (1.0, 0.0),
) -> LatentsOutput:
    made = ctx.engine.encode_image(
        ctx.load_image(image),
        vae,
        fp32=fp32,
        tiled=tiled,
        tile_size=tile_size,
        grid=grid,
        compensation=compensation,
    )
    return LatentsOutput(latents=made.latents, width=made.width, height=made.height)


@node("i2l", title="Image to Latents - SD1.5, SDXL", version="1.2.0", category="latents")
class ImageToLatentsInvocation(Invocation):
    """A picture as latents of the Stable Diffusion families."""

    image: ImageField = Input()
    vae: VAEField = Input(kind="connection")
    tiled: bool = Input(False)
    tile_size: int = Input(0, ge=0, multiple_of=8)
    fp32: bool = Input(False)
    color_compensation: Literal["None", "SDXL"] = Input("None")

    def invoke(self, ctx: InvocationContext) -> LatentsOutput:
        drifts = self.color_compensation == "SDXL" and ctx.model(self.vae.vae).base is BaseModelType.SDXL
        return _encoded(
            ctx,
            self.image,
            self.vae,
            fp32=self.fp32,
            tiled=self.tiled,
            tile_size=self.tile_size,
            grid=8,
            compensation=SDXL_COMPENSATION if drifts else (1.0, 0.0),
        )


@node("flux_vae_encode", title="Image to Latents - FLUX", version="1.0.1", category="latents")
class FluxVaeEncodeInvocation(Invocation):
    """A picture as FLUX's latents."""

    image: ImageField = Input()
    vae: VAEField = Input(kind="connection")

    def invoke(self, ctx: InvocationContext) -> LatentsOutput:
        return _encoded(ctx, self.image, self.vae, fp32=False)


@node("sd3_i2l", title="Image to Latents - SD3", version="1.0.1", category="latents")
class SD3ImageToLatentsInvocation(Invocation):
    """A picture as Stable Diffusion 3's latents."""

    board: BoardField | None = Input(None, kind="direct")
    metadata: MetadataField | None = Input(None, kind="connection")
    image: ImageField = Input()
    vae: VAEField = Input(kind="connection")

    def invoke(self, ctx: InvocationContext) -> LatentsOutput:
        return _encoded(ctx, self.image, self.vae, fp32=False)
