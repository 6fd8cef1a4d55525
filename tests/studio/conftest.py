"""A root of its own for every test, and daemons that cost little."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.studio.harness import StudioHarness
from tests.studio.nursery import Nursery, nursery


@pytest.fixture(scope="session")
def forks() -> Iterator[Nursery]:
    """Where the daemons come from."""
    with nursery() as made:
        yield made


@pytest_asyncio.fixture
async def studio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forks: Nursery
) -> AsyncIterator[StudioHarness]:
    """A root with a model; the daemon is started by the test."""
    harness = StudioHarness(tmp_path / "root", monkeypatch, forks)
    yield harness
    await harness.end()
