"""What is done to the database while no daemon runs: ``python -m invoke_tui.studio.offline [--root DIR] VERB``.

Says what was done as one JSON object. Holds the daemon's lock, so that none starts meanwhile.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from invoke_tui.studio.process import AlreadyRunning, lock

_LEAVING: Final = 5.0
"""Seconds granted to a daemon that is just putting its things away."""


def main() -> int:
    """Do one thing."""
    parser = argparse.ArgumentParser(prog="python -m invoke_tui.studio.offline", description=__doc__)
    parser.add_argument("--root", type=Path, help="Folder of the studio")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("restore", help="Put a backup in the database's place").add_argument("file", type=Path)
    verbs.add_parser("put-away", help="Start with an empty database; the present one is kept")
    said, code = run(parser.parse_args())
    print(json.dumps(said))
    return code


def run(arguments: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """The answer, and the exit code."""
    from invoke_tui.config.settings import load
    from invoke_tui.domain.errors import ExitCode, StudioError
    from invoke_tui.studio.database.restoring import put_away, restore

    try:
        paths = load(arguments.root).paths
        paths.prepare()
        with lock(paths.lock_file, patience=_LEAVING):
            if arguments.verb == "restore":
                kept = restore(paths.database, arguments.file)
            else:
                kept = put_away(paths.database, "put-away")
    except AlreadyRunning as other:
        error = StudioError(str(other), hint="Stop it: invoke-tui studio stop.", code="running")
        return {"error": error.as_json(), "exit_code": int(error.exit_code)}, error.exit_code
    except StudioError as error:
        return {"error": error.as_json(), "exit_code": int(error.exit_code)}, error.exit_code
    return {"database": str(paths.database), "kept": None if kept is None else str(kept)}, ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
