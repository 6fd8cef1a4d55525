"""Forks daemons off a process that has imported everything already.

They are real daemons in processes of their own; what is saved is a second of imports for each of the many that these
tests start. How a front end starts one from nothing is tested in ``tests/client``.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IMPORTED = (
    "invoke_tui.nodes.images.reading",
    "invoke_tui.studio.daemon",
    "invoke_tui.studio.gallery.importing.invokeai",
    "uvicorn.lifespan.off",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
)
"""Also what a daemon imports late."""


class Nursery:
    """Asks the forking process for daemons."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def daemon(self, root: Path) -> int:
        """A daemon of ``root`` with this process's environment; its pid."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"root": str(root), "environment": dict(os.environ)}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A forking process for a while."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.studio.nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        yield Nursery(process)
    finally:
        process.communicate()


def main() -> None:
    """Fork a daemon for every line that comes in."""
    import PIL.Image

    from invoke_tui.studio import faults
    from invoke_tui.studio.__main__ import run
    from invoke_tui.studio.process import Starter
    from tests.studio import fuse

    PIL.Image.init()
    for name in IMPORTED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the daemons
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        os.environ.clear()
        os.environ.update(order["environment"])
        faults._faults = faults._read(os.environ.get(faults.VARIABLE, ""))
        if fuse.VARIABLE in os.environ:
            fuse.install(Path(os.environ[fuse.VARIABLE]))
        os._exit(run(Path(order["root"]), Starter(None), echo=False))


if __name__ == "__main__":
    main()
