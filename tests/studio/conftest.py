"""One studio per test module keeps the tests quick: a daemon costs a second, a queue nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.studio.harness import StudioHarness


@pytest_asyncio.fixture
async def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StudioHarness]:
    """A root with a model; the daemon is started by the test."""
    harness = StudioHarness(tmp_path / "root", monkeypatch)
    yield harness
    await harness.end()
