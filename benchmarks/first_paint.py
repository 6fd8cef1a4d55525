"""How long from exec to the first frame that shows the tabs, against a bare Textual application.

    python -m benchmarks.first_paint [--runs 7] [--json]

Both run in the same pseudo-terminal, alternately. ``cold`` starts the daemon as well (it is started after the
paint); the ratio is taken from the warm runs, with the daemon already there, as it is whenever one attaches again.
Neither the front end nor the daemon may have libtorch mapped.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import median, parser, report, rounded
from benchmarks.studio import TemporaryStudio, program
from benchmarks.terminal import Terminal, maps

MARKER = "Generate"
TARGET = 1.5
BARE = [sys.executable, str(Path(__file__).with_name("bare_app.py"))]


def paint(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, bool]:
    """Seconds to the first frame with the tabs, and whether the process has libtorch mapped a second later."""
    with Terminal(command, environment) as terminal:
        seconds = terminal.wait_for(MARKER) - terminal.started
        terminal.settle()
        return seconds, maps(terminal.pid, "libtorch")


def main() -> int:
    flags = parser(__doc__)
    arguments = flags.parse_args()
    ours: list[float] = []
    bare: list[float] = []
    torch_in_front_end = False
    with TemporaryStudio() as studio:
        cold, _ = paint(program(), studio.environment)
        status = studio.call("studio", "start")
        paint(BARE, studio.environment)
        for _ in range(arguments.runs):
            seconds, has_torch = paint(program(), studio.environment)
            ours.append(seconds)
            torch_in_front_end |= has_torch
            bare.append(paint(BARE, studio.environment)[0])
        torch_in_daemon = maps(int(status["pid"]), "libtorch")
    details = {
        "first_paint_s": round(median(ours), 4),
        "bare_textual_s": round(median(bare), 4),
        "cold_s": round(cold, 4),
        "torch_in_front_end": torch_in_front_end,
        "torch_in_daemon": torch_in_daemon,
        "samples": {"ours": rounded(ours), "bare": rounded(bare)},
    }
    code = report("first_paint", median(ours) / median(bare), TARGET, details, as_json=arguments.json)
    return code or int(torch_in_front_end or torch_in_daemon)


if __name__ == "__main__":
    sys.exit(main())
