"""Pictures in, pictures out: sizes, cuts, channels, brightness, blur and noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from invoke_tui.domain.graph.fields import ColorField, ImageField, MetadataField
from invoke_tui.domain.request.parameters import SEED_MAX
from invoke_tui.nodes import images
from invoke_tui.nodes.base import Input, Invocation
from invoke_tui.nodes.context import InvocationContext, SaveRequest
from invoke_tui.nodes.images.kinds import NoiseKind, ResampleMode
from invoke_tui.nodes.invocations.latents import BoardField, ImageOutput
from invoke_tui.nodes.registry import node

if TYPE_CHECKING:
    from PIL.Image import Image


class _Maker(Protocol):
    """A node that makes a picture."""

    is_intermediate: bool


def save_made(ctx: InvocationContext, asked: _Maker, picture: Image, **known: Any) -> ImageOutput:
    """Keep a picture a node made, with what the node knows about it."""
    board: BoardField | None = getattr(asked, "board", None)
    metadata: MetadataField | None = getattr(asked, "metadata", None)
    saved = ctx.save_image(
        picture,
        SaveRequest(
            is_intermediate=asked.is_intermediate,
            board_id=board.chosen() if board else None,
            metadata=metadata.model_dump(mode="json") if metadata else None,
            **known,
        ),
    )
    return ImageOutput(image=saved.image, width=saved.width, height=saved.height)


class PictureNode(Invocation):
    """What nodes that make a picture have in common."""

    board: BoardField | None = Input(None, kind="direct")
    metadata: MetadataField | None = Input(None, kind="connection")


@node("image", title="Image Primitive", version="1.0.2", category="primitives")
class ImageInvocation(Invocation):
    """A picture as a value."""

    image: ImageField = Input()

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = ctx.load_image(self.image)
        return ImageOutput(image=self.image, width=picture.width, height=picture.height)


@node("save_image", title="Save Image", version="1.2.2", category="image", cacheable=False)
class SaveImageInvocation(PictureNode):
    """Keeps a copy of a picture."""

    image: ImageField = Input()

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        return save_made(ctx, self, ctx.load_image(self.image))


@node("blank_image", title="Blank Image", version="1.2.2", category="image", cacheable=False)
class BlankImageInvocation(PictureNode):
    """A picture of one colour."""

    width: int = Input(512)
    height: int = Input(512)
    mode: Literal["RGB", "RGBA"] = Input("RGB")
    color: ColorField = Input({"r": 0, "g": 0, "b": 0, "a": 255}, validate_default=True)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        colour = (self.color.r, self.color.g, self.color.b, self.color.a)
        return save_made(ctx, self, images.edit.blank((self.width, self.height), self.mode, colour))


@node("img_resize", title="Resize Image", version="1.2.2", category="image", cacheable=False)
class ImageResizeInvocation(PictureNode):
    """A picture in another size."""

    image: ImageField = Input()
    width: int = Input(512, gt=0)
    height: int = Input(512, gt=0)
    resample_mode: ResampleMode = Input("bicubic")

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        size = (self.width, self.height)
        return save_made(ctx, self, images.edit.resized(ctx.load_image(self.image), size, self.resample_mode))


@node("img_scale", title="Scale Image", version="1.2.2", category="image", cacheable=False)
class ImageScaleInvocation(PictureNode):
    """A picture some times as large."""

    image: ImageField = Input()
    scale_factor: float = Input(2.0, gt=0)
    resample_mode: ResampleMode = Input("bicubic")

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = images.edit.scaled(ctx.load_image(self.image), self.scale_factor, self.resample_mode)
        return save_made(ctx, self, picture)


@node("img_crop", title="Crop Image", version="1.2.2", category="image", cacheable=False)
class ImageCropInvocation(PictureNode):
    """A part of a picture; what lies outside of it is transparent."""

    image: ImageField = Input()
    x: int = Input(0)
    y: int = Input(0)
    width: int = Input(512, gt=0)
    height: int = Input(512, gt=0)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        size, at = (self.width, self.height), (-self.x, -self.y)
        return save_made(ctx, self, images.edit.placed(ctx.load_image(self.image), size, at))


@node("img_pad_crop", title="Center Pad or Crop Image", version="1.0.0", category="image", cacheable=False)
class CenterPadCropInvocation(Invocation):
    """A picture with transparent borders; negative ones cut it."""

    image: ImageField = Input()
    left: int = Input(0)
    right: int = Input(0)
    top: int = Input(0)
    bottom: int = Input(0)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = ctx.load_image(self.image)
        width, height = picture.width + self.left + self.right, picture.height + self.top + self.bottom
        size = (max(1, width), max(1, height))
        return save_made(ctx, self, images.edit.placed(picture, size, (self.left, self.top)))


@node("img_paste", title="Paste Image", version="1.2.2", category="image", cacheable=False)
class ImagePasteInvocation(PictureNode):
    """A picture in another one at a place, but where the mask is white."""

    base_image: ImageField = Input()
    image: ImageField = Input()
    mask: ImageField | None = Input(None)
    x: int = Input(0)
    y: int = Input(0)
    crop: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        base, picture = ctx.load_image(self.base_image), ctx.load_image(self.image)
        mask = ctx.load_image(self.mask) if self.mask else None
        made = images.edit.pasted(base, picture, mask, (self.x, self.y), crop=self.crop)
        return save_made(ctx, self, made)


@node("img_conv", title="Convert Image Mode", version="1.2.2", category="image", cacheable=False)
class ImageConvertInvocation(PictureNode):
    """A picture in another mode."""

    image: ImageField = Input()
    mode: Literal["L", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F"] = Input("L")

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        return save_made(ctx, self, ctx.load_image(self.image).convert(self.mode))


@node("img_chan", title="Extract Image Channel", version="1.2.2", category="image", cacheable=False)
class ImageChannelInvocation(PictureNode):
    """One channel of a picture."""

    image: ImageField = Input()
    channel: Literal["A", "R", "G", "B"] = Input("A")

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        return save_made(ctx, self, ctx.load_image(self.image).convert("RGBA").getchannel(self.channel))


@node("img_mul", title="Multiply Images", version="1.2.2", category="image", cacheable=False)
class ImageMultiplyInvocation(PictureNode):
    """Two pictures, multiplied."""

    image1: ImageField = Input()
    image2: ImageField = Input()

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        one, other = ctx.load_image(self.image1), ctx.load_image(self.image2)
        return save_made(ctx, self, images.edit.multiplied(one, other))


@node("img_lerp", title="Lerp Image", version="1.2.2", category="image", cacheable=False)
class ImageLerpInvocation(PictureNode):
    """All values between ``min`` and ``max`` instead of 0 and 255."""

    image: ImageField = Input()
    min: int = Input(0, ge=0, le=255)
    max: int = Input(255, ge=0, le=255)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        return save_made(ctx, self, images.edit.lerped(ctx.load_image(self.image), self.min, self.max))


@node("img_ilerp", title="Inverse Lerp Image", version="1.2.2", category="image", cacheable=False)
class ImageInverseLerpInvocation(PictureNode):
    """What lies between ``min`` and ``max`` spread from 0 to 255."""

    image: ImageField = Input()
    min: int = Input(0, ge=0, le=255)
    max: int = Input(255, ge=0, le=255)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        return save_made(ctx, self, images.edit.spread(ctx.load_image(self.image), self.min, self.max))


@node("img_blur", title="Blur Image", version="1.2.2", category="image", cacheable=False)
class ImageBlurInvocation(PictureNode):
    """A blurred picture."""

    image: ImageField = Input()
    radius: float = Input(8.0, ge=0)
    blur_type: Literal["gaussian", "box"] = Input("gaussian")

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = images.edit.blurred(ctx.load_image(self.image), self.radius, self.blur_type)
        return save_made(ctx, self, picture)


@node("img_noise", title="Add Image Noise", version="1.1.0", category="image", cacheable=False)
class ImageNoiseInvocation(PictureNode):
    """A picture mixed with noise, but where the mask is white."""

    image: ImageField = Input()
    mask: ImageField | None = Input(None)
    seed: int = Input(0, ge=0, le=SEED_MAX)
    noise_type: NoiseKind = Input("gaussian")
    amount: float = Input(0.1, ge=0, le=1)
    noise_color: bool = Input(True)
    size: int = Input(1, ge=1)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = images.edit.noisy(
            ctx.load_image(self.image),
            ctx.load_image(self.mask) if self.mask else None,
            seed=self.seed,
            kind=self.noise_type,
            amount=self.amount,
            coloured=self.noise_color,
            grain=self.size,
        )
        return save_made(ctx, self, picture)
