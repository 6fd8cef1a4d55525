"""One real studio for all of these tests: its worker needs seconds to import torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import invoke_tui
from benchmarks.studio import TemporaryStudio

STARTER = Path(invoke_tui.__file__).parent / "starter" / "model" / "model_index.json"
MARKS = (pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(1200))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            for mark in MARKS:
                item.add_marker(mark)


@pytest.fixture(scope="session")
def studio() -> Iterator[TemporaryStudio]:
    with TemporaryStudio() as made:
        made.call("studio", "start")
        yield made
