"""What every test stands on."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator

import pytest

from invoke_tui.domain.garbage import without_collection

# Test processes share the cores, and what torch computes here is tiny: a second thread only spins while it waits for
# its turn. In the environment it holds for the workers as well.
os.environ["OMP_NUM_THREADS"] = "1"

# A shell ignores these for what it runs in the background or under nohup, and every child inherits that: programs
# would be deaf to the ctrl+c and the hang-up that tests send them. What has a handler is back to normal in a child.
signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)

LONG_FILES = (
    "tests/end_to_end/",
    "tests/studio/test_crashes.py",
    "tests/studio/models/test_converting.py",
    "tests/engine/test_starter.py",
    "tests/engine/test_meaning.py",
    "tests/engine/adapters/",
    "tests/engine/memory/",
    "tests/engine/",
    "tests/worker/",
    "tests/tui/test_layout.py",
    "tests/tui/",
)
"""What takes longest goes first, so that none of the test processes ends long after the other."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import all tests without looking for garbage: nearly nothing of it is any, now or later."""
    with without_collection():
        return (yield)


def pytest_unconfigure() -> None:
    """At the end all is garbage: libraries that count what they made would call it leaked."""
    gc.unfreeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; the order within a file stays."""

    def place(item: pytest.Item) -> int:
        return next(
            (number for number, name in enumerate(LONG_FILES) if item.nodeid.startswith(name)),
            len(LONG_FILES),
        )

    items.sort(key=place)
