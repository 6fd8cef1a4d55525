"""Pictures made larger by a network, and crisper."""

from __future__ import annotations

from invoke_tui.domain.graph.fields import ImageField
from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.domain.request.upscaling import MOST_SCALE, TILE_SIZE
from invoke_tui.nodes import images
from invoke_tui.nodes.base import Input
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.invocations.images import PictureNode, save_made
from invoke_tui.nodes.invocations.latents import ImageOutput
from invoke_tui.nodes.registry import node


@node(
    "spandrel_image_to_image",
    title="Image-to-Image",
    version="1.3.0",
    category="upscale",
    cacheable=False,
)
class SpandrelImageToImageInvocation(PictureNode):
    """A picture once through an upscaler; ``tile_size`` 0 takes it in one piece."""

    image: ImageField = Input()
    image_to_image_model: ModelIdentifier = Input()
    tile_size: int = Input(TILE_SIZE)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = ctx.engine.upscale(
            ctx.load_image(self.image), self.image_to_image_model, tile_size=max(0, self.tile_size)
        )
        return save_made(ctx, self, picture)


@node(
    "spandrel_image_to_image_autoscale",
    title="Image-to-Image (Autoscale)",
    version="1.0.0",
    category="upscale",
    cacheable=False,
)
class SpandrelImageToImageAutoscaleInvocation(PictureNode):
    """A picture through an upscaler until it is ``scale`` times as large, then down to that size."""

    image: ImageField = Input()
    image_to_image_model: ModelIdentifier = Input()
    tile_size: int = Input(TILE_SIZE)
    scale: float = Input(4.0, gt=0.0, le=MOST_SCALE)
    fit_to_multiple_of_8: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = ctx.engine.upscale(
            ctx.load_image(self.image),
            self.image_to_image_model,
            tile_size=max(0, self.tile_size),
            scale=self.scale,
            fit_to_multiple_of_8=self.fit_to_multiple_of_8,
        )
        return save_made(ctx, self, picture)


@node("unsharp_mask", title="Unsharp Mask", version="1.2.2", category="image", cacheable=False)
class UnsharpMaskInvocation(PictureNode):
    """A picture with crisper edges."""

    image: ImageField = Input()
    radius: float = Input(2, gt=0)
    strength: float = Input(50, ge=0)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = ctx.load_image(self.image)
        return save_made(ctx, self, images.sharpen.unsharp_masked(picture, self.radius, self.strength))
