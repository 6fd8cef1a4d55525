"""How long from a key to the thumbnails on the terminal, in a gallery of 100,000 pictures with 2,000 files behind them.

    python -m benchmarks.gallery [--runs 7] [--columns 120] [--rows 40] [--pictures 100000] [--files 2000]
                                 [--folder DIR] [--json]

Keys go to the real application and its daemon in a pseudo-terminal, in turns with a bare Textual application that
paints ready thumbnails of the same cells, and with the plain SQLite query of the same list. What the terminal got is
replayed afterwards: a row of thumbnails counts as painted when it has become what it stays. ``page`` goes down and
``back`` up, half a second after one another; ``end`` goes to the last picture from nine pages away; ``search`` types
queries letter by letter and counts the letters that change what is seen. ``open`` is the first time in a session, some
seconds after its start; ``again`` comes back to the gallery from another screen.

The ratio is the worst of the medians to their targets (open 150, page, back and end 50, search 100 ms to the first row;
memory 160 MB after 1,000 thumbnails, 1 MB per 1,000 after these; no query plan without an index). ``cpu_ms`` is the
processor time of the application alone, painting and fetching ahead included. ``--folder`` keeps the gallery for the
next time: making it takes about two minutes.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from sqlalchemy import Connection

from benchmarks.canvas import Canvas, Cell
from benchmarks.figures import median, parser, percentile, report, rounded
from benchmarks.many_pictures import fill
from benchmarks.studio import TemporaryStudio, program
from benchmarks.terminal import Terminal, cpu_seconds
from invoke_tui.config.paths import locate
from invoke_tui.config.settings import load
from invoke_tui.domain.gallery.images import ImageOrder, Listing
from invoke_tui.studio.database.database import open_engine
from invoke_tui.studio.database.tables import images
from invoke_tui.studio.gallery import listing as listings

TARGETS = {"open": 0.150, "page": 0.050, "back": 0.050, "end": 0.050, "search": 0.100}
MOST_MEGABYTES = 160
MOST_GROWTH = 1.0
MEMORY_AFTER = (1_000, 3_000, 5_000)
"""Thumbnails; what is kept of those that are gone shows over thousands."""
QUIET = 0.4
"""Seconds without output after which all is painted."""
DOWN, UP, END, HOME, OPEN, AWAY = "\x1b[6~", "\x1b[5~", "G", "g", "\x1b2", "\x1b6"
QUERIES = ("foxlike", "seed:77", "castlelet lampish", "on:2025-03")
PAGES = 9
"""From one end, before going to the other."""
PLACE = re.compile(r"[\d,]+ of [\d,]+")
DATE = re.compile(r"20\d\d-\d\d-\d\d")
LOOKED_THROUGH = ("SCAN images", "SCAN image_texts", "SCAN boards")
BARE = [sys.executable, str(Path(__file__).with_name("bare_grid.py"))]


@dataclass
class Samples:
    """Seconds from key to paint, and of processor time."""

    row: list[float] = field(default_factory=list)
    """Until a first whole row of thumbnails stood."""
    screen: list[float] = field(default_factory=list)
    """Until all rows did."""
    cpu: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """In milliseconds."""
        if not self.row:
            return {}
        return {
            "row_ms": round(median(self.row) * 1000, 1),
            "row_least_ms": round(min(self.row) * 1000, 1),
            "row_p95_ms": round(percentile(self.row, 0.95) * 1000, 1),
            "screen_ms": round(median(self.screen) * 1000, 1),
            "cpu_ms": round(median(self.cpu) * 1000, 1),
            "samples": rounded(self.row),
        }


class Watched:
    """An application in a terminal, and what stands on its screen."""

    def __init__(self, terminal: Terminal, columns: int, rows: int) -> None:
        self.terminal, self.canvas = terminal, Canvas(columns, rows)
        terminal.recording = True

    def settle(self, quiet: float = QUIET, timeout: float = 20.0) -> None:
        """Wait until nothing is painted any more."""
        self.terminal.settle(quiet, timeout)
        self.replay()

    def replay(self) -> None:
        """Bring the canvas up to date."""
        for _, data in self.terminal.arrivals:
            self.canvas.write(data)
        self.terminal.arrivals.clear()

    def press(self, key: str, quiet: float = QUIET) -> tuple[list[tuple[float, list[list[Cell]]]], float]:
        """The screens that followed a key, each with its seconds since, and the processor time of all."""
        self.replay()
        cpu, start = cpu_seconds(self.terminal.pid), time.monotonic()
        self.terminal.send(key)
        self.terminal.settle(quiet, 20)
        cpu = cpu_seconds(self.terminal.pid) - cpu
        screens = []
        for at, data in self.terminal.arrivals:
            self.canvas.write(data)
            screens.append((at - start, [list(row) for row in self.canvas.cells]))
        self.terminal.arrivals.clear()
        return screens, cpu

    def measure_whole(self, key: str, samples: Samples, *, quiet: float = QUIET) -> None:
        """Add how long a key took until nothing was painted any more."""
        screens, cpu = self.press(key, quiet)
        samples.row.append(screens[-1][0])
        samples.screen.append(screens[-1][0])
        samples.cpu.append(cpu)

    def measure(self, key: str, samples: Samples, *, quiet: float = QUIET, top: int = 0) -> bool:
        """Add what a key took to ``samples``; False where it changed no thumbnail. ``top``: a line that counts, too."""
        before = [list(row) for row in self.canvas.cells]
        screens, cpu = self.press(key, quiet)
        places = list(self.places())
        if top:
            places = [(range(top, place.stop), columns) for place, columns in places[:1]]
        times = [at for place in places if (at := _painted(before, screens, *place)) is not None]
        if not times:
            return False
        samples.row.append(min(times))
        samples.screen.append(max(times))
        samples.cpu.append(cpu)
        return True

    def places(self) -> Iterator[tuple[range, range]]:
        """Lines and columns of each whole row of thumbnails: above the line with their dates."""
        dated = [
            (row, [m.span() for m in DATE.finditer(self.canvas.text(row))]) for row in range(self.canvas.rows)
        ]
        captions = [(row, spans) for row, spans in dated if len(spans) > 1]
        if not captions:
            return
        left = min(spans[0][0] for _, spans in captions)
        right = max(spans[-1][1] for _, spans in captions)
        height = captions[1][0] - captions[0][0] if len(captions) > 1 else captions[0][0] - 4
        for row, _ in captions:
            lines = range(row - height + 1, row)
            if all(self._pictured(line, left) for line in lines):
                yield lines, range(left, right)

    @property
    def tiles(self) -> int:
        """Thumbnails in whole rows."""
        return sum(len(DATE.findall(self.canvas.text(lines.stop))) for lines, _ in self.places())

    def _pictured(self, line: int, left: int) -> bool:
        return line > 0 and ("8;2;" in self.canvas.cells[line][left + 1][1])


def _painted(
    before: list[list[Cell]], screens: list[tuple[float, list[list[Cell]]]], lines: range, columns: range
) -> float | None:
    """When a part of the screen had become what it stayed; None where nothing changed."""

    def part(cells: list[list[Cell]]) -> list[list[Cell]]:
        return [cells[line][columns.start : columns.stop] for line in lines]

    if not screens or part(before) == (final := part(screens[-1][1])):
        return None
    at = screens[-1][0]
    for seconds, cells in reversed(screens):
        if part(cells) != final:
            break
        at = seconds
    return at


class Plain:
    """The plain SQLite query of a list: its ids in order, and nothing else."""

    def __init__(self, root: Path) -> None:
        self._engine = open_engine(load(root).paths.database, writer=False)
        self.connection: Connection = self._engine.connect()

    def seconds(self, listing: Listing, runs: int) -> float:
        """The median of ``runs``."""
        taken = []
        for _ in range(runs):
            start = time.perf_counter()
            list(listings._in_turn(self.connection, _statement(listing)))
            taken.append(time.perf_counter() - start)
        return median(taken)

    def unindexed(self) -> list[str]:
        """Queries that look through a whole table without an index, of every order, view and key."""
        asked = [Listing(order=order) for order in get_args(ImageOrder)]
        asked += [Listing(view="assets"), Listing(view="all"), Listing(trash=True), Listing(board_id="none")]
        asked += [
            Listing(query=query)
            for query in (*QUERIES, "-fox", "starred:yes", "model:3", "has:lora", "steps:>9")
        ]
        return [
            f"{listing.order} {listing.query}: {plan}"
            for listing in asked
            for plan in self._unindexed(listing)
        ]

    def _unindexed(self, listing: Listing) -> Iterator[list[str]]:
        """The plans of what the daemon asks for a page, as it asks it."""
        asked: list[str] = []
        sqlite: Any = self.connection.connection.driver_connection
        sqlite.set_trace_callback(asked.append)
        listings.Listings(Path()).page(self.connection, listing, 1, at=0, limit=100, metadata=False)
        sqlite.set_trace_callback(None)
        for statement in asked:
            if statement.startswith("--"):  # FTS5's own, not whole
                continue
            plan = [step[3] for step in sqlite.execute(f"EXPLAIN QUERY PLAN {statement}")]
            if any(step.startswith(LOOKED_THROUGH) and "INDEX" not in step for step in plan):
                yield plan


def _statement(listing: Listing) -> Any:
    chosen = listings._chosen(listing, listings._read(listing).asked, images.c.id)
    return chosen.order_by(*listings._ordered(listing.order))


def megabytes(pid: int) -> float:
    """Resident memory."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


@contextmanager
def gallery(arguments: Any) -> Iterator[TemporaryStudio]:
    """The studio with its pictures, made if they are not there."""
    kept = Path(arguments.folder) if arguments.folder else None
    with tempfile.TemporaryDirectory(prefix="invoke-tui-") as made:
        root = kept or Path(made)
        if not load(root).paths.database.exists():
            fill(root, pictures=arguments.pictures, files=arguments.files)
        with TemporaryStudio(root) as studio:
            studio.call("studio", "start")
            yield studio


@contextmanager
def begun(studio: TemporaryStudio, command: list[str], arguments: Any) -> Iterator[Watched]:
    """An application on its first screen, with nothing left to do."""
    locate(studio.root).session_file.unlink(missing_ok=True)
    size = arguments.columns, arguments.rows
    with Terminal(command, studio.environment, columns=size[0], rows=size[1], screen=False) as terminal:
        watched = Watched(terminal, *size)
        terminal.wait_until(lambda: len(terminal.output) > 1_000, 60)
        watched.settle(3.5, 15)  # what is done ahead is done
        yield watched


def main() -> int:
    flags = parser(__doc__)
    flags.add_argument("--columns", type=int, default=120)
    flags.add_argument("--rows", type=int, default=40)
    flags.add_argument("--pictures", type=int, default=100_000)
    flags.add_argument("--files", type=int, default=2_000)
    flags.add_argument("--folder", help="a root that is made there, or was")
    arguments = flags.parse_args()
    ours = {name: Samples() for name in (*TARGETS, "again")}
    bare = {name: Samples() for name in ("open", "page")}
    idle: list[float] = []
    memory: dict[int, float] = {}
    with gallery(arguments) as studio:
        folder = load(studio.root).paths.thumbnails_dir
        grid = [*BARE, str(folder), "16" if arguments.columns < 150 else "20", "8"]
        for _ in range(max(3, arguments.runs // 2)):
            with begun(studio, program(), arguments) as app:
                idle.append(megabytes(app.terminal.pid))
                app.measure(OPEN, ours["open"], quiet=1.5)
            with begun(studio, grid, arguments) as other:
                other.measure_whole("2", bare["open"], quiet=1.0)
        with begun(studio, program(), arguments) as app, begun(studio, grid, arguments) as other:
            other.press("2", 1.0)
            app.press(OPEN, 1.5)
            tiles = app.tiles
            looked_at = tiles
            for _ in range(arguments.runs):
                looked_at += _round(app, other, ours, bare) * tiles
            for most in MEMORY_AFTER:
                while looked_at < most:
                    app.press(DOWN, 0.15)
                    looked_at += tiles
                app.settle(2.0)
                memory[looked_at] = megabytes(app.terminal.pid)
            for query in QUERIES:
                _search(app, query, ours["search"])
        plain = Plain(studio.root)
        queries = {"all": Listing(), **{query: Listing(query=query) for query in QUERIES}}
        sqlite = {name: round(plain.seconds(asked, 5) * 1000, 2) for name, asked in queries.items()}
        unindexed = plain.unindexed()
    (first, after), *_, (end, last) = memory.items()
    growth = (last - after) / (end - first) * 1_000
    ratios = {name: median(ours[name].row) / target for name, target in TARGETS.items() if ours[name].row}
    ratios |= {
        "memory": after / MOST_MEGABYTES,
        "growth": growth / MOST_GROWTH,
        "plans": 2.0 * bool(unindexed),
    }
    details = {
        "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()},
        "ours": {name: samples.told() for name, samples in ours.items()},
        "bare_textual": {name: samples.told() for name, samples in bare.items()},
        "plain_sqlite_ms": sqlite,
        "unindexed": unindexed,
        "idle_mb": round(median(idle), 1),
        "mb_after_thumbnails": {count: round(size, 1) for count, size in memory.items()},
        "mb_per_1000": round(growth, 2),
        "size": f"{arguments.columns}x{arguments.rows}",
    }
    return report("gallery", max(ratios.values()), 1.0, details, as_json=arguments.json)


def _round(app: Watched, plain: Watched, ours: dict[str, Samples], bare: dict[str, Samples]) -> int:
    """Down from the beginning, to the end, up from there, and back to the beginning; pages that were looked at."""
    for _ in range(PAGES):
        app.measure(DOWN, ours["page"])
        plain.measure_whole(DOWN, bare["page"])
    app.measure(END, ours["end"])
    for _ in range(PAGES):
        app.measure(UP, ours["back"])
    app.press(HOME)
    app.press(AWAY, 0.8)
    app.measure(OPEN, ours["again"], quiet=0.8)
    return 2 * PAGES + 2


def _search(app: Watched, query: str, samples: Samples) -> None:
    """Type a query letter by letter, and take it back."""
    app.press("/")
    # the line that tells of the list, below that with the blinking cursor
    top = next(row for row in range(app.canvas.rows) if PLACE.search(app.canvas.text(row)))
    for letter in query:
        app.measure(letter, samples, top=top)
    app.press("\x1b", 0.8)
    app.press("\x1b", 0.8)


if __name__ == "__main__":
    sys.exit(main())
