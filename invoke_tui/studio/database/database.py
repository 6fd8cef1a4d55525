"""The one writer, the readers beside it, and how the event loop waits for neither.

WAL lets readers go on while the writer writes. ``synchronous=FULL`` although WAL with NORMAL would keep the file
whole: NORMAL may lose the last commits in a power cut, and "it is in the queue" is a promise. The price is one fsync
per transaction, and an item needs three.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from invoke_tui.domain.errors import StudioError

T = TypeVar("T")
BUSY_TIMEOUT: Final = 5.0
_LOCKED_RETRIES: Final = 6


class DatabaseError(StudioError):
    """The database cannot be used; the message names the file and the way out."""

    default_code = "database"


def open_engine(path: Path, *, writer: bool) -> Engine:
    """An engine with a single connection. A writer's transactions take the write lock when they begin."""
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT * 1000)}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine


class Database:
    """Runs functions of a connection in two threads, one for writing and one for reading.

    A function runs in one transaction; it is committed when the function returns and rolled back when it raises.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = open_engine(path, writer=True)
        self._reader = open_engine(path, writer=False)
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="database-write")
        self._read_thread = ThreadPoolExecutor(1, thread_name_prefix="database-read")

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction that holds the write lock; waits out other processes' locks."""
        loop = asyncio.get_running_loop()
        for attempt in range(_LOCKED_RETRIES):
            try:
                return await loop.run_in_executor(self._write_thread, _in_transaction, self._writer, work)
            except OperationalError as error:
                if "locked" not in str(error) or attempt == _LOCKED_RETRIES - 1:
                    raise explained(error, self.path) from error
                await asyncio.sleep(0.1 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a consistent view of what is committed."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._read_thread, _in_transaction, self._reader, work)
        except OperationalError as error:
            raise explained(error, self.path) from error

    def close(self) -> None:
        """Finish what is under way, fold the WAL back and close."""
        self._write_thread.shutdown()
        self._read_thread.shutdown()
        self._reader.dispose()
        self._writer.dispose()


def explained(error: OperationalError, path: Path) -> StudioError:
    """SQLite's failure in words that say what to do."""
    text = str(error.orig)
    if "full" in text:
        return DatabaseError(
            f"The disk is full: {path} could not be written.", hint="Free some space.", code="disk_full"
        )
    if "locked" in text:
        return DatabaseError(
            f"Another program holds a lock on {path}.", hint="Close it and try again.", code="database_locked"
        )
    if "readonly" in text:
        return DatabaseError(f"{path} is read-only.", hint="Check its permissions and the file system's.")
    return DatabaseError(f"The database {path} failed: {text}.", hint="See the studio's log.")


def _in_transaction(engine: Engine, work: Callable[[Connection], Any]) -> Any:
    with engine.begin() as connection:
        return work(connection)
