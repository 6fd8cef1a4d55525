"""A folder of every program's pictures and of hostile ones, through the real daemon, the shell and the terminal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from invoke_tui.cli.main import main
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import Listing
from tests.studio.harness import StudioHarness
from tests.support import bombs
from tests.support.foreign_pictures import ESCAPES, hostile_ones, true_ones, write
from tests.tui.terminal import Terminal
from tests.tui.test_hostile import foreign

LARGE = (
    "rgb.png",
    "interlaced.png",
    "texts.png",
    "moving.png",
    "header.png",
    "packed.png",
    "stars.png",
    "lists.png",
    "long.png",
)
REFUSED = {
    "header.png": "has more than 100 million pixels",
    "packed.png": "Decompressed data too large",
    "long.png": "more than 16 MiB of texts",
    "stars.png": "is not a picture that can be read",
    "red.png": "is not a picture that can be read",
}
BY_THE_SHELL = ("c2pa.jpg", "stealth.png", "absurd.png")
MOST = 300 * 10**6
"""Bytes that the daemon may take."""


def peak(pid: int) -> int:
    """The most memory that a process ever had, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def on_the_screen(root: Path) -> bytes:
    """What a terminal gets that looks at the hostile ones: tiles, details, texts, viewer, boards."""
    terminal = Terminal("-m", "invoke_tui.cli.main", "--root", str(root), size=(120, 40))
    try:
        terminal.until("studio connected", 90)
        terminal.send("\x1b2")
        terminal.until("Uncategorized", 60)
        terminal.read(2.0)
        terminal.send("/")
        terminal.read(2.0)
        terminal.send("name:escapes")
        terminal.until("of 2", 60)
        terminal.send("\r")
        terminal.read(1.0)
        for _ in range(2):
            for keys in ("T", "\rT"):  # in the grid, and in the viewer
                for key in keys[:-1]:
                    terminal.send(key)
                    terminal.read(1.5)
                seen = len(terminal.output)
                terminal.send(keys[-1])
                terminal.until(lambda output, seen=seen: b"Written by" in output[seen:], 60)  # type: ignore[misc]
                terminal.send("\x1b")
                terminal.read(1.0)
            terminal.send("\x1b")
            terminal.read(1.0)
            terminal.send("l")
        for key in "bjk":
            terminal.send(key)
            terminal.read(0.3)
        terminal.send("\x1b[21~")
        assert terminal.wait(60) == 0
    finally:
        terminal.close()
    return terminal.output.partition(b"\x1b[?1049h")[2]  # what it is asked before is ours


async def test_everything_is_read_right_or_refused_with_its_reason(
    studio: StudioHarness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "pictures"
    kinds = {kind.name: kind for kind in (*true_ones(), *hostile_ones())}
    write(folder, list(kinds.values()))
    bombs.write_all(folder, *LARGE)
    (folder / "red\x1b[31m.png").write_bytes(b"no picture")
    client = await studio.start()

    async def verb(*words: str) -> tuple[int, Any]:
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main, ["gallery", *words, "--root", str(studio.root), "--json"])
        return int(str(ended.value.code)), json.loads(capsys.readouterr().out)

    code, job = await verb("import", str(folder), "--in-place", "--board", f"A{ESCAPES}".replace("\x00", ""))
    told = {Path(one["path"]).name: one["reason"] for one in job["told"]}
    assert (code, told.keys()) == (1, REFUSED.keys())
    assert all(words in told[name] for name, words in REFUSED.items())

    page = await client.images(Listing(view="all"), limit=200)
    found = {Path(one.path).name: one for one in page.images}
    assert found.keys() == (kinds.keys() | set(LARGE)) - REFUSED.keys()
    for name, kind in kinds.items():
        record = await client.image(found[name].image_name)
        said = record.metadata or {}
        assert (name, record.program) == (name, kind.program)
        assert {key: said.get(key) for key in kind.said} == kind.said, name
        read = await client.image_texts(record.image_name)
        assert read.program == kind.program
        assert read.texts or kind.program is None
        assert all(any(note.startswith(one) for note in read.notes) for one in kind.notes)
        assert "\x1b" not in read.model_dump_json()
    for name in BY_THE_SHELL:
        code, shown = await verb("show", found[name].image_name, "--raw", "--no-picture")
        assert (code, shown["image"]["program"]) == (0, kinds[name].program)
        assert shown["raw"]
        assert len(shown.get("notes", [])) >= len(kinds[name].notes)

    with pytest.raises(StudioError, match="would take 400 MB to decode"):
        await client.thumbnail(found.pop("interlaced.png").image_name)
    for record in found.values():
        assert (await client.thumbnail(record.image_name))[8:12] == b"WEBP"

    output = await asyncio.to_thread(on_the_screen, studio.root)
    assert b"gone" in output, "the texts were seen"
    assert foreign(output) == []
    assert peak(studio.pid()) < MOST
