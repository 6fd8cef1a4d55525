"""Named JSON documents of one kind in the database."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.request.templates import ImportOutcome
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import library, now

MOST: Final = 20_000


@dataclass(frozen=True)
class Entry:
    """One document."""

    id: str
    name: str
    body: str


class Shelf:
    """The documents of one kind, ``templates`` or ``presets``. A name stands once."""

    def __init__(self, database: Database, kind: str) -> None:
        self._database, self.kind = database, kind

    async def all(self) -> list[Entry]:
        """Every document, by name."""
        return await self._database.read(self._all)

    async def put(self, name: str, body: str, *, replace: bool = False) -> Entry:
        """Add a document; one of the same name is an error unless it is to be replaced."""

        def work(connection: Connection) -> Entry:
            known = self._named(connection, name)
            if known and not replace:
                raise self._taken(name)
            if known:
                return self._change(connection, known, name, body)
            return self._add(connection, name, body)

        return await self._database.write(work)

    async def change(self, entry_id: str, name: str, body: str) -> Entry:
        """Give a document another name and content."""

        def work(connection: Connection) -> Entry:
            entry = self._with_id(connection, entry_id)
            other = self._named(connection, name)
            if other and other.id != entry_id:
                raise self._taken(name)
            return self._change(connection, entry, name, body)

        return await self._database.write(work)

    async def remove(self, entry_id: str) -> None:
        """Delete a document."""

        def work(connection: Connection) -> None:
            self._with_id(connection, entry_id)
            connection.execute(delete(library).where(library.c.id == entry_id))

        await self._database.write(work)

    async def take_in(
        self, given: list[tuple[str, str]], *, replace: bool, as_now: Callable[[Entry], str]
    ) -> ImportOutcome:
        """Add many, all or none. A name that is taken by something else gets a number, or is replaced.

        ``as_now`` writes a known document as it would be written today, so that one of an older version is known, too.
        """

        def work(connection: Connection) -> ImportOutcome:
            known = {entry.name: entry for entry in self._all(connection)}
            bodies = {as_now(entry) for entry in known.values()}
            outcome = ImportOutcome()
            for name, body in given:
                other = known.get(name)
                if body in bodies:
                    outcome.unchanged.append(name)
                elif other and replace:
                    known[name] = self._change(connection, other, name, body)
                    outcome.replaced.append(name)
                else:
                    free = _free(name, known)
                    known[free] = self._add(connection, free, body)
                    outcome.added.append(free)
            return outcome

        return await self._database.write(work)

    def _all(self, connection: Connection) -> list[Entry]:
        rows = connection.execute(
            select(library.c.id, library.c.name, library.c.body)
            .where(library.c.kind == self.kind)
            .order_by(func.lower(library.c.name), library.c.name)
        )
        return [Entry(row.id, row.name, row.body) for row in rows]

    def _add(self, connection: Connection, name: str, body: str) -> Entry:
        count = connection.scalar(
            select(func.count()).select_from(library).where(library.c.kind == self.kind)
        )
        if (count or 0) >= MOST:
            raise BadInputError(
                f"There are {count} {self.kind} already.", hint="Delete some.", code="library_full"
            )
        entry, at = Entry(str(uuid.uuid4()), name, body), now()
        connection.execute(
            insert(library).values(
                id=entry.id, kind=self.kind, name=name, body=body, created_at=at, updated_at=at
            )
        )
        return entry

    def _change(self, connection: Connection, entry: Entry, name: str, body: str) -> Entry:
        connection.execute(
            update(library).where(library.c.id == entry.id).values(name=name, body=body, updated_at=now())
        )
        return Entry(entry.id, name, body)

    def _named(self, connection: Connection, name: str) -> Entry | None:
        return self._one(connection, library.c.name == name)

    def _with_id(self, connection: Connection, entry_id: str) -> Entry:
        entry = self._one(connection, library.c.id == entry_id)
        if entry is None:
            raise NotFoundError(
                f"There is none of the {self.kind} with the id {entry_id!r}.", code=f"no_{self.kind[:-1]}"
            )
        return entry

    def _one(self, connection: Connection, condition: object) -> Entry | None:
        row = connection.execute(
            select(library.c.id, library.c.name, library.c.body).where(
                library.c.kind == self.kind,
                condition,  # type: ignore[arg-type]
            )
        ).first()
        return Entry(row.id, row.name, row.body) if row else None

    def _taken(self, name: str) -> BadInputError:
        return BadInputError(
            f"There is one of the {self.kind} named {name!r} already.",
            hint="Choose another name, or replace it.",
            code="name_taken",
        )


def _free(name: str, known: dict[str, Entry]) -> str:
    if name not in known:
        return name
    number = 2
    while (other := f"{name[:190]} ({number})") in known:
        number += 1
    return other
