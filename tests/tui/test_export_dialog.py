"""The dialog that gives pictures away."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from invoke_tui.domain.gallery.images import ImageRecord, Selection
from invoke_tui.tui.gallery.export_dialog import ExportScreen
from invoke_tui.tui.prompts.file_line import FileInput
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.widgets.choice import Choice
from invoke_tui.tui.widgets.fields import Toggle
from invoke_tui.tui.words import size
from tests.tui.fake_client import FakeClient, paint
from tests.tui.harness import connected, make_app, settle


class Gallery(FakeClient):
    """With any picture one asks for."""

    async def image(self, name: str) -> ImageRecord:
        return ImageRecord(
            image_name=name, path=f"/{name}", width=32, height=32, created_at=datetime.now(UTC)
        )

    async def image_file(self, name: str) -> bytes:
        return paint(1, 32, 32)


@pytest.mark.asyncio
async def test_a_zip_over_what_is_there_and_a_terminal_that_cannot_be_asked(tmp_path: Path) -> None:
    app = make_app(tmp_path / "studio", Gallery(), screen="queue")
    said: list[str | None] = []
    async with app.run_test(size=(100, 40)) as pilot:
        await connected(pilot)
        asked = ExportScreen(Selection(names=["a.png", "b.png"]), 2)
        app.push_screen(asked, said.append)
        await settle(pilot, lambda: asked.query(Choice))
        where = asked.query_one(FileInput)
        where.value = str(tmp_path / "foxes")
        asked.query_one(Choice).value = "zip"
        await settle(pilot, lambda: where.value.endswith("/foxes.zip"))
        (tmp_path / "foxes.zip").write_bytes(b"mine")
        asked.query_one("#export-strip", Toggle).action_flip()
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("n")
        await settle(pilot, lambda: asked.query_one(".dialog-problem").has_class("-shown"))
        assert (tmp_path / "foxes.zip").read_bytes() == b"mine"
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await settle(pilot, lambda: said)
        made = (tmp_path / "foxes.zip").read_bytes()
        assert said == [f"2 pictures, {size(len(made))}, in {tmp_path / 'foxes.zip'}."]
        assert made.startswith(b"PK")

        # a terminal that is none cannot be asked
        asked = ExportScreen(Selection(names=["a.png"]), 1)
        app.push_screen(asked)
        await settle(pilot, lambda: asked.query(Choice))
        asked.query_one(Choice).value = "here"
        await settle(pilot, lambda: not asked.query_one("#export-where").display)
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: asked.query_one(".dialog-problem").has_class("-shown"))
