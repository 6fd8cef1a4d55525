"""Forks daemons off a process that has imported everything already.

They are real daemons in processes of their own, and so are their workers; what is saved is a second of imports for
each of the many that these tests start, and the migrations of each new database, which is a copy of one. How a front
end starts a studio from nothing is tested in ``tests/client`` and ``tests/end_to_end``.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IMPORTED = (
    "anyio._backends._asyncio",
    "invoke_tui.nodes.images.reading",
    "invoke_tui.studio.daemon",
    "invoke_tui.studio.gallery.importing.invokeai",
    "invoke_tui.worker.__main__",
    "tests.support.fake_engine",
    "uvicorn.lifespan.off",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
)
"""Also what a daemon imports late; the workers import nothing else."""


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

    from invoke_tui.nodes.registry import node_types

    PIL.Image.init()
    for name in IMPORTED:
        importlib.import_module(name)
    node_types()
    with tempfile.TemporaryDirectory() as folder:
        _migrate_once(Path(folder) / "empty.db")
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the daemons
        for line in sys.stdin:
            pid = os.fork()
            if not pid:
                _become_daemon(**json.loads(line))
            print(pid, flush=True)


def _migrate_once(empty: Path) -> None:
    """Let new databases be copies of this one."""
    from invoke_tui.studio.database import migrate

    migrate.prepare(empty)
    upgrade = migrate._upgrade

    def copy(path: Path) -> None:
        if path.exists():
            upgrade(path)
        else:
            shutil.copyfile(empty, path)

    migrate._upgrade = copy


def _become_daemon(root: str, environment: dict[str, str]) -> None:
    """What is left to do after the imports."""
    from invoke_tui.studio import faults
    from invoke_tui.studio.__main__ import run
    from invoke_tui.studio.process import Starter
    from tests.studio import forked_worker, fuse

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.environ.clear()
    os.environ.update(environment)
    faults._faults = faults._read(os.environ.get(faults.VARIABLE, ""))
    if forked_worker.FROM_NOTHING not in os.environ:
        forked_worker.install()
    if fuse.VARIABLE in os.environ:
        fuse.install(Path(os.environ[fuse.VARIABLE]))
    os._exit(run(Path(root), Starter(None), echo=False))


if __name__ == "__main__":
    main()
