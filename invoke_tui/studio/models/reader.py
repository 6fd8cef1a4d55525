"""``python -m invoke_tui.studio.models.reader``: a process that reads model files for the daemon.

One JSON string a line comes in, a path; one JSON object a line goes out, its ``ScanEntry``. What a hostile file can do
to memory and time stays in here. It ends when its input does.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
from pathlib import Path

from invoke_tui.studio.models.scan import examine

_MEMORY = 2**30
_NICE = 5


def main() -> None:
    """Read until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICE)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = _MEMORY if most == resource.RLIM_INFINITY else min(_MEMORY, most)
    with contextlib.suppress(OSError, ValueError):  # not every system limits this
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))
    for line in sys.stdin.buffer:
        sys.stdout.write(examine(Path(json.loads(line))).model_dump_json() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
