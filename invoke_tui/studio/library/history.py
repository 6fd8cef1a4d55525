"""The prompts that were used: each pair once, the newest kept, pins kept for ever."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.fuzzy import Fuzzy
from invoke_tui.domain.request.history import RememberedPrompt
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import moment, now, prompt_history

MOST: Final = 10_000
"""Prompts without a pin; with one more the oldest goes."""
LONGEST: Final = 20_000
"""Characters; what is longer was made by a program and is not remembered."""
_table = prompt_history


class PromptHistory:
    """What a person typed, newest first."""

    def __init__(self, database: Database, *, on: bool = True) -> None:
        self._database = database
        self._on = on
        self._known: list[RememberedPrompt] | None = None
        """All of it as it is on disk: a search per key must not read ten thousand rows."""
        self._revision = 0

    async def note(self, requests: Iterable[GenerationRequest]) -> None:
        """Remember the prompts of requests, unless ``prompt_history`` is off."""
        pairs = [(one.positive_prompt, one.negative_prompt) for one in requests] if self._on else []
        pairs = [pair for pair in pairs if pair[0].strip() and max(map(len, pair)) <= LONGEST]
        if pairs:
            await self._write(lambda connection: _note(connection, pairs[-MOST:]))

    async def find(self, query: str = "", limit: int = 200) -> list[RememberedPrompt]:
        """The best matches of every word of ``query``, the newest of equal ones first; without one, pins come first."""
        known, revision = self._known, self._revision
        if known is None:
            known = await self._database.read(_all)
            if revision == self._revision:
                self._known = known
        wanted = Fuzzy(query)
        if not wanted:
            return sorted(known, key=lambda one: not one.pinned)[:limit]
        return await asyncio.to_thread(_best, known, wanted, limit)

    async def pin(self, prompt_id: int, *, pinned: bool) -> None:
        """Keep a prompt for ever, or as long as the others."""
        change = update(_table).where(_table.c.id == prompt_id).values(pinned=pinned)
        await self._write(lambda connection: _one(connection.execute(change).rowcount, prompt_id))

    async def forget(self, prompt_id: int) -> None:
        """Remove one, pinned or not."""
        removal = delete(_table).where(_table.c.id == prompt_id)
        await self._write(lambda connection: _one(connection.execute(removal).rowcount, prompt_id))

    async def clear(self) -> int:
        """Remove all that are not pinned; how many."""
        removal = delete(_table).where(~_table.c.pinned)
        return int(await self._write(lambda connection: connection.execute(removal).rowcount))

    async def _write(self, work: Any) -> Any:
        try:
            return await self._database.write(work)
        finally:
            self._known = None
            self._revision += 1


def _note(connection: Connection, pairs: list[tuple[str, str]]) -> None:
    """The last of many prompts of one call is the newest."""
    at = moment(now())
    assert at is not None
    for number, (positive, negative) in enumerate(dict.fromkeys(pairs)):
        used_at = (at + timedelta(microseconds=number)).strftime("%Y-%m-%d %H:%M:%S.%f")
        row = insert(_table).values(
            digest=_digest(positive, negative),
            positive_prompt=positive,
            negative_prompt=negative,
            used_at=used_at,
            uses=1,
        )
        again = {"used_at": used_at, "uses": _table.c.uses + 1}
        connection.execute(row.on_conflict_do_update(index_elements=["digest"], set_=again))
    many = connection.scalar(select(func.count()).select_from(_table).where(~_table.c.pinned)) or 0
    if many > MOST:
        oldest = select(_table.c.id).where(~_table.c.pinned).order_by(_table.c.used_at).limit(many - MOST)
        connection.execute(delete(_table).where(_table.c.id.in_(oldest)))


def _all(connection: Connection) -> list[RememberedPrompt]:
    rows = connection.execute(select(_table).order_by(_table.c.used_at.desc()))
    return [
        RememberedPrompt.model_construct(
            id=row.id,
            positive_prompt=row.positive_prompt,
            negative_prompt=row.negative_prompt,
            used_at=moment(row.used_at),
            uses=row.uses,
            pinned=row.pinned,
        )
        for row in rows
    ]


def _best(known: list[RememberedPrompt], wanted: Fuzzy, limit: int) -> list[RememberedPrompt]:
    scored = [
        (match.score, one)
        for one in known
        if (match := wanted.match(f"{one.positive_prompt}\n{one.negative_prompt}")) is not None
    ]
    scored.sort(key=lambda pair: -pair[0])  # stable: the newest of equal ones stays first
    return [one for _, one in scored[:limit]]


def _digest(positive: str, negative: str) -> str:
    """What makes a pair one; an index over texts of pages would be as large as the table."""
    return hashlib.blake2b(f"{positive}\0{negative}".encode(), digest_size=16).hexdigest()


def _one(count: int, prompt_id: int) -> None:
    if not count:
        raise NotFoundError(
            f"There is no prompt {prompt_id} in the history.",
            hint="'invoke-tui prompt history' lists them with their ids.",
            code="no_prompt",
        )
