"""What preprocessors make of a picture, before anything is drawn."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.request.controls import (
    PREPROCESSORS,
    Preprocessor,
)
from invoke_tui.domain.running.queue import ItemStatus
from invoke_tui.nodes import images
from invoke_tui.studio.gallery.store import PREVIEW
from invoke_tui.studio.queue.rows import NewItem
from invoke_tui.studio.requests.preprocessors import preprocessor_of, require_preprocessor

if TYPE_CHECKING:
    from invoke_tui.studio.services import Services

_LOOK_SECONDS: Final = 0.2
"""How often it is looked whether a preview failed, and whether somebody still waits for it."""
_WORKED_ON: Final = 8
"""Bytes a pixel that most preprocessors take."""


async def control_picture(
    image: str, asked: str, studio: Services, wanted: Callable[[], Awaitable[bool]]
) -> bytes:
    """What a preprocessor makes of a picture of the gallery: a PNG of the picture's size.

    Where it takes a network the engine does it, before everything that is pending; it is given up when nobody
    ``wanted`` it any more. Raises ``BadInputError``, ``NotFoundError``, and what the engine says.
    """
    path, name = await studio.gallery.file(image), preprocessor_of(asked, None)
    if name is None or not PREPROCESSORS[name].needs:
        return await asyncio.to_thread(_made_here, path, name)
    await require_preprocessor(name, studio.models)
    if studio.queue.pause_state is not None:
        raise StudioError(
            f"The queue is paused, and {name} is made by the engine.",
            hint="Resume it: invoke-tui queue resume.",
            code="queue_paused",
        )
    return await _made_by_the_engine(image, PREPROCESSORS[name], studio, wanted)


def _made_here(path: Path, name: str | None) -> bytes:
    """With the settings its node has when nobody changes them."""
    picture = images.reading.open_picture(path, beside=_WORKED_ON)
    if name is not None:
        picture = images.preprocess.BY_NAME[name](picture)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


async def _made_by_the_engine(
    image: str, known: Preprocessor, studio: Services, wanted: Callable[[], Awaitable[bool]]
) -> bytes:
    graph = Graph(id="preprocess")
    graph.add(known.node, "preprocessor", image={"image_name": image}, **known.settings)
    item = NewItem(
        session=graph.model_dump_json(),
        prompt=f"{known.makes} of {image}",
        origin="preprocess",
        destination=PREVIEW,
    )
    [item_id] = (await studio.queue.enqueue([item], front=True)).item_ids
    try:
        with studio.gallery.handed_over(item_id) as made:
            while not (await asyncio.wait({made}, timeout=_LOOK_SECONDS))[0]:
                await _raise_failed(item_id, studio)
                if not await wanted():
                    raise StudioError("Nobody waits for the preview any more.", code="canceled")
            return made.result()
    finally:
        with suppress(NotFoundError):  # somebody cleared the queue
            await studio.queue.delete([item_id])


async def _raise_failed(item_id: int, studio: Services) -> None:
    item = await studio.queue.item(item_id)
    if item.status is ItemStatus.FAILED:
        raise StudioError(item.error or "The preview failed.", hint=item.hint or "", code="preview_failed")
    if item.status is ItemStatus.CANCELED:
        raise StudioError("The preview was canceled.", code="canceled")
