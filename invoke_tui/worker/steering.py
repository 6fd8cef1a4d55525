"""What a denoise call is steered by, from handles to pictures in the size that is drawn."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from invoke_tui.domain.graph.fields import ImageField, LatentsField, TensorField
from invoke_tui.engine.jobs import Adapter, Control, Reference
from invoke_tui.nodes import images
from invoke_tui.nodes.context import DenoiseCall

if TYPE_CHECKING:
    from PIL.Image import Image


def steering(
    call: DenoiseCall,
    size: tuple[int, int],
    picture: Callable[[ImageField], Image],
    mask: Callable[[TensorField], Image],
    latents: Callable[[LatentsField], Any],
) -> dict[str, Any]:
    """The fields ``controls``, ``adapters`` and ``references`` of the engine's job."""

    def fitted(image: ImageField, mode: Any) -> Image:
        return images.fitting.fitted_control(picture(image), size, mode)

    return {
        "controls": tuple(
            Control(
                one.control_model,
                fitted(one.image, one.resize_mode),
                weight=one.control_weight,
                begin=one.begin_step_percent,
                end=one.end_step_percent,
                mode=one.control_mode,
                union=one.union,
                latents=latents(seen) if seen else None,
            )
            for one, seen in zip_longest(call.controls, call.control_latents)
        ),
        "adapters": tuple(
            Adapter(
                one.t2i_adapter_model,
                fitted(one.image, one.resize_mode),
                weight=one.weight,
                begin=one.begin_step_percent,
                end=one.end_step_percent,
            )
            for one in call.adapters
        ),
        "references": tuple(
            Reference(
                one.ip_adapter_model,
                one.image_encoder_model,
                tuple(map(picture, one.image if isinstance(one.image, list) else [one.image])),
                weight=one.weight,
                begin=one.begin_step_percent,
                end=one.end_step_percent,
                method=one.method,
                mask=mask(one.mask) if one.mask else None,
            )
            for one in call.references
        ),
    }
