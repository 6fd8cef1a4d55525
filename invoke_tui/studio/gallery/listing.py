"""Lists of pictures that can be entered anywhere.

A list is the ids of its pictures in their order, eight bytes each, kept until anything in the gallery changes. That is
one pass over an index (100,000 pictures: some 20 ms), and after it any page, the end included, is a few lookups. What
words find is picked from the list without these words: the order of that is known, which spares SQLite most of a pass
for each letter that is typed.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, asc, desc, select, text

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.gallery.boards import UNCATEGORIZED
from invoke_tui.domain.gallery.images import PICTURE_NAME, DateGroup, ImageOrder, ImagePage, Listing
from invoke_tui.domain.gallery.query import Asked, GalleryQuery, Words, read_query
from invoke_tui.studio.database.tables import SHELVES, image_texts, images, moment
from invoke_tui.studio.gallery import rows
from invoke_tui.studio.gallery.conditions import indexed, match, wanted

_KEPT: Final = 8
"""Lists that are remembered."""
_MOST_SIMILAR: Final = 500
_WORDS_COMPARED: Final = 60
_ORDERS: Final[dict[ImageOrder, tuple[Any, ...]]] = {
    "newest": (),
    "oldest": (),
    "starred": (desc(images.c.starred),),
    "rating": (desc(images.c.rating),),
    "name": (asc(images.c.name.collate("NOCASE")),),
    "size": (desc(images.c.file_size),),
    "model": (asc(images.c.model_name),),
}
_RISING: Final = ("oldest", "name", "model")


class Listings:
    """The lists of one gallery. To be used in the database's reading thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lists: OrderedDict[tuple[Listing, tuple[Asked, ...]], tuple[int, array[int]]] = OrderedDict()

    def page(
        self,
        connection: Connection,
        listing: Listing,
        revision: int,
        *,
        at: int,
        limit: int,
        metadata: bool,
    ) -> ImagePage:
        """Pictures from number ``at``; a negative one counts from the end."""
        query, ids = self._list(connection, listing, revision)
        first = min(max(0, at if at >= 0 else len(ids) + at), len(ids))
        wanted_ids = ids[first : first + limit]
        return ImagePage(
            images=rows.numbered(connection, wanted_ids, self._folder, metadata=metadata),
            at=first,
            total=len(ids),
            revision=revision,
            problems=[problem.message for problem in query.problems],
        )

    def place(self, connection: Connection, listing: Listing, revision: int, name: str) -> int:
        """The number of a picture in a list. Raises ``NotFoundError`` where it is not in it."""
        _, ids = self._list(connection, listing, revision)
        number = connection.scalar(select(images.c.id).where(images.c.image_name == name))
        try:
            return ids.index(number or 0)
        except ValueError:
            raise NotFoundError(f"{name} is not in this list.", code="not_listed") from None

    def names(
        self, connection: Connection, listing: Listing, revision: int, at: int, limit: int
    ) -> list[str]:
        """The names of pictures from number ``at`` to before ``at + limit``."""
        _, ids = self._list(connection, listing, revision)
        found = {
            number: name
            for start in range(at, min(at + limit, len(ids)), 500)
            for number, name in connection.execute(
                select(images.c.id, images.c.image_name).where(images.c.id.in_(ids[start : start + 500]))
            )
        }
        return [found[one] for one in ids[at : at + limit] if one in found]

    def months(self, connection: Connection, listing: Listing, revision: int) -> list[DateGroup]:
        """Where each month of a list by age begins."""
        aged = _chosen(listing, _read(listing).asked, images.c.created_at).order_by(*_ordered("oldest"))
        made = [created for (created,) in _in_turn(connection, aged)]
        groups: list[tuple[str, int]] = []
        while made:
            first = _local(made[-1]).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            begins = bisect_left(made, first.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"))
            groups.append((f"{first:%Y-%m}", len(made) - begins))
            del made[begins:]
        if listing.order == "oldest":
            groups.reverse()
        places = accumulate((count for _, count in groups), initial=0)
        return [
            DateGroup(month=month, at=at, count=count)
            for at, (month, count) in zip(places, groups, strict=False)
        ]

    def _list(
        self, connection: Connection, listing: Listing, revision: int
    ) -> tuple[GalleryQuery, array[int]]:
        query = _read(listing)
        asked = tuple(replace(part, start=0, end=0) for part in query.asked)
        return query, self._ids(connection, listing.model_copy(update={"query": ""}), asked, revision)

    def _ids(
        self, connection: Connection, place: Listing, asked: tuple[Asked, ...], revision: int
    ) -> array[int]:
        """The pictures of a place that are asked for, kept from the last time if that still holds."""
        kept = self._lists.pop((place, asked), None)
        if kept is None or kept[0] != revision:
            words = tuple(part for part in asked if indexed(part))
            rest = tuple(part for part in asked if part not in words)
            if words:
                among = self._ids(connection, place, rest, revision)
                kept = (revision, _picked(among, _matching(connection, words)))
            else:
                kept = (revision, _found(connection, place, rest))
        self._lists[place, asked] = kept
        while len(self._lists) > _KEPT:
            self._lists.popitem(last=False)
        return kept[1]


def _read(listing: Listing) -> GalleryQuery:
    return read_query(listing.query, datetime.now().astimezone().date())


def _found(connection: Connection, place: Listing, asked: tuple[Asked, ...]) -> array[int]:
    similar = GalleryQuery(asked).similar
    if similar is None:
        statement = _chosen(place, asked, images.c.id).order_by(*_ordered(place.order))
        return array("q", (number for (number,) in _in_turn(connection, statement)))
    alike = array("q", _alike(connection, similar))
    return _picked(alike, (number for (number,) in _in_turn(connection, _chosen(place, asked, images.c.id))))


def _matching(connection: Connection, words: tuple[Asked, ...]) -> Iterable[int]:
    conditions = (one for part in words for one in part.conditions)
    expression = " AND ".join(match(one) for one in conditions if isinstance(one, Words))
    # one row of a hundred thousand numbers takes half the time of as many rows
    found = text("SELECT json_group_array(rowid) FROM image_search WHERE image_search MATCH :expression")
    numbers: list[int] = json.loads(connection.scalar(found, {"expression": expression}) or "[]")
    return numbers


def _picked(among: array[int], ids: Iterable[int]) -> array[int]:
    wanted = set(ids)
    return array("q", (one for one in among if one in wanted))


def _chosen(listing: Listing, asked: tuple[Asked, ...], *columns: Any) -> Select[Any]:
    shelf = images.c.shelf
    if listing.trash:
        chosen = [shelf == SHELVES["trash"]]
    elif listing.view == "all":
        chosen = [shelf.in_((SHELVES["images"], SHELVES["assets"]))]
    else:
        chosen = [shelf == SHELVES[listing.view]]
    if listing.board_id == UNCATEGORIZED:
        chosen.append(images.c.board_id.is_(None))
    elif listing.board_id is not None:
        chosen.append(images.c.board_id == listing.board_id)
    return select(*columns).where(and_(*chosen, *wanted(asked)))


def _ordered(order: ImageOrder) -> tuple[Any, ...]:
    """Every column in one direction, so that an index can be walked; of equal age the later comes later."""
    way = asc if order in _RISING else desc
    return (*_ORDERS[order], way(images.c.created_at), way(images.c.id))


def _in_turn(connection: Connection, statement: Select[Any]) -> Iterable[Any]:
    """Plain tuples: SQLAlchemy's rows would take three times as long."""
    compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    cursor: Any = connection.connection.cursor()
    parameters = compiled.construct_params()
    found: Iterable[Any] = cursor.execute(
        str(compiled), [parameters[name] for name in compiled.positiontup or ()]
    )
    return found


def _alike(connection: Connection, to: str) -> list[int]:
    """Ids of pictures with words of a prompt, those that share the most and rarest first."""
    own = None
    if PICTURE_NAME.fullmatch(to):
        said = (
            select(images.c.id, image_texts.c.positive_prompt)
            .join(image_texts)
            .where(images.c.image_name == to)
        )
        own, to = connection.execute(said).one_or_none() or (None, "")
    words = list(dict.fromkeys(re.findall(r"\w{2,40}", to.lower())))[:_WORDS_COMPARED]
    if not words:
        return []
    expression = "positive_prompt : (" + " OR ".join(f'"{word}"' for word in words) + ")"
    found = connection.execute(
        text("SELECT rowid FROM image_search WHERE image_search MATCH :words ORDER BY rank LIMIT :most"),
        {"words": expression, "most": _MOST_SIMILAR + 1},
    )
    return [number for (number,) in found if number != own][:_MOST_SIMILAR]


def _local(created: str) -> datetime:
    """In this machine's time."""
    at = moment(created)
    assert at is not None
    return at.astimezone()
