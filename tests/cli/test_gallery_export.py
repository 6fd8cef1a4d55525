"""gallery export: whole or not at all, nothing of others written over, nothing hostile out."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import signal
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from invoke_tui.cli.models.shared import size
from invoke_tui.client.export.places import WholeFolder
from tests.cli.conftest import Run
from tests.cli.fake_gallery import with_pictures
from tests.cli.fake_studio import FakeStudio, drawn

HOSTILE = '../../<script>alert("1")</script>\x1b]52;c;aGk=\x07 CON.'


@pytest.fixture
def studio(fake: FakeStudio) -> FakeStudio:
    """With three pictures; the prompt of the third is hostile."""
    with_pictures(fake, 3)
    third = fake.images["picture-3.png"]
    metadata = {**(third.metadata or {}), "positive_prompt": HOSTILE}
    fake.images["picture-3.png"] = third.model_copy(update={"metadata": metadata})
    return fake


def all_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_folder(studio: FakeStudio, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "foxes"
    done = run(
        "gallery", "export", "--query", "", "--order", "oldest", "-o", str(out), "--sidecar", "--json"
    ).json
    names = ["picture-1.png", "picture-2.png", "picture-3.png"]
    assert (done["path"], done["form"], done["images"]) == (str(out), "folder", names)
    assert studio.gallery.listings[-1].order == "oldest"
    assert (out / "picture-1.png").read_bytes() == drawn("picture-1.png")
    told = json.loads((out / "picture-1.json").read_text())
    assert (told["metadata"]["seed"], "path" in told) == (1000, False)

    mine = out / "picture-2.png"
    mine.write_bytes(b"mine")
    (out / "picture-1.png").unlink()
    refused = run("gallery", "export", "--query", "", "-o", str(out), "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "exists")
    assert mine.read_bytes() == b"mine"
    assert "picture-1.png" not in all_of(out)
    assert run("gallery", "export", "--query", "", "-o", str(out), "--force").code == 0
    assert len(all_of(out)) == len(os.listdir(out)) == 6


def test_a_zip_with_names_of_its_own_and_no_metadata(studio: FakeStudio, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "foxes.zip"
    names = ["--names", "{model}/{prompt}"]
    assert run("gallery", "export", "--query", "", "-o", str(out), "--strip", *names).code == 0
    with zipfile.ZipFile(out) as packed:
        assert packed.testzip() is None
        first, second, third = packed.namelist()
        assert (first, second) == ("tiny/a fox.png", "tiny/a fox-2.png")
        assert third.startswith("tiny/")
        assert not {"\x1b", "\x07", "\\", "<", ":"} & set(third)
        assert not {"", "..", "."} & set(third.split("/"))
        stripped = packed.read(first)
    assert b"invokeai" not in stripped
    before, after = Image.open(io.BytesIO(drawn("x"))), Image.open(io.BytesIO(stripped))
    assert before.tobytes() == after.tobytes()
    assert run("gallery", "export", "last", "-o", str(out)).code == 2
    bad = run("gallery", "export", "last", "-o", str(tmp_path / "x"), "--names", "{nothing}", "--json")
    assert (bad.code, bad.json["error"]["code"]) == (2, "bad_template")


def test_a_page_and_a_sheet(studio: FakeStudio, run: Run, tmp_path: Path) -> None:
    page, bare, sheet = tmp_path / "foxes.html", tmp_path / "bare.html", tmp_path / "foxes.png"
    assert run("gallery", "export", "--query", "", "-o", str(page), "--title", "<i>Foxes</i>").code == 0
    text = page.read_text()
    assert "<h1>&lt;i&gt;Foxes&lt;/i&gt;</h1>" in text
    assert text.count("<img ") == 3
    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert "\x1b" not in text
    assert "default-src 'none'" in text
    run("gallery", "export", "--query", "", "-o", str(bare), "--strip")
    assert "a fox" not in bare.read_text()
    said = run("gallery", "export", "--query", "", "-o", str(sheet)).out
    assert said == f"3 pictures, {size(sheet.stat().st_size)}, in {sheet}\n"
    assert Image.open(sheet).width == 2 * (256 + 8) + 8


def test_a_picture_whose_file_is_gone(studio: FakeStudio, run: Run, tmp_path: Path) -> None:
    studio.gallery.files["picture-2.png"] = None
    done = run("gallery", "export", "--query", "", "-o", str(tmp_path / "out"), "--json")
    assert done.code == 1
    assert [(one["image_name"], one["code"]) for one in done.json["skipped"]] == [
        ("picture-2.png", "file_missing")
    ]
    assert all_of(tmp_path / "out") == ["picture-1.png", "picture-3.png"]
    alone = run("gallery", "export", "picture-2.png", "-o", str(tmp_path / "alone"))
    assert (alone.code, (tmp_path / "alone").exists()) == (3, False)


def test_a_full_disk_leaves_nothing(
    studio: FakeStudio, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    add = WholeFolder.add

    def full(self: WholeFolder, name: str, data: bytes) -> None:
        add(self, name, data)
        if name == "picture-2.png":
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(WholeFolder, "add", full)
    failed = run("gallery", "export", "--query", "", "-o", str(out), "--json")
    assert (failed.code, failed.json["error"]["code"]) == (1, "disk_full")
    assert os.listdir(out) == ["mine.txt"]
    assert not list(tmp_path.rglob("*.part"))


def test_sigterm_leaves_nothing_and_what_kill_9_left_goes_with_the_next(
    studio: FakeStudio, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, add, ends = tmp_path / "out", WholeFolder.add, []

    def told_to_end(self: WholeFolder, name: str, data: bytes) -> None:
        add(self, name, data)
        signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(WholeFolder, "add", told_to_end)
        patched.setattr(os, "kill", lambda _, number: ends.append(number))
        with pytest.raises(asyncio.CancelledError):
            run("gallery", "export", "--query", "", "-o", str(out))
    assert ends == [signal.SIGTERM]
    assert not list(tmp_path.rglob(".out*"))

    (tmp_path / ".out.killed.part").mkdir()
    (tmp_path / ".out.killed.part" / "picture-1.png").write_bytes(b"half")
    at_work = WholeFolder(out, force=False)
    run("gallery", "export", "--query", "", "-o", str(out))
    assert len(all_of(out)) == 3
    assert len(list(tmp_path.glob(".out*"))) == 1, "that of the one at work"
    at_work.abandon()
    assert not list(tmp_path.glob(".out*"))


def test_places_that_cannot_be(studio: FakeStudio, run: Run, tmp_path: Path) -> None:
    lost = run("gallery", "export", "last", "-o", str(tmp_path / "no" / "where"), "--json")
    assert (lost.code, lost.json["error"]["code"]) == (3, "no_folder")
    folder = run("gallery", "export", "last", "-o", str(tmp_path), "--as", "zip", "--json")
    assert (folder.code, folder.json["error"]["code"]) == (2, "bad_output")
