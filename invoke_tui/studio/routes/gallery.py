"""Looking at pictures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response

from invoke_tui.domain.events import ImageAdded
from invoke_tui.domain.images import ImageCategory, ImagePage, ImageRecord
from invoke_tui.studio.preprocessing import control_picture
from invoke_tui.studio.services import Given

router = APIRouter(prefix="/images", tags=["gallery"])


@router.get("")
async def page(
    studio: Given, limit: Annotated[int, Query(ge=1, le=1000)] = 50, after: str | None = None
) -> ImagePage:
    """A page of pictures, newest first."""
    return await studio.gallery.page(limit, after)


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
    """The PNG."""
    return FileResponse(await studio.gallery.file(name), media_type="image/png")


@router.get("/{name}/preprocessed/{preprocessor}")
async def preprocessed(name: str, preprocessor: str, request: Request, studio: Given) -> Response:
    """The control picture that is made of a picture, as a PNG. With a network it takes as long as the engine does."""

    async def wanted() -> bool:
        return not await request.is_disconnected()

    made = await control_picture(name, preprocessor, studio, wanted)
    return Response(made, media_type="image/png")


@router.get("/{name}/thumbnail")
async def thumbnail(name: str, studio: Given) -> Response:
    """A small WebP."""
    return Response(await studio.gallery.thumbnail(name), media_type="image/webp")
