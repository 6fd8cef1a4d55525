"""What the viewer looks like. See ``tests/tui/test_snapshots.py`` for how to change it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from invoke_tui.domain.gallery.images import Listing
from invoke_tui.tui.viewer.light import LightBars
from invoke_tui.tui.viewer.screen import ViewerScreen
from tests.tui.harness import connected, make_app, settle, words
from tests.tui.test_snapshots import Compare
from tests.tui.viewer.studio import Pictures


@pytest.mark.parametrize(("size", "keys"), [((80, 24), ("v",)), ((120, 40), ("H",))])
def test_the_viewer(
    snap_compare: Compare,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    keys: tuple[str, ...],
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    client = Pictures("one.png", "two.png", "three.png")
    for name, (record, data) in client.pictures.items():
        client.pictures[name] = (
            record.model_copy(update={"created_at": record.created_at.replace(2026, 1, 1, 12, 0)}),
            data,
        )

    async def look(pilot: Pilot[Any]) -> None:
        await connected(pilot)
        viewer = ViewerScreen(Listing(), 1, 3)
        await pilot.app.push_screen(viewer)
        await settle(pilot, lambda: viewer.desk.image is not None and viewer.desk.image.metadata is not None)
        await pilot.press(*keys)
        await settle(pilot, lambda: viewer.stage.comparing.on or "█" in words(viewer.query_one(LightBars)))
        await pilot.pause(0.6)

    assert snap_compare(make_app(tmp_path, client, screen="queue"), terminal_size=size, run_before=look)
