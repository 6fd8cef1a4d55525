"""The dialog that brings pictures."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.widgets import Static

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.gallery.importing import ImportJob, ImportOrder, ImportStatus, SkippedFile
from invoke_tui.domain.models.installs import InstallError
from invoke_tui.tui.gallery.import_dialog import ImportScreen
from invoke_tui.tui.prompts.file_line import FileInput
from invoke_tui.tui.widgets.fields import Toggle
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, make_app, settle


class Bringing(FakeClient):
    """Whose imports are as far as a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.now: ImportJob | None = None

    async def start_import(self, order: ImportOrder) -> ImportJob:
        self.now = ImportJob(job_id="1", order=order, total=40, created_at=datetime.now(UTC))
        return self.now

    async def import_jobs(self) -> list[ImportJob]:
        return [self.now] if self.now else []

    async def import_job(self, job_id: str) -> ImportJob:
        assert self.now is not None
        return self.now

    async def cancel_import(self, job_id: str) -> ImportJob:
        return self.go_on(status=ImportStatus.CANCELLED)

    def go_on(self, **changes: object) -> ImportJob:
        assert self.now is not None
        self.now = self.now.model_copy(update=changes)
        return self.now


def shown(screen: ImportScreen, part: str) -> str:
    return str(screen.query_one(part, Static).render())


@pytest.mark.asyncio
async def test_an_import_is_followed_left_found_again_and_ended(tmp_path: Path) -> None:
    client = Bringing()
    app = make_app(tmp_path / "studio", client, screen="queue")
    said: list[str | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        asked = ImportScreen()
        app.push_screen(asked, said.append)
        await settle(pilot, lambda: asked.query(FileInput))
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: "Say what to take" in shown(asked, ".dialog-problem"))
        asked.query_one(FileInput).value = str(tmp_path)
        asked.query_one("#import-in-place", Toggle).action_flip()
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: "0 of 40" in shown(asked, "#import-progress"))
        assert client.now is not None
        assert client.now.order == ImportOrder(path=str(tmp_path), in_place=True)
        hostile = SkippedFile(path="/x/[red]no.png", reason="The PNG is cut off.")
        client.go_on(added=10, known=2, skipped=1, told=(hostile,), kind="comfyui")
        await settle(pilot, lambda: "13 of 40" in shown(asked, "#import-progress"))
        assert "ComfyUI" in shown(asked, "#import-progress")
        assert shown(asked, "#import-skipped") == "[red]no.png: The PNG is cut off."
        await pilot.press("escape")
        await settle(pilot, lambda: said == ["The import goes on; I shows it."])

        again = ImportScreen()
        app.push_screen(again, said.append)
        await settle(pilot, lambda: again.query(FileInput) and "13 of 40" in shown(again, "#import-progress"))
        await pilot.press("alt+x")
        await settle(pilot, lambda: "Ended early: 10 new, 2 known" in shown(again, "#import-progress"))
        again.query_one(FileInput).value = "/nowhere"
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: client.now and client.now.order.path == "/nowhere")
        gone = InstallError.of(NotFoundError("There is no file or folder /nowhere."))
        client.go_on(status=ImportStatus.ERROR, error=gone)
        await settle(pilot, lambda: "no file or folder /nowhere" in shown(again, ".dialog-problem"))
        await pilot.press("escape")

        order = ImportOrder(path="/foxes", board="Foxes", in_place=True, recursive=False)
        cut_off = ImportJob(job_id="7", order=order, total=40, added=9, created_at=datetime.now(UTC))
        client.now = cut_off.interrupted()
        third = ImportScreen()
        app.push_screen(third)
        await settle(
            pilot, lambda: third.query(FileInput) and "at 9 of 40" in shown(third, "#import-progress")
        )
        assert third.query_one(FileInput).value == "/foxes"
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: client.now and not client.now.status.finished)
        assert client.now.order == order, "also what the dialog does not ask"
