"""How long from exec to the first frame that shows the tabs, against a bare Textual application.

    python -m benchmarks.first_paint [--runs 7] [--json]

Both run in the same pseudo-terminal, alternately. ``cold`` starts the daemon as well (it is started after the
paint); the ratio is taken from the warm runs, with the daemon already there, as it is whenever one attaches again.
``cpu_ratio`` compares processor time up to the same moment, which a busy machine disturbs less. Neither the front
end nor the daemon may have libtorch mapped.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import median, parser, report, rounded
from benchmarks.studio import TemporaryStudio, program
from benchmarks.terminal import Terminal, cpu_seconds, maps

MARKER = "Generate"
TARGET = 1.5
BARE = [sys.executable, str(Path(__file__).with_name("bare_app.py"))]


class Paint(NamedTuple):
    """One start: wall and processor time to the first frame, and whether libtorch was mapped afterwards."""

    seconds: float
    cpu_seconds: float
    has_torch: bool


def paint(command: Sequence[str], environment: Mapping[str, str]) -> Paint:
    """Start ``command`` and wait for the frame with the tabs."""
    with Terminal(command, environment) as terminal:
        seconds = terminal.wait_for(MARKER) - terminal.started
        cpu = cpu_seconds(terminal.pid)
        terminal.settle()
        return Paint(seconds, cpu, maps(terminal.pid, "libtorch"))


def main() -> int:
    arguments = parser(__doc__).parse_args()
    ours: list[Paint] = []
    bare: list[Paint] = []
    with TemporaryStudio() as studio:
        cold = paint(program(), studio.environment)
        status = studio.call("studio", "start")
        paint(BARE, studio.environment)
        for _ in range(arguments.runs):
            ours.append(paint(program(), studio.environment))
            bare.append(paint(BARE, studio.environment))
        torch_in_daemon = maps(int(status["pid"]), "libtorch")
    torch_in_front_end = any(run.has_torch for run in ours)
    our_median, bare_median = (median([run.seconds for run in runs]) for runs in (ours, bare))
    our_cpu, bare_cpu = (median([run.cpu_seconds for run in runs]) for runs in (ours, bare))
    details = {
        "first_paint_s": round(our_median, 4),
        "bare_textual_s": round(bare_median, 4),
        "cold_s": round(cold.seconds, 4),
        "cpu_ratio": round(our_cpu / bare_cpu, 4),
        "first_paint_cpu_s": our_cpu,
        "bare_textual_cpu_s": bare_cpu,
        "torch_in_front_end": torch_in_front_end,
        "torch_in_daemon": torch_in_daemon,
        "samples": {
            "ours": rounded([run.seconds for run in ours]),
            "bare": rounded([run.seconds for run in bare]),
        },
    }
    code = report("first_paint", our_median / bare_median, TARGET, details, as_json=arguments.json)
    return code or int(torch_in_front_end or torch_in_daemon)


if __name__ == "__main__":
    sys.exit(main())
