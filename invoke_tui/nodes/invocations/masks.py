"""Masks: from pictures, of pictures, and for the denoise loop. Black is drawn and white stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from invoke_tui.domain.graph.fields import (
    DenoiseMaskField,
    ImageField,
    LatentsField,
    MetadataField,
    TensorField,
    UNetField,
    VAEField,
)
from invoke_tui.nodes import images
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext, SaveRequest
from invoke_tui.nodes.images.kinds import CoherenceMode
from invoke_tui.nodes.invocations.images import PictureNode, save_made
from invoke_tui.nodes.invocations.latents import ImageOutput
from invoke_tui.nodes.registry import node, output

if TYPE_CHECKING:
    from PIL.Image import Image

INPAINT: Final = "inpaint"


@output("denoise_mask_output")
class DenoiseMaskOutput(Output):
    """A mask for the denoise loop."""

    denoise_mask: DenoiseMaskField


@output("gradient_mask_output")
class GradientMaskOutput(Output):
    """A mask for the denoise loop, and (black) everything it draws at all."""

    denoise_mask: DenoiseMaskField
    expanded_mask_area: ImageField


@output("mask_output")
class MaskOutput(Output):
    """A mask of yes and no, and its size."""

    mask: TensorField
    width: int
    height: int


@node("tomask", title="Mask from Alpha", version="1.2.2", category="mask", cacheable=False)
class MaskFromAlphaInvocation(PictureNode):
    """What is transparent in a picture as black; of a grey picture itself."""

    image: ImageField = Input()
    invert: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        mask = images.edit.alpha_mask(ctx.load_image(self.image), invert=self.invert)
        return save_made(ctx, self, mask, category="mask")


@node("mask_combine", title="Combine Masks", version="1.2.2", category="mask", cacheable=False)
class MaskCombineInvocation(PictureNode):
    """What either mask draws."""

    mask1: ImageField = Input()
    mask2: ImageField = Input()

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        one, other = ctx.load_image(self.mask1), ctx.load_image(self.mask2)
        return save_made(ctx, self, images.masks.combined(one, other), category="mask")


@node("mask_edge", title="Mask Edge", version="1.2.2", category="mask", cacheable=False)
class MaskEdgeInvocation(PictureNode):
    """The edge of a mask."""

    image: ImageField = Input()
    edge_size: int = Input()
    edge_blur: int = Input()
    low_threshold: int = Input()
    high_threshold: int = Input()

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        edge = images.masks.mask_edge(
            ctx.load_image(self.image),
            size=self.edge_size,
            blur=self.edge_blur,
            low=self.low_threshold,
            high=self.high_threshold,
        )
        return save_made(ctx, self, edge, category="mask")


@node(
    "expand_mask_with_fade", title="Expand Mask with Fade", version="1.0.1", category="mask", cacheable=False
)
class ExpandMaskWithFadeInvocation(PictureNode):
    """A mask that fades out over some pixels around what it draws."""

    mask: ImageField = Input()
    threshold: int = Input(0, ge=0, le=255)
    fade_size_px: int = Input(32, ge=0)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        faded = images.masks.expand_with_fade(
            ctx.load_image(self.mask), threshold=self.threshold, fade=self.fade_size_px
        )
        return save_made(ctx, self, faded, category="mask")


@node("apply_mask_to_image", title="Apply Mask to Image", version="1.0.0", category="mask", cacheable=False)
class ApplyMaskToImageInvocation(PictureNode):
    """A picture that is as opaque as its mask is white."""

    image: ImageField = Input()
    mask: ImageField = Input()
    invert_mask: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture, mask = ctx.load_image(self.image), ctx.load_image(self.mask)
        return save_made(ctx, self, images.edit.with_alpha(picture, mask, invert=self.invert_mask))


@node("create_denoise_mask", title="Create Denoise Mask", version="1.0.2", category="mask")
class CreateDenoiseMaskInvocation(Invocation):
    """A mask for the denoise loop whose grey mixes."""

    vae: VAEField = Input(kind="connection")
    image: ImageField | None = Input(None)
    mask: ImageField = Input()
    tiled: bool = Input(False)
    fp32: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> DenoiseMaskOutput:
        mask = ctx.load_image(self.mask).convert("L")
        masked = None
        if self.image is not None:
            hidden = images.masks.hidden_below(mask, 128)
            masked = _masked(ctx, self.image, hidden, self.vae, fp32=self.fp32, tiled=self.tiled)
        field = DenoiseMaskField(
            mask_name=ctx.keep_mask(mask), masked_latents_name=masked.latents_name if masked else None
        )
        return DenoiseMaskOutput(denoise_mask=field)


@node("create_gradient_mask", title="Create Gradient Mask", version="1.3.0", category="mask", cacheable=False)
class CreateGradientMaskInvocation(Invocation):
    """A mask for the denoise loop whose edge grows and is drawn last.

    With a picture, an inpainting model's UNet and a VAE it also has what that model wants to see of the picture.
    """

    mask: ImageField = Input()
    edge_radius: int = Input(16, ge=0)
    coherence_mode: CoherenceMode = Input("Gaussian Blur")
    minimum_denoise: float = Input(0.0, ge=0, le=1)
    image: ImageField | None = Input(None)
    unet: UNetField | None = Input(None, kind="connection")
    vae: VAEField | None = Input(None, kind="connection")
    tiled: bool = Input(False)
    fp32: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> GradientMaskOutput:
        made = images.masks.gradient_mask(
            ctx.load_image(self.mask),
            edge_radius=self.edge_radius,
            mode=self.coherence_mode,
            minimum_denoise=self.minimum_denoise,
        )
        masked = None
        if self.image and self.vae and self.unet and ctx.model(self.unet.unet).variant == INPAINT:
            hidden = images.masks.hidden_below(made.denoise_mask, 1)
            masked = _masked(ctx, self.image, hidden, self.vae, fp32=self.fp32, tiled=self.tiled)
        saved = ctx.save_image(made.expanded, SaveRequest(is_intermediate=True, category="mask"))
        return GradientMaskOutput(
            denoise_mask=DenoiseMaskField(
                mask_name=ctx.keep_mask(made.denoise_mask),
                masked_latents_name=masked.latents_name if masked else None,
                gradient=True,
            ),
            expanded_mask_area=saved.image,
        )


def _masked(
    ctx: InvocationContext, image: ImageField, hidden: Image, vae: VAEField, *, fp32: bool, tiled: bool
) -> LatentsField:
    encoded = ctx.engine.encode_image(
        ctx.load_image(image), vae, fp32=fp32, tiled=tiled, tile_size=0, hidden=hidden
    )
    return encoded.latents


def _kept(ctx: InvocationContext, mask: Image) -> MaskOutput:
    return MaskOutput(mask=TensorField(tensor_name=ctx.keep_mask(mask)), width=mask.width, height=mask.height)


@node("image_mask_to_tensor", title="Image Mask to Tensor", version="1.0.0", category="mask")
class ImageMaskToTensorInvocation(Invocation):
    """Yes where a picture is darker than ``cutoff``."""

    metadata: MetadataField | None = Input(None, kind="connection")
    image: ImageField = Input()
    cutoff: int = Input(128, ge=0, le=255)
    invert: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> MaskOutput:
        return _kept(ctx, images.masks.dark(ctx.load_image(self.image), self.cutoff, invert=self.invert))


@node("alpha_mask_to_tensor", title="Alpha Mask to Tensor", version="1.0.0", category="mask")
class AlphaMaskToTensorInvocation(Invocation):
    """Yes where a picture is not transparent."""

    image: ImageField = Input()
    invert: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> MaskOutput:
        return _kept(ctx, images.masks.opaque(ctx.load_image(self.image), invert=self.invert))


@node("invert_tensor_mask", title="Invert Tensor Mask", version="1.1.0", category="mask")
class InvertTensorMaskInvocation(Invocation):
    """Yes becomes no."""

    mask: TensorField = Input()

    def invoke(self, ctx: InvocationContext) -> MaskOutput:
        return _kept(ctx, images.masks.hidden_below(ctx.load_mask(self.mask.tensor_name), 128))


@node("tensor_mask_to_image", title="Tensor Mask to Image", version="1.1.0", category="mask", cacheable=False)
class MaskTensorToImageInvocation(PictureNode):
    """A mask as a picture, white for yes."""

    mask: TensorField = Input()

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        return save_made(ctx, self, ctx.load_mask(self.mask.tensor_name), category="mask")


@node("rectangle_mask", title="Create Rectangle Mask", version="1.0.1", category="mask")
class RectangleMaskInvocation(Invocation):
    """Yes in a rectangle."""

    metadata: MetadataField | None = Input(None, kind="connection")
    width: int = Input(gt=0)
    height: int = Input(gt=0)
    x_left: int = Input()
    y_top: int = Input()
    rectangle_width: int = Input()
    rectangle_height: int = Input()

    def invoke(self, ctx: InvocationContext) -> MaskOutput:
        extent = (self.rectangle_width, self.rectangle_height)
        return _kept(
            ctx, images.masks.rectangle((self.width, self.height), (self.x_left, self.y_top), extent)
        )
