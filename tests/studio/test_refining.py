"""Sizes of first passes, and masks of regions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType, ModelDefaults
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.nodes.recipes import Cast
from invoke_tui.studio.gallery.intake import Look
from invoke_tui.studio.requests.refining import highres_of, regions_of
from tests.support.requests import model_record


@pytest.mark.parametrize(
    ("base", "size", "scale", "small"),
    [
        (BaseModelType.SD1, (1024, 1024), None, (512, 512)),
        (BaseModelType.SD1, (1536, 1024), None, (624, 416)),
        (BaseModelType.SD1, (512, 512), None, None),
        (BaseModelType.SD1, (512, 512), 2.0, (256, 256)),
        (BaseModelType.SD1, (80, 512), 4.0, (64, 128)),
        (BaseModelType.FLUX, (2048, 1024), None, (1456, 720)),
    ],
)
def test_the_size_of_the_first_pass(
    base: BaseModelType, size: tuple[int, int], scale: float | None, small: tuple[int, int] | None
) -> None:
    cast = Cast(model_record(base=base))
    request = GenerationRequest(hrf_enabled=True, hrf_scale=scale, hrf_steps=7)
    found = highres_of(request, cast, size, 30)
    assert (None if found is None else (found.width, found.height)) == small
    assert found is None or (found.steps, found.strength, found.scale) == (7, 0.45, scale)
    assert highres_of(GenerationRequest(hrf_scale=2), cast, size, 30) is None


def test_a_models_own_size_is_what_it_draws_best() -> None:
    wishes = ModelDefaults(width=128, height=128)
    found = highres_of(
        GenerationRequest(hrf_enabled=True), Cast(model_record(default_settings=wishes)), (192, 192), 30
    )
    assert found is not None
    assert (found.width, found.height, found.steps) == (128, 128, 30)


class Gallery:
    """One mask, whatever is asked for."""

    def __init__(self, look: Look) -> None:
        self._look = look

    async def look(self, name: str) -> Look:
        return self._look


def test_masks_of_regions_are_looked_at() -> None:
    request = GenerationRequest.model_validate(
        {
            "regions": [
                {"positive_prompt": "a fox", "mask_image": "m.png"},
                {"positive_prompt": "x", "right": 0.5},
            ]
        }
    )

    def resolved(look: Look) -> Any:
        return asyncio.run(regions_of(request, (128, 64), Gallery(look)))  # type: ignore[arg-type]

    seen = resolved(Look(width=64, height=32, transparency="some", lightest=255))
    assert [region.mask_alpha for region in seen] == [True, False]
    assert not resolved(Look(width=128, height=64, transparency="none", lightest=255))[0].mask_alpha
    with pytest.raises(BadInputError, match="their shapes differ"):
        resolved(Look(width=64, height=64, transparency="none", lightest=255))
    with pytest.raises(BadInputError, match="mask is empty"):
        resolved(Look(width=128, height=64, transparency="none", lightest=0))
