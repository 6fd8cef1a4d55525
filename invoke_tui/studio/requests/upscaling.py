"""From pictures to be made larger to items: the upscaler found, every size checked before anything is enqueued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke_tui.domain.creative import CREATIVE_SCALE
from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.upscaling import UpscaleRequest, check_size, target_size
from invoke_tui.nodes.recipes.upscaling import upscale_graph
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.queue.rows import NewItem

if TYPE_CHECKING:
    from invoke_tui.studio.services import Services

INSTALL_HINT = (
    "Install one: 'invoke-tui models install realesrgan-x4plus', or 'starter-upscaler', the small one that "
    "comes with invoke-tui. 'invoke-tui models starter' lists more."
)


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
        from invoke_tui.studio.requests.creative import (
            creative_items,  # what casts models asks here for upscalers
        )

        return await creative_items(request, images, model, studio)
    return [
        NewItem(
            session=upscale_graph(request, image, model).model_dump_json(),
            prompt=f"upscale {image.image_name}",
            origin="upscale",
        )
        for image in images
    ]


async def upscaler_of(wanted: str | None, models: Models) -> ModelRecord:
    """The upscaler a person names, else the first by name."""
    picked = models.pick(ModelType.SPANDREL, (BaseModelType.ANY,))
    if picked is None:
        await models.refresh()
        picked = models.pick(ModelType.SPANDREL, (BaseModelType.ANY,))
    if picked is None and (wanted is None or not wanted.strip()):
        raise NotFoundError("No upscaler is installed.", hint=INSTALL_HINT, code="no_upscaler")
    if wanted is None:
        assert picked is not None
        return picked
    try:
        return await models.find(wanted, ModelType.SPANDREL)
    except NotFoundError as error:
        if picked is not None:
            raise
        raise NotFoundError(error.message, hint=INSTALL_HINT, code=error.code) from error
