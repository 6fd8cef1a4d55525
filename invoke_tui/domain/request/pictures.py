"""Settings of drawing from a picture: image-to-image, inpainting, outpainting."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import BadInputError

FitMode = Literal["fill", "contain", "cover"]
CoherenceMode = Literal["Gaussian Blur", "Box Blur", "Staged"]
InfillMethod = Literal["cv2", "lama", "tile", "color", "patchmatch"]
ScaleMethod = Literal["none", "auto", "manual"]
StartMode = Literal["img2img", "inpaint", "outpaint"]
MOST_PADDING = 4096


class Outpaint(Record):
    """How many pixels are added at each side of a picture."""

    left: int = Field(default=0, ge=0, le=MOST_PADDING)
    right: int = Field(default=0, ge=0, le=MOST_PADDING)
    top: int = Field(default=0, ge=0, le=MOST_PADDING)
    bottom: int = Field(default=0, ge=0, le=MOST_PADDING)

    def __bool__(self) -> bool:
        return bool(self.left or self.right or self.top or self.bottom)

    def __str__(self) -> str:
        """``right=128,top=64``: what ``read_sides`` reads."""
        sides = self.model_dump()
        return ",".join(f"{side}={pixels}" for side, pixels in sides.items() if pixels)


def read_sides(text: str) -> dict[str, int]:
    """``right=128,top=64``, or one number for all sides. Raises ``BadInputError``; bounds are ``Outpaint``'s."""
    names = tuple(Outpaint.model_fields)
    if text.strip().isdecimal():
        return dict.fromkeys(names, int(text))
    found: dict[str, int] = {}
    for part in text.split(","):
        side, equals, number = (piece.strip() for piece in part.partition("="))
        if side not in names or not equals or not number.isdecimal():
            raise BadInputError(
                f"{text}: expected sides and pixels", hint="E.g. right=128,top=64.", code="bad_value"
            )
        found[side] = int(number)
    return found


class PictureSettings(Record):
    """How a picture is treated that others are drawn from. The same in a request and when everything is resolved."""

    strength: float = Field(
        default=0.75, ge=0, le=1, description="How much of the picture is drawn anew; 0 keeps it"
    )
    optimized_denoising: bool = Field(
        default=True, description="FLUX and SD 3: spread the strength so that low ones change something"
    )
    fit: FitMode = Field(
        default="cover",
        description="How the picture gets to another shape: fill stretches, cover cuts, contain adds borders to draw",
    )
    outpaint: Outpaint = Field(default=Outpaint(), description="Pixels to draw around the picture")
    mask_expand: int = Field(default=0, ge=0, le=512, description="Pixels the mask grows by")
    coherence_mode: CoherenceMode = Field(
        default="Gaussian Blur", description="How the edge of the mask is drawn late, to fit its surroundings"
    )
    coherence_min_denoise: float = Field(
        default=0.0, ge=0, le=1, description="The least share of the steps that the edge is drawn in"
    )
    infill_method: InfillMethod = Field(
        default="cv2",
        description="What empty parts begin with: continued edges, what LaMa makes up, tiles, a colour, patches",
    )
    infill_tile_size: int = Field(default=32, ge=1, le=512, description="Pixels a side of infill tiles")
    infill_color: str = Field(
        default="#000000", pattern=r"^#[0-9a-fA-F]{6}$", description="Colour of the infill, as #rrggbb"
    )
    paste_back: bool = Field(default=True, description="Keep what lies outside of the mask, pixel by pixel")
    color_correct: bool = Field(default=False, description="Give the result the colours of the picture")


class PictureRequest(PictureSettings):
    """The part of a request that is about a picture to start from."""

    init_image: str | None = Field(
        default=None, max_length=4096, description="Picture to start from, by its name in the gallery"
    )
    mask_image: str | None = Field(
        default=None,
        max_length=4096,
        description="Picture whose white parts are drawn (of a transparent one: the opaque parts)",
    )
    denoising_start: float | None = Field(
        default=None, ge=0, le=1, description="Where denoising begins; none = by the strength"
    )
    denoising_end: float | None = Field(
        default=None, ge=0, le=1, description="Where denoising ends; none = at the end"
    )
    mask_blur: int | None = Field(
        default=None,
        ge=0,
        le=512,
        description="Pixels over which old and new mix at the mask's edge; none = 16, less in small pictures",
    )
    coherence_edge_size: int | None = Field(
        default=None,
        ge=0,
        le=512,
        description="Pixels around the mask that are drawn along; none = 16, less in small pictures",
    )
    scale_before_processing: ScaleMethod | None = Field(
        default=None,
        description="Draw in a size the model likes and scale back; none = auto, unless a size is given",
    )
    scaled_width: int | None = Field(
        default=None, ge=64, le=16384, multiple_of=8, description="Width to draw in, with the method manual"
    )
    scaled_height: int | None = Field(
        default=None, ge=64, le=16384, multiple_of=8, description="Height to draw in, with the method manual"
    )


class Start(PictureSettings):
    """A picture to start from with every choice made. Sizes are in pixels.

    ``image`` has ``source_width`` x ``source_height``; padded and fitted it has ``width`` x ``height``, the size of the
    result. It is drawn in the size of the request around it.
    """

    mode: StartMode
    image: str
    source_width: int = Field(gt=0)
    source_height: int = Field(gt=0)
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    mask: str | None = None
    mask_alpha: bool = Field(default=False, description="The mask is what is opaque in its picture")
    mask_resize: bool = Field(default=False, description="The mask has another size than the picture")
    denoising_start: float | None = Field(default=None, ge=0, le=1)
    denoising_end: float = Field(default=1.0, ge=0, le=1)
    mask_blur: int = Field(ge=0)
    coherence_edge_size: int = Field(ge=0)
    scale_before_processing: ScaleMethod
