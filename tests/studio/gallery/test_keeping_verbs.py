"""The verbs that look after the files, from the shell."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from invoke_tui.cli.main import main
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
