"""The gallery's half of the studio that only pretends: it remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse, Response

from invoke_tui.domain.gallery.boards import BoardChanges, BoardList, BoardRecord, BoardText, SavedSearch
from invoke_tui.domain.gallery.images import (
    ImageChanges,
    ImagePage,
    ImageRecord,
    Listing,
    Selection,
    TrashRecord,
)
from invoke_tui.domain.gallery.importing import ImportJob, ImportOrder, ImportStatus

if TYPE_CHECKING:
    from tests.cli.fake_studio import FakeStudio

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class FakeGallery:
    """``images`` are those of the fake studio; ``files`` may hold other bytes for some of them, None = gone."""

    def __init__(self, images: dict[str, ImageRecord], drawn: Callable[[str], bytes]) -> None:
        self.images = images
        self.drawn = drawn
        self.files: dict[str, bytes | None] = {}
        self.boards: dict[str, BoardRecord] = {}
        self.searches: dict[str, SavedSearch] = {}
        self.auto_add: str | None = None
        self.listings: list[Listing] = []
        self.changes: list[tuple[Selection, dict[str, Any]]] = []
        self.trash: list[str] = []
        self.problems: list[str] = []
        self.imports: list[ImportJob] = []
        self.import_ends: dict[str, Any] = {"status": "completed", "total": 3, "added": 2, "known": 1}

    def chosen(self, selection: Selection) -> list[str]:
        """Those named, or all of a listing."""
        names = list(self.images) if selection.listing else []
        return [name for name in (*selection.names, *names) if name not in selection.left_out]

    def router(self) -> APIRouter:
        """The routes; before those that take any name."""
        api = APIRouter(prefix="/api/v1")

        @api.post("/images/list")
        async def listed(
            listing: Annotated[Listing, Body()], limit: int = 50, at: int = 0, metadata: bool = False
        ) -> ImagePage:
            self.listings.append(listing)
            found = (
                [self.images[name] for name in self.trash] if listing.trash else list(self.images.values())
            )
            page = found[at:][:limit]
            if not metadata:
                page = [image.model_copy(update={"metadata": None}) for image in page]
            return ImagePage(images=page, at=at, total=len(found), problems=self.problems)

        @api.post("/images/change")
        async def change(
            selection: Annotated[Selection, Body()], changes: Annotated[ImageChanges, Body()]
        ) -> int:
            self.changes.append((selection, changes.model_dump(exclude_unset=True)))
            return len(self.chosen(selection))

        @api.post("/images/delete")
        async def delete(selection: Annotated[Selection, Body()]) -> list[str]:
            self.trash = self.chosen(selection)
            return self.trash

        @api.post("/images/restore")
        async def restore(selection: Annotated[Selection, Body()]) -> int:
            back, self.trash = len(self.trash), []
            return back

        @api.get("/images/trash")
        async def trash() -> TrashRecord:
            return TrashRecord(count=len(self.trash), size=1_500_000 * len(self.trash))

        @api.post("/images/purge")
        async def purge(selection: Annotated[Selection | None, Body()] = None) -> TrashRecord:
            gone, self.trash = len(self.trash), []
            return TrashRecord(count=gone, size=1_500_000 * gone)

        @api.get("/images/beginning")
        async def beginning(name: str) -> list[str]:
            return [one for one in self.images if one.startswith(name)]

        @api.get("/images/{name}/file")
        async def file(name: str) -> Response:
            data = self.files.get(name, b"")
            if data is None:
                return _missing("file_missing", f"The file of {name} is gone.")
            return Response(data or self.drawn(name))

        @api.get("/images/{name}")
        async def image(name: str) -> Response:
            if name not in self.images:
                return _missing("not_found", f"There is no picture {name}.")
            return Response(self.images[name].model_dump_json(), media_type="application/json")

        self._boards(api)
        self._imports(api)
        return api

    def _imports(self, api: APIRouter) -> None:
        @api.post("/imports")
        async def start(order: ImportOrder) -> ImportJob:
            self.imports.append(ImportJob(job_id=str(len(self.imports)), order=order, created_at=NOW))
            return self.imports[-1]

        @api.get("/imports")
        async def jobs() -> list[ImportJob]:
            return self.imports

        @api.get("/imports/{number}")
        async def job(number: int) -> ImportJob:
            ended = {**self.imports[number].model_dump(mode="json"), **self.import_ends}
            self.imports[number] = ImportJob.model_validate(ended)
            return self.imports[number]

        @api.post("/imports/{number}/cancel")
        async def cancel(number: int) -> ImportJob:
            changes = {"status": ImportStatus.CANCELLED}
            self.imports[number] = self.imports[number].model_copy(update=changes)
            return self.imports[number]

    def _boards(self, api: APIRouter) -> None:
        @api.get("/boards")
        async def boards() -> BoardList:
            return BoardList(
                boards=list(self.boards.values()),
                uncategorized=BoardRecord(board_id="none", board_name="Uncategorized"),
                auto_add_board_id=self.auto_add,
            )

        @api.post("/boards")
        async def create(text: BoardText) -> BoardRecord:
            made = BoardRecord(board_id=f"id-{len(self.boards)}", **text.model_dump())
            self.boards[made.board_id] = made
            return made

        @api.post("/boards/auto_add")
        async def auto_add(board: Annotated[str | None, Body(embed=True)] = None) -> BoardList:
            self.auto_add = board
            return await boards()

        @api.get("/boards/{wanted}")
        async def board(wanted: str) -> Response:
            for one in self.boards.values():
                if wanted.casefold() in (one.board_id, one.board_name.casefold()):
                    return Response(one.model_dump_json(), media_type="application/json")
            return _missing("no_board", f"There is no board {wanted}.")

        @api.post("/boards/{board_id}/edit")
        async def edit(board_id: str, changes: BoardChanges) -> BoardRecord:
            update = changes.model_dump(exclude_unset=True)
            self.boards[board_id] = self.boards[board_id].model_copy(update=update)
            return self.boards[board_id]

        @api.post("/boards/{board_id}/delete")
        async def delete(board_id: str, with_images: Annotated[bool, Body(embed=True)] = False) -> list[str]:
            del self.boards[board_id]
            return list(self.images)

        @api.get("/searches")
        async def searches() -> list[SavedSearch]:
            return list(self.searches.values())

        @api.post("/searches")
        async def save(name: Annotated[str, Body()], query: Annotated[str, Body()]) -> SavedSearch:
            self.searches[name] = SavedSearch(search_id=f"id-{name}", name=name, query=query)
            return self.searches[name]

        @api.post("/searches/{search_id}/delete")
        async def forget(search_id: str) -> None:
            del self.searches[search_id.removeprefix("id-")]


def _missing(code: str, message: str) -> Response:
    error = {"code": code, "message": message, "hint": ""}
    return JSONResponse({"error": error, "exit_code": 3}, status_code=404)


def with_pictures(studio: FakeStudio, count: int) -> FakeStudio:
    """Pictures of a fox in its gallery."""
    for number in range(1, count + 1):
        name = f"picture-{number}.png"
        studio.images[name] = ImageRecord(
            image_name=name, path=f"/gallery/{name}", width=64, height=64, created_at=NOW,
            metadata={"seed": 999 + number, "positive_prompt": "a fox", "model": {"name": "tiny"}},
        )  # fmt: skip
    return studio
