"""The fake studio's gallery: pictures that were made, and a crowd that exists only while it is looked at."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.events import Event, GalleryChanged
from invoke_tui.domain.gallery.boards import BoardChanges, BoardList, BoardRecord, SavedSearch
from invoke_tui.domain.gallery.images import (
    DateGroup,
    ImageChanges,
    ImagePage,
    ImageRecord,
    Listing,
    Selection,
    TrashRecord,
)
from invoke_tui.domain.gallery.query import read_query

NEWEST = datetime(2026, 3, 31, 12, tzinfo=UTC)


class FakeGallery:
    """Mixed into ``FakeClient``. ``crowd`` pictures more are generated on the fly; the newest is ``p0.png``."""

    pictures: dict[str, tuple[ImageRecord, bytes]]
    calls: list[tuple[Any, ...]]
    send: Callable[[Event], None]

    def __init__(self) -> None:
        self.crowd = 0
        self.removed: set[str] = set()
        """Pictures of the crowd that were put into the trash."""
        self.changed: dict[str, dict[str, Any]] = {}
        """What was changed of pictures of the crowd."""
        self.says: dict[str, dict[str, Any]] = {}
        """The metadata of pictures of the crowd that say something else than usual."""
        self.revision = 0
        self.board_list: list[BoardRecord] = []
        self.auto_add: str | None = None
        self.search_list: list[SavedSearch] = []
        self.missing: set[str] = set()
        """Pictures of the crowd whose files are gone."""
        self.fetched: list[str] = []
        """Thumbnails of the crowd that were fetched."""
        self.asked: list[tuple[int, int]] = []
        """Pages that were asked for: number and limit."""

    # -- lists ----------------------------------------------------------------------------------------------------

    def picture(self, number: int) -> ImageRecord:
        """A picture of the crowd."""
        name = f"p{number}.png"
        record = ImageRecord(
            image_name=name,
            path=f"/outputs/images/{name}",
            width=768 if number % 3 else 1024,
            height=1024 if number % 2 else 768,
            file_size=1_000 * (number + 1),
            created_at=NEWEST - timedelta(hours=number),
        )
        return record.model_copy(update=self.changed.get(name, {}))

    def _listed(self, listing: Listing) -> list[str]:
        """The names of a listing, in order."""
        known = [*reversed(self.pictures), *(f"p{number}.png" for number in range(self.crowd))]
        if listing.trash:
            return [name for name in known if name in self.removed]
        names = [name for name in known if name not in self.removed] if self.removed else known
        query = read_query(listing.query, NEWEST.date())
        if not query.asked and listing.board_id is None:
            return names[::-1] if listing.order == "oldest" else names
        words = [part.conditions[0] for part in query.asked]
        return [
            name
            for name in names
            if all(getattr(word, "text", name) in name for word in words)
            and listing.board_id in (None, self._record(name).board_id or "none")
        ]

    def _record(self, name: str) -> ImageRecord:
        made = self.pictures.get(name)
        return made[0] if made else self.picture(int(name[1:-4]))

    async def images(
        self, listing: Listing | None = None, *, limit: int = 50, at: int = 0, metadata: bool = True
    ) -> ImagePage:
        listing = listing or Listing()
        self.asked.append((at, limit))
        names = self._listed(listing)
        records = [self._record(name) for name in names[at : at + limit]]
        if not metadata:
            records = [record.model_copy(update={"metadata": None}) for record in records]
        problems = [problem.message for problem in read_query(listing.query, NEWEST.date()).problems]
        return ImagePage(images=records, at=at, total=len(names), revision=self.revision, problems=problems)

    async def image(self, name: str) -> ImageRecord:
        if name not in self.pictures and not self._of_crowd(name):
            raise NotFoundError(f"There is no picture {name}.")
        record = self._record(name)
        if self._of_crowd(name):
            said = self.says.get(name) or {
                "positive_prompt": f"prompt of {name}",
                "negative_prompt": "blurry",
                "seed": 7,
                "steps": 9,
            }
            return record.model_copy(update={"metadata": said})
        return record

    def _of_crowd(self, name: str) -> bool:
        return name[0] == "p" and name[1:-4].isdigit() and int(name[1:-4]) < self.crowd

    async def image_place(self, listing: Listing, name: str) -> int:
        try:
            return self._listed(listing).index(name)
        except ValueError:
            raise NotFoundError(f"{name} is not in this list.") from None

    async def image_months(self, listing: Listing) -> list[DateGroup]:
        groups: dict[str, DateGroup] = {}
        for at, name in enumerate(self._listed(listing)):
            month = f"{self._record(name).created_at:%Y-%m}"
            group = groups.setdefault(month, DateGroup(month=month, at=at, count=0))
            groups[month] = group.model_copy(update={"count": group.count + 1})
        return list(groups.values())

    def small_picture(self, name: str) -> bytes:
        """A thumbnail of the crowd: one colour, by the number. Raises ``NotFoundError`` for files that are missing."""
        if name in self.missing:
            raise NotFoundError(f"{name} is gone.")
        number = int(name[1:-4])
        self.fetched.append(name)
        out = io.BytesIO()
        Image.new("RGB", (48, 32 if number % 2 else 64), (number * 40 % 256, number * 70 % 256, 120)).save(
            out, "PNG"
        )
        return out.getvalue()

    # -- changing pictures ----------------------------------------------------------------------------------------

    def _names(self, selection: Selection) -> list[str]:
        listed = self._listed(selection.listing) if selection.listing else []
        return [*selection.names, *(name for name in listed if name not in selection.left_out)]

    def tell(self) -> None:
        """The gallery changed."""
        self.revision += 1
        self.send(GalleryChanged())

    async def change_images(self, selection: Selection, changes: ImageChanges) -> int:
        names, values = self._names(selection), changes.model_dump(exclude_unset=True)
        if values.get("board_id") == "none":
            values["board_id"] = None
        self.calls.append(("change_images", len(names), changes.model_dump(exclude_unset=True)))
        for name in names:
            self.changed[name] = self.changed.get(name, {}) | values
            if name in self.pictures:
                record, data = self.pictures[name]
                self.pictures[name] = (record.model_copy(update=values), data)
        self.tell()
        return len(names)

    async def delete_images(self, selection: Selection) -> list[str]:
        names = self._names(selection)
        self.removed.update(names)
        self.tell()
        return names

    async def restore_images(self, selection: Selection) -> int:
        names = self._names(selection)
        self.removed.difference_update(names)
        self.tell()
        return len(names)

    async def trash(self) -> TrashRecord:
        return TrashRecord(
            count=len(self.removed), size=sum(self._record(name).file_size for name in self.removed)
        )

    async def purge_images(self, selection: Selection | None = None) -> TrashRecord:
        names = set(self._names(selection)) if selection else set(self.removed)
        gone = TrashRecord(count=len(names), size=sum(self._record(name).file_size for name in names))
        self.calls.append(("purge", sorted(names)))
        self.removed -= names
        self.tell()
        return gone

    # -- boards and searches --------------------------------------------------------------------------------------

    async def boards(self) -> BoardList:
        none = BoardRecord(board_id="none", board_name="Uncategorized", image_count=self.crowd)
        return BoardList(boards=self.board_list, uncategorized=none, auto_add_board_id=self.auto_add)

    async def create_board(self, name: str, *, parent_id: str | None = None) -> BoardRecord:
        board = BoardRecord(board_id=f"board-{name}", board_name=name, parent_id=parent_id)
        self.board_list = sorted([*self.board_list, board], key=lambda one: one.board_name)
        self.tell()
        return board

    async def edit_board(self, board_id: str, changes: BoardChanges) -> BoardRecord:
        values = changes.model_dump(exclude_unset=True)
        self.calls.append(("edit_board", board_id, values))
        self.board_list = [
            one.model_copy(update=values) if one.board_id == board_id else one for one in self.board_list
        ]
        self.tell()
        return next(one for one in self.board_list if one.board_id == board_id)

    async def delete_board(self, board_id: str, *, with_images: bool = False) -> list[str]:
        self.calls.append(("delete_board", board_id, with_images))
        self.board_list = [one for one in self.board_list if one.board_id != board_id]
        self.tell()
        return []

    async def auto_add_board(self, board: str | None) -> BoardList:
        self.auto_add = board
        self.tell()
        return await self.boards()

    async def saved_searches(self) -> list[SavedSearch]:
        return self.search_list

    async def save_search(self, name: str, query: str) -> SavedSearch:
        saved = SavedSearch(search_id=name, name=name, query=query)
        self.search_list = [*self.search_list, saved]
        self.tell()
        return saved

    async def delete_search(self, search_id: str) -> None:
        self.search_list = [one for one in self.search_list if one.search_id != search_id]
        self.tell()
