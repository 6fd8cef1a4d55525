"""One real studio for all of these tests: its worker needs seconds to import torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import invoke_tui
from benchmarks.studio import TemporaryStudio

STARTER = Path(invoke_tui.__file__).parent / "starter" / "model" / "model_index.json"
OTHER_MODEL = os.environ.get("INVOKE_TUI_TEST_MODEL")
"""A diffusers folder to draw with where the starter model has not been made; its pictures mean nothing."""
MARKS = (
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        not STARTER.exists() and not OTHER_MODEL, reason="the starter model is not in this checkout"
    ),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            for mark in MARKS:
                item.add_marker(mark)


@pytest.fixture(scope="session")
def studio() -> Iterator[TemporaryStudio]:
    with TemporaryStudio(model=None if STARTER.exists() else OTHER_MODEL) as made:
        made.call("studio", "start")
        yield made
