"""The verbs that look after the files, from the shell."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from invoke_tui.cli.main import main
from invoke_tui.domain.gallery.keeping import ArrangeOrder, CheckReport, MoveReport, Step
from tests.studio.gallery.test_keeping import picture
from tests.studio.harness import StudioHarness


async def test_verify_arrange_backup_and_restore(
    studio: StudioHarness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    studio.paths.prepare()
    for seed in (1, 2):
        picture(studio.paths.images_dir / f"p{seed}.png", seed, f"p{seed}.png")
    await studio.start()

    async def verb(*words: str) -> tuple[int, Any]:
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(main, ["gallery", *words, "--root", str(studio.root), "--json"])
        return int(str(ended.value.code)), json.loads(capsys.readouterr().out)

    code, said = await verb("verify")
    assert (code, said["pictures"], said["findings"]) == (0, 2, [])
    saved = str(tmp_path / "saved.db")
    code, said = await verb("backup", saved)
    assert (code, said["path"], said["pictures"]) == (0, saved, 2)
    code, said = await verb("arrange", "{model}/{sed}")
    assert (code, said["error"]["code"]) == (2, "bad_template")
    code, said = await verb("arrange", "{model}/{seed}", "--plan")
    assert (code, said["moves"], said["in_place"]) == (0, 2, 0)
    code, said = await verb("space")
    assert (code, said["pictures"]["count"], said["trash"]["count"]) == (0, 2, 0)
    code, said = await verb("arrange", "{model}/{seed}")
    assert (code, said["moved"]) == (0, 2)
    (studio.paths.images_dir / "tiny" / "1.png").unlink()
    code, said = await verb("verify")
    assert (code, said["left"], said["findings"][0]["kind"]) == (1, 1, "missing")
    code, said = await verb("verify", "--repair")
    assert (code, said["left"], said["findings"][0]["repaired"]) == (0, 0, True)
    code, said = await verb("restore-backup", saved)
    assert code == 0
    assert Path(said["kept"]).is_file()
    client = await studio.start()
    assert (await client.images()).total == 2


async def test_a_work_goes_on_alone_is_found_again_and_mends_only_what_was_chosen(
    studio: StudioHarness, tmp_path: Path
) -> None:
    studio.paths.prepare()
    for seed in (1, 2, 3):
        picture(studio.paths.images_dir / f"p{seed}.png", seed, f"p{seed}.png")
    client = await studio.start()
    (studio.paths.images_dir / "p1.png").unlink()
    (studio.paths.images_dir / "p2.png").write_bytes(b"no picture")
    steps: list[Step] = []
    with pytest.raises(asyncio.CancelledError):  # the window is closed

        def leave(step: Step) -> None:
            raise asyncio.CancelledError

        await client.keep("verify", {"repair": True, "kinds": ["missing"]}, leave)
    found = await client.keep_following(steps.append)
    assert isinstance(found, CheckReport)
    assert {(one.kind, one.repaired) for one in found.findings} == {("missing", True), ("damaged", False)}
    plan = await client.plan_arranging(ArrangeOrder(template="{model}/{seed}"))
    assert (plan.moves, plan.first[-1].new) == (2, "tiny/3.png")
    backup = await client.back_up_database()
    space = await client.gallery_space()
    assert (space.pictures.count, space.trash.count, space.elsewhere.count) == (2, 0, 0)
    assert space.backups[0].path == backup.path
    assert space.database
    moved = await client.keep("move", {"outputs_dir": str(tmp_path / "other")}, steps.append)
    assert isinstance(moved, MoveReport)
    assert moved.files == 2
