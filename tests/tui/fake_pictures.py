"""The fake studio's gallery for pictures that are brought, and its upscaling."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.domain.gallery.images import ImageCategory, ImageRecord
from invoke_tui.domain.request.upscaling import UpscaleRequest
from invoke_tui.domain.running.queue import EnqueueResult, ItemStatus, QueueItem


class FakePictures:
    """Mixed into ``FakeClient``."""

    pictures: dict[str, tuple[ImageRecord, bytes]]
    items: dict[int, QueueItem]
    put: Callable[[QueueItem], None]

    def __init__(self) -> None:
        self.taken: list[tuple[str, ImageCategory]] = []
        """Files that were given, by name and category."""
        self.upscalings: list[UpscaleRequest] = []
        self.refuse_next: StudioError | None = None
        self.without_network: set[str] = set()
        """Preprocessors whose network is not installed."""

    async def upload_image(
        self, data: bytes, *, name: str = "", category: ImageCategory = "user"
    ) -> ImageRecord:
        self.taken.append((name, category))
        try:
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
        except OSError:
            raise BadInputError(f"{name} is no picture that can be read.", code="not_a_picture") from None
        taken = f"{uuid.uuid5(uuid.NAMESPACE_URL, name)}.png"
        record = a_picture(taken, width, height, image_category=category, image_origin="external")
        self.pictures[taken] = (record, data)
        return record

    async def image(self, name: str) -> ImageRecord:
        if name not in self.pictures:
            raise NotFoundError(f"There is no picture {name}.")
        return self.pictures[name][0]

    async def preprocessed(self, name: str, preprocessor: str) -> bytes:
        """The picture in grey, whatever the preprocessor."""
        if preprocessor in self.without_network:
            raise BadInputError(
                f"{preprocessor} needs a network.", hint="Install it.", code="no_preprocessor"
            )
        made = io.BytesIO()
        with Image.open(io.BytesIO(self.pictures[name][1])) as image:
            image.convert("L").save(made, "PNG")
        return made.getvalue()

    async def upscale(self, request: UpscaleRequest, *, front: bool = False) -> EnqueueResult:
        self.upscalings.append(request)
        item_id = 900 + len(self.upscalings)
        self.put(
            QueueItem(
                item_id=item_id,
                batch_id="u",
                session_id=f"u{item_id}",
                status=ItemStatus.PENDING,
                prompt=f"upscale {request.images[0]}",
                created_at=datetime.now(UTC),
            )
        )
        return EnqueueResult(batch_id="u", item_ids=[item_id], seeds=[0])


def a_picture(name: str, width: int = 128, height: int = 128, **changes: Any) -> ImageRecord:
    """A record of the gallery."""
    return ImageRecord(
        image_name=name,
        path=f"/outputs/images/{name}",
        width=width,
        height=height,
        created_at=datetime.now(UTC),
        **changes,
    )
