"""gallery import: what is asked for, what is told, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoke_tui.domain.gallery.importing import ImportJob, ImportOrder
from tests.cli.conftest import Run
from tests.cli.fake_gallery import NOW
from tests.cli.fake_studio import FakeStudio


def test_what_is_asked_for_and_told(
    fake: FakeStudio, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("gallery", "import", "foxes", "--board", "Foxes", "--in-place", "--boards-from-folders",
               "--no-recursive", "--category", "user", "--no-intermediates")  # fmt: skip
    assert (done.code, done.out) == (0, "3 pictures of a folder: 2 new, 1 known\n")
    assert fake.gallery.imports[0].order == ImportOrder(
        path=str(tmp_path / "foxes"), board="Foxes", in_place=True, boards_from_folders=True, recursive=False,
        category="user", intermediates=False,
    )  # fmt: skip
    skipped = {
        "skipped": 1,
        "told": [{"path": "/x/a.png", "reason": "The PNG is cut off."}],
        "kind": "invokeai",
    }
    fake.gallery.import_ends.update(skipped, boards=1)
    done = run("gallery", "import", "~/invokeai")
    assert (done.code, done.err) == (1, "/x/a.png: The PNG is cut off.\n")
    assert done.out == "4 pictures of an InvokeAI root: 2 new, 1 known, 1 skipped, 1 new board\n"
    found = run("gallery", "import", "~/invokeai", "--json")
    assert (found.code, found.json["added"], found.json["told"][0]["path"]) == (1, 2, "/x/a.png")


def test_how_it_ends(fake: FakeStudio, run: Run) -> None:
    started = run("gallery", "import", "/foxes", "--no-wait")
    assert (started.code, started.out) == (0, "job 0: 0 new, 0 known\n")
    listed = run("gallery", "imports", "--cancel", "0", "--json")
    assert [job["status"] for job in listed.json["jobs"]] == ["cancelled"]
    assert "cancelled" in run("gallery", "imports").out
    cut_off = ImportJob(
        job_id="7", order=ImportOrder(path="/my foxes", in_place=True), total=9, added=4, created_at=NOW
    )
    fake.gallery.imports.append(cut_off.interrupted())
    told = run("gallery", "imports").out.splitlines()
    assert told[-2:] == [
        "Interrupted at 4 of 9. For the rest: invoke-tui gallery import '/my foxes' --in-place",
        "To forget it: invoke-tui gallery imports --cancel 7",
    ]
    fake.gallery.import_ends["status"] = "cancelled"
    assert run("gallery", "import", "/foxes").code == 4
    gone = {"code": "path_not_found", "message": "There is no file or folder /foxes.", "exit_code": 3}
    fake.gallery.import_ends.update(status="error", error=gone)
    failed = run("gallery", "import", "/foxes", "--json")
    assert (failed.code, failed.json["error"]["code"]) == (3, "path_not_found")
