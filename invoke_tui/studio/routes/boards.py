"""Boards and saved searches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from invoke_tui.domain.events import GalleryChanged
from invoke_tui.domain.gallery.boards import BoardChanges, BoardList, BoardRecord, BoardText, SavedSearch
from invoke_tui.studio.services import Given

router = APIRouter(tags=["gallery"])


@router.get("/boards")
async def boards(studio: Given) -> BoardList:
    """Every board."""
    return await studio.gallery.boards.all()


@router.post("/boards")
async def create(studio: Given, text: BoardText) -> BoardRecord:
    """Make a board."""
    made = await studio.gallery.boards.create(text)
    studio.hub.publish(GalleryChanged())
    return made


@router.post("/boards/auto_add")
async def auto_add(studio: Given, board: Annotated[str | None, Body(embed=True)] = None) -> BoardList:
    """Say on which board new pictures go."""
    await studio.gallery.boards.auto_add(board)
    studio.hub.publish(GalleryChanged())
    return await studio.gallery.boards.all()


@router.get("/boards/{wanted}")
async def board(studio: Given, wanted: str) -> BoardRecord:
    """A board by its id or name."""
    return await studio.gallery.boards.find(wanted)


@router.post("/boards/{board_id}/edit")
async def edit(studio: Given, board_id: str, changes: BoardChanges) -> BoardRecord:
    """Rename a board, move it into another, archive it, choose its cover."""
    edited = await studio.gallery.boards.edit(board_id, changes)
    studio.hub.publish(GalleryChanged())
    return edited


@router.post("/boards/{board_id}/delete")
async def delete(
    studio: Given, board_id: str, with_images: Annotated[bool, Body(embed=True)] = False
) -> list[str]:
    """Remove a board, and put its pictures into the trash if asked to; their names."""
    names = await studio.gallery.boards.delete(board_id, with_images=with_images)
    studio.hub.publish(GalleryChanged())
    return names


@router.get("/searches")
async def searches(studio: Given) -> list[SavedSearch]:
    """The saved searches."""
    return await studio.gallery.boards.searches()


@router.post("/searches")
async def save_search(
    studio: Given, name: Annotated[str, Body()], query: Annotated[str, Body()]
) -> SavedSearch:
    """Keep a search."""
    saved = await studio.gallery.boards.save_search(name, query)
    studio.hub.publish(GalleryChanged())
    return saved


@router.post("/searches/{search_id}/delete")
async def delete_search(studio: Given, search_id: str) -> None:
    """Forget a search."""
    await studio.gallery.boards.delete_search(search_id)
    studio.hub.publish(GalleryChanged())
