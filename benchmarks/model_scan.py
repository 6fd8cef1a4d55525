"""How long the studio takes to say what 10,000 model files are, against listing them and reading their headers.

    python -m benchmarks.model_scan [--files 10000] [--runs 3] [--json]

The files have the names and shapes of real models (SD1, SDXL and FLUX checkpoints, LoRAs, VAEs) and bodies of holes;
every twentieth is damaged or hostile. The scan goes through a real daemon, each run through one of its own: read for
the first time, and again unchanged. Bare: ``scandir``, ``stat`` and the header as ``json`` reads it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import struct
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.figures import median, parser, report, rounded
from benchmarks.studio import TemporaryStudio
from invoke_tui.client import StudioClient
from invoke_tui.config.settings import load
from tests.support.model_tree import Right, plant

FIRST, COMPLETE, AGAIN, GROWTH = 1.0, 25.0, 0.5, 50.0
"""Seconds to the first entries, to the end, and for an unchanged tree; megabytes the daemon may grow by."""


@dataclass(frozen=True)
class Run:
    first: float
    complete: float
    again: float
    growth: float
    wrong: int


def bare(root: Path) -> float:
    """Seconds to list, stat and read what headers there are."""
    start = time.perf_counter()
    for folder in os.scandir(root):
        for entry in os.scandir(folder):
            entry.stat()
            with open(entry.path, "rb") as file:
                start_bytes = file.read(8)
                length = struct.unpack("<Q", start_bytes)[0] if len(start_bytes) == 8 else 0
                if length < 2**22:
                    try:
                        json.loads(file.read(length))
                    except ValueError:
                        continue
    return time.perf_counter() - start


async def scan(client: StudioClient, tree: Path) -> tuple[float, float, list[str]]:
    """Seconds to the first entries and to the end, and the lines."""
    start = time.perf_counter()
    first = 0.0
    lines = []
    async for line in client.scan_lines([str(tree)]):
        lines.append(line)
        first = first or (time.perf_counter() - start if len(lines) > 1 else 0.0)
    return first, time.perf_counter() - start, lines[1:-1]


def wrong(lines: list[str], expected: dict[str, Right]) -> int:
    """How many verdicts are not the right ones, or are missing."""
    told = {}
    for line in lines:
        entry = json.loads(line)
        kind = (entry["type"], entry["base"]) if entry["status"] == "new" else ()
        told[entry["path"]] = Right(entry["status"], *kind)
    return sum(told.get(path) != right for path, right in expected.items()) + len(
        told.keys() - expected.keys()
    )


async def measure(tree: Path, expected: dict[str, Right]) -> Run:
    """One daemon's first and second look."""
    with TemporaryStudio() as studio:
        os.environ.update(studio.environment)
        async with await StudioClient.connect(load(studio.root).paths) as client:
            daemon = psutil.Process((await client.status()).pid)
            before = daemon.memory_info().rss
            first, complete, lines = await scan(client, tree)
            _, again, second = await scan(client, tree)
            growth = (daemon.memory_info().rss - before) / 1e6
            mistakes = wrong(lines, expected) + wrong(second, expected)
            return Run(first, complete, again, growth, mistakes)


def main() -> int:
    flags = parser(__doc__)
    flags.set_defaults(runs=3)
    flags.add_argument("--files", type=int, default=10_000)
    arguments = flags.parse_args()
    root = Path(tempfile.mkdtemp(prefix="invoke-tui-scan-"))
    try:
        expected = plant(root, arguments.files)
        plain = [bare(root) for _ in range(arguments.runs)]
        runs = [asyncio.run(measure(root, expected)) for _ in range(arguments.runs)]
    finally:
        shutil.rmtree(root)
    complete = median([run.complete for run in runs])
    details = {
        "files": arguments.files,
        "hostile": sum(right.status == "unreadable" for right in expected.values()),
        "first_entries_s": round(median([run.first for run in runs]), 3),
        "complete_s": round(complete, 2),
        "unchanged_s": round(median([run.again for run in runs]), 3),
        "growth_mb": round(max(run.growth for run in runs), 1),
        "wrong": sum(run.wrong for run in runs),
        "bare_s": round(median(plain), 2),
        "targets": {
            "first": FIRST,
            "complete": COMPLETE,
            "unchanged": AGAIN,
            "growth_mb": GROWTH,
            "wrong": 0,
        },
        "samples": {"complete": rounded([run.complete for run in runs]), "bare": rounded(plain)},
    }
    met = details["wrong"] == 0 and all(
        run.first <= FIRST and run.complete <= COMPLETE and run.again <= AGAIN and run.growth <= GROWTH
        for run in runs
    )
    ratio = complete / median(plain)
    target = COMPLETE / median(plain) if met else 0.0
    return report("model_scan", ratio, target, details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
