"""Start a worker: ``python -m invoke_tui.worker --fd N --settings JSON [--engine module:factory]``.

``fd`` is one end of a Unix socket pair, inherited from the daemon; stdout and stderr are a log file.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import sys

from invoke_tui.domain.protocol import EngineSettings
from invoke_tui.worker.process import DEFAULT_ENGINE, Worker

SWITCH_SECONDS = 0.0005
"""A step's thread gives up the interpreter at every kernel and waits so long for it at most, not Python's 5 ms."""


def main() -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m invoke_tui.worker")
    parser.add_argument("--fd", type=int, required=True, help="Inherited socket to the daemon")
    parser.add_argument("--settings", default="{}", help="EngineSettings as JSON")
    parser.add_argument("--engine", default=DEFAULT_ENGINE, help="module:factory of the engine")
    arguments = parser.parse_args()
    faulthandler.enable()
    sys.setswitchinterval(SWITCH_SECONDS)
    return Worker(
        arguments.fd, EngineSettings.model_validate_json(arguments.settings), arguments.engine
    ).run()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # interpreter teardown with a live CUDA context may hang; everything was sent
