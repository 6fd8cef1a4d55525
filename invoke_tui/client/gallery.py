"""Calls about pictures and boards."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from invoke_tui.domain.gallery.boards import BoardChanges, BoardList, BoardRecord, BoardText, SavedSearch
from invoke_tui.domain.gallery.images import (
    DateGroup,
    ImageCategory,
    ImageChanges,
    ImagePage,
    ImageRecord,
    Listing,
    Selection,
    Thumbnail,
    TrashRecord,
)

if TYPE_CHECKING:
    from invoke_tui.client.transport import Transport

_MONTHS = TypeAdapter(list[DateGroup])
_NAMES = TypeAdapter(list[str])
_NUMBER = TypeAdapter(int)
_SEARCHES = TypeAdapter(list[SavedSearch])


class GalleryCalls:
    """The gallery's part of the client."""

    _transport: Transport

    async def images(
        self,
        listing: Listing | None = None,
        *,
        limit: int = 50,
        at: int = 0,
        metadata: bool = True,
    ) -> ImagePage:
        """Pictures of a listing (the newest first) from number ``at``; a negative one counts from the end."""
        body = (listing or Listing()).model_dump(mode="json")
        asked = {"limit": limit, "at": at, "metadata": metadata}
        return ImagePage.model_validate_json(await self._transport.post("images/list", body, asked))

    async def image_place(self, listing: Listing, name: str) -> int:
        """The number of a picture in a listing. Raises ``NotFoundError``."""
        body = listing.model_dump(mode="json")
        return _NUMBER.validate_json(await self._transport.post("images/place", body, {"name": name}))

    async def image_months(self, listing: Listing) -> list[DateGroup]:
        """Where the months of a listing by age begin."""
        return _MONTHS.validate_json(
            await self._transport.post("images/months", listing.model_dump(mode="json"))
        )

    async def change_images(self, selection: Selection, changes: ImageChanges) -> int:
        """Star, rate, move, annotate pictures; how many."""
        body = {
            "selection": selection.model_dump(mode="json"),
            "changes": changes.model_dump(mode="json", exclude_unset=True),
        }
        return _NUMBER.validate_json(await self._transport.post("images/change", body))

    async def delete_images(self, selection: Selection) -> list[str]:
        """Put pictures into the trash; their names."""
        return _NAMES.validate_json(
            await self._transport.post("images/delete", selection.model_dump(mode="json"))
        )

    async def restore_images(self, selection: Selection) -> int:
        """Have pictures back from the trash; how many."""
        return _NUMBER.validate_json(
            await self._transport.post("images/restore", selection.model_dump(mode="json"))
        )

    async def trash(self) -> TrashRecord:
        """What lies in the trash."""
        return TrashRecord.model_validate_json(await self._transport.get("images/trash"))

    async def purge_images(self, selection: Selection | None = None) -> TrashRecord:
        """Delete pictures of the trash for good, without a selection all of it; what went."""
        body: dict[str, Any] | None = None if selection is None else selection.model_dump(mode="json")
        return TrashRecord.model_validate_json(await self._transport.post("images/purge", body))

    async def image(self, name: str) -> ImageRecord:
        """One picture's record, with its metadata."""
        return ImageRecord.model_validate_json(await self._transport.get(f"images/{name}"))

    async def images_beginning(self, name: str) -> list[str]:
        """Names of pictures that begin so, also in the trash; twenty at most."""
        return _NAMES.validate_json(await self._transport.get("images/beginning", {"name": name}))

    async def upload_image(
        self, data: bytes, *, name: str = "", category: ImageCategory = "user"
    ) -> ImageRecord:
        """Take a picture in; ``name`` is what people call the file."""
        asked = {"name": name[:400], "category": category}
        return ImageRecord.model_validate_json(await self._transport.post_bytes("images/upload", data, asked))

    async def preprocessed(self, name: str, preprocessor: str) -> bytes:
        """The control picture a preprocessor makes of a picture, as a PNG of its size.

        One with a network comes from the engine: that takes until what is being drawn is done, and models are loaded.
        Raises ``NotFoundError`` (``tool_not_installed``) with what to install, ``BadInputError`` and ``StudioError``.
        """
        return await self._transport.get_made(f"images/{name}/preprocessed/{preprocessor}")

    async def image_file(self, name: str) -> bytes:
        """The file as it is; its format is how the name ends (``domain.gallery.images.format_of``)."""
        return await self._transport.get(f"images/{name}/file")

    async def thumbnail(self, name: str) -> bytes:
        """A small WebP."""
        return await self._transport.get(f"images/{name}/thumbnail")

    async def thumbnails(self, names: Sequence[str]) -> AsyncGenerator[Thumbnail]:
        """Small WebPs of pictures in their order, each as soon as it is made. Much less work than one by one."""
        async with aclosing(self._transport.stream("images/thumbnails", {"names": list(names)})) as lines:
            async for line in lines:
                yield Thumbnail.model_validate_json(line)

    async def boards(self) -> BoardList:
        """Every board."""
        return BoardList.model_validate_json(await self._transport.get("boards"))

    async def board(self, wanted: str) -> BoardRecord:
        """A board by its id or name."""
        return BoardRecord.model_validate_json(await self._transport.get(f"boards/{wanted}"))

    async def create_board(self, name: str, *, parent_id: str | None = None) -> BoardRecord:
        """Make a board."""
        body = BoardText(board_name=name, parent_id=parent_id).model_dump(mode="json")
        return BoardRecord.model_validate_json(await self._transport.post("boards", body))

    async def edit_board(self, board_id: str, changes: BoardChanges) -> BoardRecord:
        """Rename a board, move it into another, archive it, choose its cover."""
        body = changes.model_dump(mode="json", exclude_unset=True)
        return BoardRecord.model_validate_json(await self._transport.post(f"boards/{board_id}/edit", body))

    async def delete_board(self, board_id: str, *, with_images: bool = False) -> list[str]:
        """Remove a board; its pictures go to no board, or to the trash. Their names."""
        body = {"with_images": with_images}
        return _NAMES.validate_json(await self._transport.post(f"boards/{board_id}/delete", body))

    async def auto_add_board(self, board: str | None) -> BoardList:
        """Say on which board new pictures go."""
        return BoardList.model_validate_json(await self._transport.post("boards/auto_add", {"board": board}))

    async def saved_searches(self) -> list[SavedSearch]:
        """The saved searches."""
        return _SEARCHES.validate_json(await self._transport.get("searches"))

    async def save_search(self, name: str, query: str) -> SavedSearch:
        """Keep a search."""
        return SavedSearch.model_validate_json(
            await self._transport.post("searches", {"name": name, "query": query})
        )

    async def delete_search(self, search_id: str) -> None:
        """Forget a search."""
        await self._transport.post(f"searches/{search_id}/delete", {})
