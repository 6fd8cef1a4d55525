"""What inpainting and outpainting need around the denoise loop: infill, layers, paste-back, colours."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from invoke_tui.domain.graph.fields import ColorField, FluxFillConditioningField, ImageField, TensorField
from invoke_tui.domain.request.parameters import SEED_MAX
from invoke_tui.nodes import images
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.images.kinds import ColorSpace, ResampleMode
from invoke_tui.nodes.invocations.images import PictureNode, save_made
from invoke_tui.nodes.invocations.latents import ImageOutput
from invoke_tui.nodes.registry import node, output
from invoke_tui.nodes.tools import tool


@node("infill_rgba", title="Solid Color Infill", version="1.2.2", category="inpaint", cacheable=False)
class InfillColorInvocation(PictureNode):
    """Transparent parts in one colour."""

    image: ImageField = Input()
    color: ColorField = Input({"r": 127, "g": 127, "b": 127, "a": 255}, validate_default=True)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        colour = (self.color.r, self.color.g, self.color.b, self.color.a)
        return save_made(ctx, self, images.infill.infill_colour(ctx.load_image(self.image), colour))


@node("infill_tile", title="Tile Infill", version="1.2.3", category="inpaint", cacheable=False)
class InfillTileInvocation(PictureNode):
    """Transparent parts out of random tiles of the picture."""

    image: ImageField = Input()
    tile_size: int = Input(32, ge=1)
    seed: int = Input(0, ge=0, le=SEED_MAX)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = images.infill.infill_tile(
            ctx.load_image(self.image), tile_size=self.tile_size, seed=self.seed
        )
        return save_made(ctx, self, picture)


@node("infill_cv2", title="CV2 Infill", version="1.2.2", category="inpaint", cacheable=False)
class CV2InfillInvocation(PictureNode):
    """Transparent parts continued from their edges."""

    image: ImageField = Input()

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        return save_made(ctx, self, images.infill.infill_cv2(ctx.load_image(self.image)))


@node("infill_lama", title="LaMa Infill", version="1.2.2", category="inpaint", cacheable=False)
class LaMaInfillInvocation(PictureNode):
    """Transparent parts made up by a network from what is around them."""

    image: ImageField = Input()

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture, lama = ctx.load_image(self.image), tool(ctx, "lama", "The infill method lama")
        if picture.mode == "RGBA":
            filled = ctx.engine.look(picture, lama, images.infill.hidden(picture))
            picture = images.infill.infill_with(picture, filled)
        return save_made(ctx, self, picture)


@node("infill_patchmatch", title="PatchMatch Infill", version="1.2.2", category="inpaint", cacheable=False)
class InfillPatchMatchInvocation(PictureNode):
    """Transparent parts out of patches of the picture."""

    image: ImageField = Input()
    downscale: float = Input(2.0, gt=0)
    resample_mode: ResampleMode = Input("bicubic")

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = images.infill.infill_patchmatch(
            ctx.load_image(self.image), downscale=self.downscale, mode=self.resample_mode
        )
        return save_made(ctx, self, picture)


@node("invokeai_img_blend", title="Image Layer Blend", version="1.2.0", category="image", cacheable=False)
class InvokeImageBlendInvocation(PictureNode):
    """A layer over another, which shows where the mask is white. Normal blending in RGB is what there is."""

    dormant: ClassVar[dict[str, Any]] = {"adaptive_gamut": 0.0, "high_precision": True}

    layer_upper: ImageField = Input()
    blend_mode: Literal["Normal"] = Input("Normal")
    opacity: float = Input(1.0, ge=0)
    mask: ImageField | None = Input(None)
    fit_to_width: bool = Input(False)
    fit_to_height: bool = Input(True)
    layer_base: ImageField = Input()
    color_space: Literal["RGB"] = Input("RGB")

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        base = ctx.load_image(self.layer_base)

        def fitted(image: ImageField) -> Any:
            return images.blend.fitted(
                ctx.load_image(image), base.size, to_width=self.fit_to_width, to_height=self.fit_to_height
            )

        upper, mask = fitted(self.layer_upper), fitted(self.mask) if self.mask else None
        return save_made(ctx, self, images.blend.blend_normal(upper, base, mask, min(self.opacity, 1.0)))


@node("canvas_paste_back", title="Canvas Paste Back", version="1.0.1", category="canvas", cacheable=False)
class CanvasPasteBackInvocation(PictureNode):
    """What was drawn, pasted into the picture where the mask is black."""

    source_image: ImageField = Input()
    target_image: ImageField = Input()
    mask: ImageField = Input()
    mask_blur: int = Input(0, ge=0)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        source, target, mask = map(ctx.load_image, (self.source_image, self.target_image, self.mask))
        return save_made(ctx, self, images.blend.paste_back(source, target, mask, self.mask_blur))


@node("color_correct", title="Color Correct", version="2.0.0", category="image", cacheable=False)
class ColorCorrectInvocation(PictureNode):
    """A picture with the colours of another; where the mask is white it stays as it was."""

    base_image: ImageField = Input()
    color_reference: ImageField = Input()
    mask: ImageField | None = Input(None)
    colorspace: ColorSpace = Input("RGB")

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        mask = ctx.load_image(self.mask) if self.mask else None
        reference = ctx.load_image(self.color_reference)
        picture = images.blend.match_colours(
            ctx.load_image(self.base_image), reference, mask, self.colorspace
        )
        return save_made(ctx, self, picture)


@output("flux_fill_output")
class FluxFillOutput(Output):
    """What FLUX.1 Fill fills."""

    fill_cond: FluxFillConditioningField


@node(
    "flux_fill",
    title="FLUX Fill Conditioning",
    version="1.0.0",
    category="conditioning",
    classification="beta",
)
class FluxFillInvocation(Invocation):
    """A picture and a mask (yes is drawn) for FLUX.1 Fill."""

    image: ImageField = Input()
    mask: TensorField = Input()

    def invoke(self, ctx: InvocationContext) -> FluxFillOutput:
        return FluxFillOutput(fill_cond=FluxFillConditioningField(image=self.image, mask=self.mask))
