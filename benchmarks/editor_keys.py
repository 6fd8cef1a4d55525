"""How long from a key to its glyph in a prompt of 2,000 words, against an empty, plain Textual ``TextArea``.

    python -m benchmarks.editor_keys [--runs 120] [--words 2000] [--json]

The prompt is one line, in colours, its tokens counted and completion on; keys go into its middle. Both sides take turns
in blocks on pseudo-terminals of the same size, at uneven distances, some of them long enough for what waits for a pause
to begin. ``cpu_ratio`` compares processor time per key, which a busy machine disturbs less. Then 100 kB are pasted into
both; ``paste_ms`` runs until the last pasted character is on the screen, ``after_paste_ms`` from the key after it.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import parser, percentile, report, rounded
from benchmarks.key_to_paint import LETTERS
from benchmarks.studio import TemporaryStudio, program
from benchmarks.terminal import Terminal, cpu_seconds
from invoke_tui.config.paths import locate

TARGET = 2.0
BLOCKS = 4
WARM_UP = 8
SETTLE = 1.5
BARE = [sys.executable, str(Path(__file__).with_name("bare_app.py"))]
PASTED = 100_000
VOCABULARY = (
    *("fox", "lighthouse", "snow,", "of", "the", "deep", "sea++", "(thick fog)0.8", "morning--", "light,"),
    *("(soft (warm)1.2 haze)+", "old", "oak", "[blurry]"),
)


def prompt(words: int, seed: int = 7) -> str:
    """So many words, about a third of them weighed."""
    chance = random.Random(seed)
    chosen: list[str] = []
    while len(chosen) < words:
        chosen += chance.choice(VOCABULARY).split()
    return " ".join(chosen)


class Side:
    """One of the two, with what its keys took."""

    def __init__(self, terminal: Terminal, pause: random.Random) -> None:
        self.terminal, self._pause = terminal, pause
        self.samples: list[float] = []
        self.cpu = 0.0

    def block(self, letters: Iterator[str], count: int) -> None:
        """Press ``count`` letters, a space after every few."""
        before = cpu_seconds(self.terminal.pid)
        for number, letter in enumerate(itertools.islice(letters, count)):
            if number % 6 == 5:
                self.terminal.send(" ")
            self.rest(self._pause.choice((0.05, 0.1, 0.15, 0.35, 0.6)))
            self.samples.append(self.key(letter))
        self.cpu += cpu_seconds(self.terminal.pid) - before

    def key(self, letter: str) -> float:
        """Seconds from a key to its glyph."""
        start = time.monotonic()
        self.terminal.send(letter)
        return self.terminal.wait_for_output(letter.encode(), 30) - start

    def paste(self, last: str) -> float:
        """Seconds until the last character of a long paste is shown."""
        text = (prompt(PASTED // 4) + " ")[: PASTED - 1] + last
        start = time.monotonic()
        self.terminal.send(f"\x1b[200~{text}\x1b[201~")
        return self.terminal.wait_for_output(last.encode(), 60) - start

    def rest(self, seconds: float) -> None:
        """Let it paint what it likes meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.terminal.read(left)


def main() -> int:
    flags = parser(__doc__)
    flags.add_argument("--words", type=int, default=2_000, help="words of the prompt (default 2000)")
    flags.set_defaults(runs=120)
    arguments = flags.parse_args()
    letters = iter(LETTERS)
    pause = random.Random(7)
    each = max(1, min(arguments.runs, len(LETTERS) // 2 - 2 * WARM_UP) // BLOCKS)
    with TemporaryStudio(model=arguments.model) as studio:
        session = locate(studio.root).session_file
        session.parent.mkdir(parents=True, exist_ok=True)
        session.write_text(json.dumps({"prompt": prompt(arguments.words)}))
        studio.call("studio", "start")
        with (
            Terminal(program(), studio.environment, screen=False) as ours,
            Terminal(BARE, studio.environment, screen=False) as bare,
        ):
            sides = [Side(ours, pause), Side(bare, pause)]
            for side in sides:
                side.terminal.wait_for_output(b"Generate", 60)
                side.rest(SETTLE)
            sides[0].terminal.send(
                "\x1b[6~" * max(1, arguments.words // 170)
            )  # page down to about the middle
            for side in sides:
                side.rest(SETTLE)
                side.block(letters, WARM_UP)
                side.samples.clear()
                side.cpu = 0.0
            for _ in range(BLOCKS):
                for side in sides:
                    side.block(letters, each)
            pastes = [side.paste(next(letters)) for side in sides]
            after = [side.key(next(letters)) for side in sides]
    editor, plain = (
        [round(percentile(side.samples, share) * 1000, 2) for share in (0.95, 0.5)] for side in sides
    )
    details = {
        "editor_p95_ms": editor[0],
        "plain_p95_ms": plain[0],
        "editor_p50_ms": editor[1],
        "plain_p50_ms": plain[1],
        "cpu_ratio": round(sides[0].cpu / sides[1].cpu, 3) if sides[1].cpu else None,
        "paste_ms": {"editor": round(pastes[0] * 1000, 1), "plain": round(pastes[1] * 1000, 1)},
        "after_paste_ms": {"editor": round(after[0] * 1000, 1), "plain": round(after[1] * 1000, 1)},
        "words": arguments.words,
        "keys": len(sides[0].samples) + len(sides[1].samples),
        "samples": {"editor": rounded(sides[0].samples), "plain": rounded(sides[1].samples)},
    }
    return report("editor_keys", editor[0] / plain[0], TARGET, details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
