"""How long a durable claim and finish of one item takes, against two bare transactions in SQLite.

    python -m benchmarks.queue_throughput [--runs 7] [--items 200] [--json]

Ours: the queue's own claim and finish in the daemon's database, through its writer, each a transaction that is on disk
when it returns, with 10,000 other items in it. Bare: ``sqlite3``, the same journal and ``synchronous``, the
same row contents, a SELECT and two UPDATEs, with as many finished rows. Blocks of both take turns.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.figures import median, parser, report, rounded
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.domain.running.queue import ItemStatus
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.queue import edits, leases
from invoke_tui.studio.queue.leases import Outcome
from invoke_tui.studio.queue.rows import NewItem

TARGET = 1 / 0.9
HISTORY = 10_000
REQUEST = ResolvedRequest(
    positive_prompt="a red circle on a blue background",
    negative_prompt="",
    model="m",
    width=512,
    height=512,
    steps=30,
    cfg_scale=7.5,
    cfg_rescale_multiplier=0,
    scheduler="euler",
    seed=1,
    clip_skip=0,
)


class Ours:
    """The queue's transactions in a database of their own."""

    def __init__(self, folder: Path) -> None:
        path = folder / "ours.db"
        prepare(path)
        self._database = Database(path)

    async def fill(self, count: int) -> None:
        items = [NewItem(request=REQUEST)] * count
        await self._database.write(
            lambda c: edits.add(c, items, batch_id="b", front=False, limit=10 * HISTORY)
        )

    async def run(self, count: int) -> float:
        """Seconds to claim and finish ``count`` items."""
        start = time.perf_counter()
        for _ in range(count):
            claimed = await self._database.write(
                lambda c: leases.claim(c, device="cpu", worker="w", seconds=60)
            )
            assert claimed is not None
            finish = partial(leases.finish, lease=claimed.lease, outcome=Outcome(ItemStatus.COMPLETED))
            await self._database.write(finish)
        return time.perf_counter() - start

    def journal(self) -> tuple[str, int]:
        """How durable it is: journal mode and ``synchronous``."""

        async def ask() -> tuple[str, int]:
            return await self._database.write(
                lambda c: (
                    str(c.exec_driver_sql("PRAGMA journal_mode").scalar()),
                    int(c.exec_driver_sql("PRAGMA synchronous").scalar() or 0),
                )
            )

        return asyncio.run(ask())

    def close(self) -> None:
        self._database.close()


class Bare:
    """One table, two UPDATEs."""

    def __init__(self, folder: Path, journal: str, synchronous: int) -> None:
        self._connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
        self._connection.execute(f"PRAGMA journal_mode={journal}")
        self._connection.execute(f"PRAGMA synchronous={synchronous}")
        self._connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, status TEXT, request TEXT)")
        self._connection.execute("CREATE INDEX by_status ON items (status, id)")

    def fill(self, count: int, status: str = "pending") -> None:
        row = (status, REQUEST.model_dump_json())
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO items (status, request) VALUES (?, ?)", [row] * count)
        self._connection.execute("COMMIT")

    def run(self, count: int) -> float:
        """Seconds for ``count`` times the two transactions."""
        execute = self._connection.execute
        start = time.perf_counter()
        for _ in range(count):
            execute("BEGIN IMMEDIATE")
            row = execute(
                "SELECT id, request FROM items WHERE status = 'pending' ORDER BY id LIMIT 1"
            ).fetchone()
            execute("UPDATE items SET status = 'in_progress' WHERE id = ?", row[:1])
            execute("COMMIT")
            execute("BEGIN IMMEDIATE")
            execute("UPDATE items SET status = 'completed' WHERE id = ?", row[:1])
            execute("COMMIT")
        return time.perf_counter() - start


async def measure(ours: Ours, bare: Bare, runs: int, items: int) -> tuple[list[float], list[float]]:
    await ours.fill(HISTORY + items)
    bare.fill(HISTORY, "completed")
    bare.fill(items)
    await ours.run(items)
    bare.run(items)
    our_times: list[float] = []
    bare_times: list[float] = []
    for _ in range(runs):
        our_times.append(await ours.run(items))
        bare.fill(items)
        bare_times.append(bare.run(items))
    return our_times, bare_times


def main() -> int:
    flags = parser(__doc__)
    flags.add_argument("--items", type=int, default=200)
    arguments = flags.parse_args()
    with tempfile.TemporaryDirectory(prefix="invoke-tui-", dir=".") as folder:
        ours = Ours(Path(folder))
        journal, synchronous = ours.journal()
        bare = Bare(Path(folder), journal, synchronous)
        our_times, bare_times = asyncio.run(measure(ours, bare, arguments.runs, arguments.items))
        ours.close()
    details = {
        "ours_per_s": round(arguments.items / median(our_times), 1),
        "bare_per_s": round(arguments.items / median(bare_times), 1),
        "journal_mode": journal,
        "synchronous": synchronous,
        "samples": {"ours": rounded(our_times), "bare": rounded(bare_times)},
    }
    ratio = median(our_times) / median(bare_times)
    return report("queue_throughput", ratio, TARGET, details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
