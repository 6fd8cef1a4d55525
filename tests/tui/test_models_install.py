"""Installing from the Models screen, and what is on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input, Static

from invoke_tui.domain.events import InstallProgress
from invoke_tui.domain.models.installs import InstallError, InstallStatus
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.screens.install import InstallScreen
from invoke_tui.tui.screens.models import ModelsScreen
from invoke_tui.tui.widgets.install_pane import InstallList, InstallPane
from invoke_tui.tui.widgets.install_starters import StarterRows
from invoke_tui.tui.widgets.model_list import ModelList
from tests.tui.fake_client import FakeClient
from tests.tui.fake_models import a_job, a_model
from tests.tui.harness import connected, settle, words

if TYPE_CHECKING:
    from textual.pilot import Pilot

SIZE = (120, 40)


@pytest.fixture
def first_screen() -> str:
    return "models"


async def open_models(app: InvokeTuiApp, pilot: Pilot[Any]) -> None:
    await connected(pilot)
    await settle(pilot, lambda: app.screen.query_one(ModelList).models)


async def test_a_source_is_explained_and_installed(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(app, pilot)
        await pilot.press("i")
        screen = app.screen
        assert isinstance(screen, InstallScreen)
        meaning = screen.query_one("#install-meaning", Static)
        assert "urn:air" in words(meaning)
        field = screen.query_one("#install-source", Input)
        field.value = "org/repo"
        await settle(pilot, lambda: "The repository org/repo" in words(meaning))
        field.value = "no such thing"
        await settle(pilot, lambda: "is no source" in words(meaning))
        await pilot.press("enter")
        await settle(pilot, lambda: "is no source" in words(meaning))
        assert app.screen is screen
        field.value = "./a/../ink.safetensors"
        await pilot.press("enter")
        await settle(pilot, lambda: isinstance(app.screen, ModelsScreen))
        kind, source, in_place = client.calls[-1]
        assert (kind, in_place) == ("install", False)
        assert source.startswith("/"), "the studio may run in another folder"
        assert source.endswith("/ink.safetensors")


async def test_starters_are_found_by_words(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(app, pilot)
        await pilot.press("i")
        screen = app.screen
        rows = screen.query_one(StarterRows)
        await settle(pilot, lambda: rows.row_count == 4)
        told = [rows.render_line(y).text for y in range(4)]
        assert "SDXL bundle" in told[0]
        assert "1 of 2 here" in told[0]
        assert "Dream 8" in told[1]
        assert "installed" in told[3]
        await pilot.press(*"big", "down")
        await settle(pilot, lambda: rows.has_focus)
        await settle(
            pilot, lambda: "with Big XL, XL VAE" in words(screen.query_one("#install-meaning", Static))
        )
        await pilot.press("down", "enter")
        await settle(pilot, lambda: ("install", "big-xl", False) in client.calls)


async def test_what_is_on_its_way_can_be_steered(app: InvokeTuiApp, client: FakeClient) -> None:
    error = InstallError(code="x", message="The file is damaged.", hint="Try it again.")
    client.jobs = {
        job.job_id: job
        for job in (
            a_job("ink", bytes_done=10**9, bytes_total=4 * 10**9),
            a_job("bad", InstallStatus.ERROR, error=error),
        )
    }
    async with app.run_test(size=SIZE) as pilot:
        await open_models(app, pilot)
        pane, rows = app.screen.query_one(InstallPane), app.screen.query_one(InstallList)
        await settle(pilot, lambda: rows.row_count == 2)
        assert not pane.has_class("-idle")
        client.send(
            InstallProgress(job_id="job-ink", bytes_done=2 * 10**9, bytes_total=4 * 10**9, rate=5e7, eta=40)
        )
        await settle(pilot, lambda: "50%" in rows.render_line(0).text)
        line = rows.render_line(0).text
        assert "2.0 GB of 4.0 GB" in line
        assert "50 MB/s" in line
        assert "40s left" in line
        assert "damaged" in rows.render_line(1).text
        await pilot.press("w", "p")
        await settle(pilot, lambda: "paused" in rows.render_line(0).text)
        await pilot.press("p")
        await settle(pilot, lambda: ("resume", "job-ink") in client.calls)
        await pilot.press("j")
        await settle(pilot, lambda: "Try it again." in words(app.screen.query_one("#install-word", Static)))
        await pilot.press("k", "c")
        await settle(pilot, lambda: ("cancel", "job-ink") in client.calls)
        model = a_model("late", "late")
        client.records.append(model)
        client.put_job(a_job("late", InstallStatus.COMPLETED, model=model))
        await client.edit_model("late", {"description": "x"})
        await settle(pilot, lambda: rows.row_count == 3)
        index = next(i for i, job in enumerate(rows.jobs) if job.name == "late")
        rows.move_to(index)
        models = app.screen.query_one(ModelList)
        await settle(pilot, lambda: any(known.key == "late" for known in models.models))
        await pilot.press("enter")
        assert models.model is not None
        assert models.model.key == "late"
        await pilot.press("w", "x")
        await settle(pilot, lambda: pane.has_class("-idle"))
