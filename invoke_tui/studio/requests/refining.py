"""What refines a picture, resolved: the size of a small first pass, and where regions are."""

from __future__ import annotations

from typing import Final

from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.refinement import HighRes
from invoke_tui.domain.request.regions import RegionRequest, ResolvedRegion
from invoke_tui.domain.request.sizes import shrunk, to_grid
from invoke_tui.nodes.recipes import Cast
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.requests.starting import differs

LEAST: Final = 64
"""Pixels a side of a first pass."""


def highres_of(request: GenerationRequest, cast: Cast, size: tuple[int, int], steps: int) -> HighRes | None:
    """The first pass of a request; none where the picture is no larger than the model draws best anyway."""
    if not request.hrf_enabled:
        return None
    width, height = _small(size, request.hrf_scale, cast.main)
    if (width, height) == size:
        return None
    return HighRes(
        width=width,
        height=height,
        method=request.hrf_method,
        strength=request.hrf_strength,
        steps=request.hrf_steps or steps,
        scale=request.hrf_scale,
        model=cast.upscaler.key if cast.upscaler else None,
    )


async def regions_of(
    request: GenerationRequest, size: tuple[int, int], gallery: Gallery | None
) -> tuple[ResolvedRegion, ...]:
    """Every region of a request, its mask looked at. Raises ``BadInputError`` and ``NotFoundError``."""
    return tuple([await _region(region, size, gallery) for region in request.regions])


def _small(size: tuple[int, int], scale: float | None, model: ModelRecord) -> tuple[int, int]:
    """So many times smaller, or what the model draws best in this shape."""
    wishes, traits = model.default_settings, traits_of(model)
    if scale is None:
        side = wishes.width or traits.side
        small = shrunk(*size, most=side * (wishes.height or side), grid=traits.grid)
    else:
        small = to_grid(size[0] / scale, traits.grid), to_grid(size[1] / scale, traits.grid)
    return min(size[0], max(LEAST, small[0])), min(size[1], max(LEAST, small[1]))


async def _region(region: RegionRequest, size: tuple[int, int], gallery: Gallery | None) -> ResolvedRegion:
    alpha = False
    if region.mask_image is not None and gallery is not None:
        mask = await gallery.look(region.mask_image)
        differs(mask, size)
        alpha = mask.transparency != "none"
    return ResolvedRegion(**region.model_dump(), mask_alpha=alpha)
