"""Giving pictures away, from a selection to a file or folder in its place."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from invoke_tui.client.export.makers import MAKERS, MOST_ON_SHEET, Entry, ExportForm, Wishes
from invoke_tui.client.export.names import Names
from invoke_tui.client.export.strip import stripped
from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError, UnreachableError

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.images import Listing, Selection

Told = Callable[[int, int], None]
"""Hears how many pictures are done, and of how many."""
T = TypeVar("T")
_PAGE: Final = 1_000
_TRIES: Final = 3


@dataclass
class Exported:
    """What came of it."""

    path: Path
    names: list[str] = field(default_factory=list)
    """Of the pictures that were given away."""
    skipped: dict[str, StudioError] = field(default_factory=dict)
    """Pictures whose files are gone or damaged."""
    size: int = 0
    """Bytes that were written: of the file, or of the pictures in the folder."""


async def export(
    client: StudioClient, selection: Selection, place: Path, wishes: Wishes, told: Told = lambda *_: None
) -> Exported:
    """Give pictures away. Whatever goes wrong, and when it is canceled, nothing is left of it.

    Raises ``BadInputError`` where the place is taken or cannot be, ``NotFoundError`` for no picture, ``StudioError``
    with code ``disk_full``.
    """
    wanted = await names_of(client, selection)
    if not wanted:
        raise NotFoundError("There is no picture to export.", code="nothing_fits")
    if wishes.form is ExportForm.SHEET and len(wanted) > MOST_ON_SHEET:
        raise BadInputError(
            f"{len(wanted):,} pictures are too many for one sheet; {MOST_ON_SHEET:,} are the most.",
            hint="Choose fewer, or a page (HTML), which has room for any number.",
            code="too_many",
        )
    names = Names(wishes.names, await _boards(client) if "{board" in wishes.names else {})
    done = Exported(place)
    try:
        maker = await asyncio.to_thread(MAKERS[wishes.form], place, wishes)
        try:
            for number, name in enumerate(wanted):
                told(number, len(wanted))
                try:
                    record = await client.image(name)
                    whole = None if maker.small else await file_of(client, name, strip=wishes.strip)
                    data = await client.thumbnail(name) if whole is None else whole
                except UnreachableError:
                    raise
                except StudioError as error:
                    done.skipped[name] = error
                    continue
                entry = Entry(record, names.name(record, number + 1), data)
                await _whole(lambda entry=entry: maker.add(entry))  # type: ignore[misc]
                done.size += len(data)
                done.names.append(name)
            if not done.names:
                raise next(iter(done.skipped.values()))
            done.path = await _whole(maker.finish)
            if wishes.form is not ExportForm.FOLDER:
                done.size = (await asyncio.to_thread(done.path.stat)).st_size
        except BaseException:
            maker.abandon()
            raise
    except OSError as error:
        raise _disk(error, place) from error
    told(len(wanted), len(wanted))
    return done


async def names_of(client: StudioClient, selection: Selection) -> list[str]:
    """The pictures that are meant, each once, in their order."""
    found = list(selection.names)
    if selection.listing is not None:
        found += await _listed(client, selection.listing)
    left_out = set(selection.left_out)
    return [name for name in dict.fromkeys(found) if name not in left_out]


async def _listed(client: StudioClient, listing: Listing) -> list[str]:
    """Every name of a list. One that changes while it is read is read again; at last it is taken as it came."""
    names: list[str] = []
    for _ in range(_TRIES):
        names.clear()
        revisions: set[int] = set()
        at: int | None = 0
        while at is not None:
            page = await client.images(listing, at=at, limit=_PAGE, metadata=False)
            names += [image.image_name for image in page.images]
            revisions.add(page.revision)
            at = page.next if page.images else None
        if len(revisions) == 1:
            break
    return names


async def _boards(client: StudioClient) -> dict[str, str]:
    """The names of boards by their ids."""
    return {board.board_id: board.board_name for board in (await client.boards()).boards}


async def file_of(client: StudioClient, name: str, *, strip: bool) -> bytes:
    """A picture's file, as it is or without metadata."""
    data = await client.image_file(name)
    return await asyncio.to_thread(stripped, data) if strip else data


async def _whole(work: Callable[[], T]) -> T:
    """Do something in a thread and to its end, even when canceled meanwhile: nobody tidies up under its feet."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _disk(error: OSError, place: Path) -> StudioError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StudioError(
            f"The disk is full; nothing of {place} was left.",
            hint="Free some space, or choose a place on another disk.",
            code="disk_full",
        )
    return StudioError(f"{place} cannot be written: {error.strerror or error}.", code="cannot_write")
