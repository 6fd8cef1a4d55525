"""How long from a key to its glyph on the terminal: while a picture is being made, against an idle studio.

    python -m benchmarks.key_to_paint [--runs 120] [--json]

The keys are letters that occur nowhere else on the screen, each used once, typed into the prompt editor at uneven
distances; the time runs until the letter appears in the terminal's output. The picture is made by the real worker,
previews are painted meanwhile. Idle and busy take turns in blocks.
"""

from __future__ import annotations

import random
import sys
import time

from benchmarks.figures import parser, percentile, report, rounded
from benchmarks.studio import TemporaryStudio, program
from benchmarks.terminal import Terminal

TARGET = 2.0
BLOCKS = 3
WARM_UP = 12
LETTERS = [chr(code) for code in range(0x100, 0x24F) if chr(code).isalpha()]
STEPS = 60


def press(terminal: Terminal, letters: list[str], pause: random.Random) -> list[float]:
    """Seconds from key to glyph of each letter."""
    taken = []
    for letter in letters:
        end = time.monotonic() + pause.uniform(0.05, 0.15)
        while (left := end - time.monotonic()) > 0:
            terminal.read(left)
        start = time.monotonic()
        terminal.send(letter)
        taken.append(terminal.wait_for_output(letter.encode()) - start)
    return taken


def main() -> int:
    flags = parser(__doc__)
    flags.set_defaults(runs=120)
    arguments = flags.parse_args()
    each = min(arguments.runs, (len(LETTERS) - WARM_UP) // 2) // BLOCKS
    fresh = iter(LETTERS)
    pause = random.Random(7)
    idle: list[float] = []
    busy: list[float] = []
    with TemporaryStudio(model=arguments.model) as studio:
        studio.call("studio", "start")
        studio.finished(studio.enqueue("a red circle", steps=2)[0])
        with Terminal(program(), studio.environment, screen=False) as terminal:
            terminal.wait_for_output(b"Generate", 30)
            terminal.settle()
            press(terminal, [next(fresh) for _ in range(WARM_UP)], pause)
            terminal.settle()
            for _ in range(BLOCKS):
                studio.worker("idle")
                idle += press(terminal, [next(fresh) for _ in range(each)], pause)
                studio.enqueue("a red circle", steps=STEPS, count=200)
                studio.worker("busy")
                busy += press(terminal, [next(fresh) for _ in range(each)], pause)
                studio.call("queue", "clear")
    details = {
        "idle_p95_ms": round(percentile(idle, 0.95) * 1000, 2),
        "busy_p95_ms": round(percentile(busy, 0.95) * 1000, 2),
        "idle_p50_ms": round(percentile(idle, 0.5) * 1000, 2),
        "busy_p50_ms": round(percentile(busy, 0.5) * 1000, 2),
        "keys": len(idle) + len(busy),
        "samples": {"idle": rounded(idle), "busy": rounded(busy)},
    }
    ratio = percentile(busy, 0.95) / percentile(idle, 0.95)
    return report("key_to_paint", ratio, TARGET, details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
