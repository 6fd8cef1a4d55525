"""Companions of the starter model are installed like any starter model, from what is here."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoke_tui.domain.models.installs import InstallRequest, InstallStatus
from invoke_tui.studio.models.install.reading import read
from invoke_tui.studio.models.install.sites import Sites
from tests.studio.install.conftest import Workbench


async def test_it_is_put_together_and_listed_once(bench: Workbench) -> None:
    job = await bench.install("starter-sticker")
    assert job.status is InstallStatus.COMPLETED, job.error
    model = job.model
    assert model is not None
    assert (model.name, model.type, model.base) == ("starter-sticker", "lora", "sd-1")
    assert (model.source, model.source_type) == ("companion:sticker", "external")
    assert Path(model.path) == bench.models.folder / model.key / "starter-sticker.safetensors"
    assert "starter-sticker" in (await bench.installs.starter_list()).installed
    again = await bench.installs.start(InstallRequest(source="companion:sticker"))
    assert (again.jobs, [m.key for m in again.installed]) == ([], [model.key])


async def test_what_cannot_be_put_together_says_why(bench: Workbench) -> None:
    code, said = await bench.failure("companion:unicorn")
    assert code == "not_written"
    assert "unicorn" in said


@pytest.mark.parametrize("source", ["companion:sticker", "starter-sticker"])
def test_it_is_told_in_words(source: str) -> None:
    found = read(InstallRequest(source=source), Sites())
    assert found.kind == "starter"
    assert "starter" in found.text
