"""The picture a request starts from: which part of it is drawn, in which size, and what becomes of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelRecord
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.pictures import PictureSettings, ScaleMethod, Start, StartMode
from invoke_tui.domain.request.sizes import SDXL_SIZES, scaled_size, shrunk, to_grid
from invoke_tui.nodes.recipes.pictures import fitted_size, padded_size
from invoke_tui.studio.gallery.intake import Look
from invoke_tui.studio.gallery.store import Gallery

LEAST_SIDE: Final = 8
MOST_SIDE: Final = 16384
SMALLEST_WORK: Final = 64
EDGE: Final = 16
"""Pixels of blur and coherence where nobody says; a sixteenth of smaller pictures (InvokeAI: always 16)."""
ALIKE: Final = 0.02
"""How much the shape of a mask may differ from the picture's."""
TOO_MUCH: Final = 4
"""How many times the area that a model draws best may be drawn unasked; larger pictures are drawn smaller."""
_Size = tuple[int, int]


@dataclass(frozen=True)
class Framed:
    """A picture in place, and the size to draw in."""

    start: Start
    width: int
    height: int


async def start_of(request: GenerationRequest, model: ModelRecord, gallery: Gallery | None) -> Framed | None:
    """Everything about the picture a request names; None where it names none. Raises ``BadInputError``."""
    if request.init_image is None or gallery is None:
        if request.mask_image is not None or request.outpaint:
            raise BadInputError(
                "A mask and borders need a picture to start from.", hint="Give one (init_image)."
            )
        return None
    image = await gallery.look(request.init_image)
    source = (image.width, image.height)
    if min(source) < LEAST_SIDE:
        raise BadInputError(
            f"A picture of {source[0]} x {source[1]} pixels is too small to start from.",
            hint=f"Each side needs at least {LEAST_SIDE} pixels.",
            code="bad_size",
        )
    if image.transparency == "all":
        raise BadInputError(
            "The picture is wholly transparent: there is nothing to start from.", code="empty_picture"
        )
    whole = padded_size(source, request.outpaint)
    frame = _frame(request, whole)
    method, work = _work(request, model, frame)
    mask = None if request.mask_image is None else await gallery.look(request.mask_image)
    start = Start(
        **request.model_dump(include=set(PictureSettings.model_fields)),
        mode=_mode(request, image, frame, whole),
        image=request.init_image,
        source_width=source[0],
        source_height=source[1],
        width=frame[0],
        height=frame[1],
        mask=request.mask_image,
        mask_alpha=mask is not None and mask.transparency != "none",
        mask_resize=mask is not None and differs(mask, source),
        denoising_start=request.denoising_start,
        denoising_end=1.0 if request.denoising_end is None else request.denoising_end,
        mask_blur=_edge(request.mask_blur, frame),
        coherence_edge_size=_edge(request.coherence_edge_size, work),
        scale_before_processing=method,
    )
    return Framed(start, *work)


def _frame(request: GenerationRequest, whole: _Size) -> _Size:
    """The size of the result: what was asked for, the other side in proportion; else that of the padded picture."""
    width, height = request.width, request.height
    if width is None and height is None:
        frame = whole
    elif width is None:
        assert height is not None
        frame = to_grid(whole[0] * height / whole[1], LEAST_SIDE), height
    else:
        frame = width, height or to_grid(whole[1] * width / whole[0], LEAST_SIDE)
    if max(frame) > MOST_SIDE:
        raise BadInputError(
            f"A picture of {frame[0]} x {frame[1]} pixels is too large.",
            hint=f"A side has at most {MOST_SIDE} pixels: give a width or a height.",
            code="bad_size",
        )
    return frame


def _work(request: GenerationRequest, model: ModelRecord, frame: _Size) -> tuple[ScaleMethod, _Size]:
    """How a size to draw in is found, and which it is."""
    traits, wishes = traits_of(model), model.default_settings
    sized = request.width is not None or request.height is not None
    method: ScaleMethod = request.scale_before_processing or ("none" if sized else "auto")
    grid = traits.grid
    if method == "manual":
        if request.scaled_width is None or request.scaled_height is None:
            raise BadInputError(
                "Scaling by hand needs a width and a height.", hint="Give scaled_width and scaled_height."
            )
        work = request.scaled_width, request.scaled_height
        return method, (to_grid(work[0], grid), to_grid(work[1], grid))
    if method == "none":
        return method, _at_least((to_grid(frame[0], grid), to_grid(frame[1], grid)))
    side = traits.side if wishes.width is None else wishes.width
    optimal = to_grid((side * (wishes.height or side)) ** 0.5, grid)
    good = SDXL_SIZES if model.base is BaseModelType.SDXL else ()
    most = TOO_MUCH * optimal * optimal
    if not sized and frame[0] * frame[1] > most:
        return method, _at_least(shrunk(*frame, most=most, grid=grid))
    return method, _at_least(scaled_size(*frame, optimal=optimal, grid=grid, good=good))


def _mode(request: GenerationRequest, image: Look, frame: _Size, whole: _Size) -> StartMode:
    """As InvokeAI tells them: what is transparent is drawn around, what is masked within."""
    borders = request.fit == "contain" and fitted_size(whole, frame, cover=False) != frame
    if image.transparency == "some" or request.outpaint or borders:
        return "outpaint"
    return "inpaint" if request.mask_image is not None else "img2img"


def differs(mask: Look, source: _Size) -> bool:
    """Whether a mask has another size than its picture; another shape is an error, and so is an empty mask."""
    if mask.transparency == "all" or (mask.transparency == "none" and mask.lightest == 0):
        raise BadInputError(
            "The mask is empty: nothing would be drawn.",
            hint="What is white in it is drawn; of a transparent picture what is opaque.",
            code="empty_mask",
        )
    if (mask.width, mask.height) == source:
        return False
    stretch = (mask.width / mask.height) / (source[0] / source[1])
    if abs(stretch - 1) > ALIKE:
        raise BadInputError(
            f"The mask has {mask.width} x {mask.height} pixels, the picture {source[0]} x {source[1]}: "
            "their shapes differ.",
            hint="Make a mask of the picture's size.",
            code="bad_mask",
        )
    return True


def _edge(asked: int | None, size: _Size) -> int:
    return min(EDGE, min(size) // EDGE) if asked is None else asked


def _at_least(size: _Size) -> _Size:
    return max(SMALLEST_WORK, size[0]), max(SMALLEST_WORK, size[1])
