"""Start the daemon: ``python -m invoke_tui.studio [--root DIR] [--detach]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from invoke_tui.studio.process import AlreadyRunning, Starter, detach, lock, start_logging

_LEAVING = 1.0
"""Seconds granted to a daemon that is just putting its things away."""


def main() -> int:
    """Become the daemon of a root, unless there is one."""
    parser = argparse.ArgumentParser(prog="python -m invoke_tui.studio", description=__doc__)
    parser.add_argument("--root", type=Path, help="Folder of the studio")
    parser.add_argument("--detach", action="store_true", help="Fork into the background")
    parser.add_argument("--ready-fd", type=int, help="Inherited pipe for the word that it serves, or why not")
    arguments = parser.parse_args()
    starter = Starter(arguments.ready_fd)
    if arguments.detach:
        detach()
    return run(arguments.root, starter, echo=not arguments.detach)


def run(root: Path | None, starter: Starter, *, echo: bool) -> int:
    """Serve, and answer for every way in which that may end."""
    import asyncio
    import logging

    from invoke_tui.config.settings import load
    from invoke_tui.domain.errors import ExitCode, StudioError

    try:
        studio = load(root)
        studio.paths.prepare()
        with lock(studio.paths.lock_file, patience=_LEAVING):
            from invoke_tui.studio.daemon import Daemon

            start_logging(studio.paths.logs_dir, studio.settings.log_level, echo=echo)
            asyncio.run(Daemon(studio, starter).run())
    except AlreadyRunning as other:
        starter.say({"running": other.pid})
        print(other, file=sys.stderr)
        return ExitCode.DONE
    except StudioError as error:
        starter.failed(error)
        print(error, file=sys.stderr)
        logging.getLogger(__name__).error("%s", error)
        return error.exit_code
    except Exception as error:
        starter.failed(StudioError(f"The studio could not start: {error!r}."))
        logging.getLogger(__name__).exception("the studio crashed")
        raise
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
