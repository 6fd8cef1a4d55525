"""Workers that a forked daemon forks off itself, as it has imported all that they need.

Only what starts the process is replaced: it has the arguments, the environment, the descriptors and the session that
``subprocess`` would have given it, and asyncio waits for it as for any other. Workers with a real engine are started
from nothing, as in ``tests/end_to_end``, and so are all where a test says so.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import traceback
from typing import Any, Final

FROM_NOTHING: Final = "INVOKE_TUI_TEST_WORKERS_FROM_NOTHING"
"""Set this for a daemon whose workers are not to be forks."""
_OURS: Final = "tests.support."


def install() -> None:
    """Let the workers of this process, a daemon, be forks of it."""
    start: Any = subprocess._fork_exec  # type: ignore[attr-defined]

    def fork(*given: Any) -> int:
        arguments = [os.fsdecode(argument) for argument in given[0]]
        if not any(argument.startswith(_OURS) for argument in arguments):
            return int(start(*given))
        pid = os.fork()
        if not pid:
            _names, _close, kept, _folder, environment, stdin, _, _, stdout, _, _, _, failed = given[1:14]
            os.environb.clear()
            os.environb.update(dict(entry.split(b"=", 1) for entry in environment))
            _become(arguments[3:], stdin, stdout, set(kept) - {failed})
        return pid

    subprocess._fork_exec = fork  # type: ignore[attr-defined]


def _become(arguments: list[str], stdin: int, stdout: int, kept: set[int]) -> None:
    """What exec would do with this process, and then the worker's own main function."""
    code = 1
    try:
        gc.freeze()  # what the daemon had open is closed here, once: its objects must not close those numbers again
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        os.chdir("/")
        for number, descriptor in enumerate((stdin, stdout, stdout)):
            os.dup2(descriptor, number)
        _close_from_3_but(kept)
        sys.argv = arguments
        sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr]

        from invoke_tui.studio import faults
        from invoke_tui.worker.__main__ import main

        faults._faults = {}
        code = main()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _close_from_3_but(kept: set[int]) -> None:
    above = 3
    for descriptor in sorted(kept):
        os.closerange(above, descriptor)
        above = descriptor + 1
    os.closerange(above, os.sysconf("SC_OPEN_MAX"))
