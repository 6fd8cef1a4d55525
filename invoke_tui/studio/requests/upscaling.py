"""From pictures to be made larger to items: the upscaler found, every size checked before anything is enqueued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.creative import CREATIVE_SCALE
from invoke_tui.domain.request.upscaling import UpscaleRequest, check_size, target_size
from invoke_tui.nodes.recipes.upscaling import upscale_graph
from invoke_tui.studio.queue.rows import NewItem
from invoke_tui.studio.requests.casting import upscaler_of
from invoke_tui.studio.requests.creative import creative_items

if TYPE_CHECKING:
    from invoke_tui.studio.services import Services


async def upscale_items(request: UpscaleRequest, studio: Services) -> list[NewItem]:
    """One item per picture. Raises ``NotFoundError`` and ``BadInputError``."""
    if len(request.images) > studio.settings.max_queue_size:
        raise BadInputError(
            f"{len(request.images)} pictures were given; the queue takes {studio.settings.max_queue_size}.",
            hint="Give fewer, or raise max_queue_size in invokeai.yaml.",
            code="queue_full",
        )
    model = await upscaler_of(request.model, studio.models)
    images = [await studio.gallery.record(name) for name in request.images]
    scale = request.scale or (CREATIVE_SCALE if request.creative else 1)
    for image in images:
        size = target_size(image.width, image.height, scale)
        check_size(*size, name=image.image_name)
    if request.creative is not None:
        return await creative_items(request, images, model, studio)
    return [
        NewItem(
            session=upscale_graph(request, image, model).model_dump_json(),
            prompt=f"upscale {image.image_name}",
            origin="upscale",
        )
        for image in images
    ]
