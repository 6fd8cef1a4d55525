"""Looking at pictures, sorting them, and the trash."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse

from invoke_tui.domain.events import GalleryChanged, ImageAdded
from invoke_tui.domain.gallery.boards import UNCATEGORIZED
from invoke_tui.domain.gallery.images import (
    PICTURE_BEGINNING,
    DateGroup,
    ImageCategory,
    ImageChanges,
    ImagePage,
    ImageRecord,
    Listing,
    Selection,
    TrashRecord,
    format_of,
)
from invoke_tui.domain.gallery.importing import FileTexts
from invoke_tui.studio.gallery.importing.looking import file_texts
from invoke_tui.studio.requests.preprocessing import control_picture
from invoke_tui.studio.services import Given, Services

router = APIRouter(prefix="/images", tags=["gallery"])
_FEW = 200
"""Names that an event tells; of more, front ends look again."""


@router.post("/list")
async def page(
    studio: Given,
    listing: Annotated[Listing, Body()],
    limit: Annotated[int, Query(ge=0, le=1000)] = 50,
    at: int = 0,
    metadata: bool = False,
) -> ImagePage:
    """Pictures of a listing from number ``at``; a negative one counts from the end."""
    return await studio.gallery.lists.page(listing, at=at, limit=limit, metadata=metadata)


@router.post("/place")
async def place(studio: Given, listing: Annotated[Listing, Body()], name: str) -> int:
    """The number of a picture in a listing."""
    return await studio.gallery.lists.place(listing, name)


@router.get("/beginning")
async def beginning(studio: Given, name: Annotated[str, Query(pattern=PICTURE_BEGINNING)]) -> list[str]:
    """Names of pictures that begin so, also of those in the trash; twenty at most."""
    return await studio.gallery.beginning(name)


@router.post("/months")
async def months(studio: Given, listing: Annotated[Listing, Body()]) -> list[DateGroup]:
    """Where the months of a listing by age begin."""
    return await studio.gallery.lists.months(listing)


@router.post("/change")
async def change(
    studio: Given, selection: Annotated[Selection, Body()], changes: Annotated[ImageChanges, Body()]
) -> int:
    """Star, rate, move, annotate pictures; how many."""
    names = await studio.gallery.lists.names(selection)
    values = changes.model_dump(exclude_unset=True, exclude={"notes"})
    if "board_id" in values:
        board = values["board_id"]
        nowhere = board in (None, UNCATEGORIZED)
        values["board_id"] = None if nowhere else (await studio.gallery.boards.find(board)).board_id
    changed = await studio.gallery.lists.change(names, values, changes.notes)
    _tell(studio, names)
    return changed


@router.post("/delete")
async def delete(studio: Given, selection: Annotated[Selection, Body()]) -> list[str]:
    """Put pictures into the trash; their names, to have them back with."""
    names = await studio.gallery.lists.names(selection)
    await studio.gallery.trash.put(names)
    _tell(studio, names)
    return names


@router.post("/restore")
async def restore(studio: Given, selection: Annotated[Selection, Body()]) -> int:
    """Have pictures back from the trash; how many."""
    names = await studio.gallery.lists.names(selection)
    restored = await studio.gallery.trash.restore(names)
    _tell(studio, names)
    return restored


@router.get("/trash")
async def trash(studio: Given) -> TrashRecord:
    """What lies in the trash."""
    return await studio.gallery.trash.holds()


@router.post("/purge")
async def purge(studio: Given, selection: Annotated[Selection | None, Body()] = None) -> TrashRecord:
    """Delete pictures of the trash for good, without a selection all of it; what went."""
    names = None if selection is None else await studio.gallery.lists.names(selection)
    gone = await studio.gallery.trash.purge(names)
    _tell(studio, [])
    return gone


@router.post("/upload")
async def upload(
    request: Request,
    studio: Given,
    name: Annotated[str, Query(max_length=400)] = "",
    category: ImageCategory = "user",
) -> ImageRecord:
    """Take a picture in: the body is its file, ``name`` what people call it."""
    record = await studio.gallery.take(await request.body(), category=category, called=name)
    studio.hub.publish(ImageAdded(image=record))
    return record


@router.get("/{name}")
async def image(name: str, studio: Given) -> ImageRecord:
    """One picture's record."""
    return await studio.gallery.record(name)


@router.get("/{name}/file")
async def file(name: str, studio: Given) -> FileResponse:
    """The file as it is."""
    return FileResponse(await studio.gallery.file(name), media_type=f"image/{format_of(name)}")


@router.get("/{name}/preprocessed/{preprocessor}")
async def preprocessed(name: str, preprocessor: str, request: Request, studio: Given) -> Response:
    """The control picture that is made of a picture, as a PNG. With a network it takes as long as the engine does."""

    async def wanted() -> bool:
        return not await request.is_disconnected()

    made = await control_picture(name, preprocessor, studio, wanted)
    return Response(made, media_type="image/png")


@router.get("/{name}/texts")
async def texts(name: str, studio: Given) -> FileTexts:
    """What a picture's file says, read anew."""
    return await asyncio.to_thread(file_texts, await studio.gallery.file(name))


@router.post("/thumbnails")
async def thumbnails(
    studio: Given, names: Annotated[list[str], Body(embed=True, max_length=_FEW)]
) -> StreamingResponse:
    """A line for each picture, in this order: a small WebP, or why there is none."""
    found = studio.gallery.thumbnails(names)
    lines = (one.model_dump_json() + "\n" async for one in found)
    return StreamingResponse(lines, media_type="application/x-ndjson")


@router.get("/{name}/thumbnail")
async def thumbnail(name: str, studio: Given) -> Response:
    """A small WebP."""
    return Response(await studio.gallery.thumbnail(name), media_type="image/webp")


def _tell(studio: Services, names: list[str]) -> None:
    studio.hub.publish(GalleryChanged(names=names if len(names) <= _FEW else []))
