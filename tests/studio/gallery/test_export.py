"""gallery verbs and export over a real daemon."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from invoke_tui.cli.main import main
from tests.studio.harness import StudioHarness


def picture(colour: str) -> bytes:
    texts, data = PngInfo(), io.BytesIO()
    texts.add_text("invokeai_metadata", json.dumps({"positive_prompt": f"a {colour} fox", "seed": 7}))
    Image.new("RGB", (48, 32), colour).save(data, "PNG", pnginfo=texts)
    return data.getvalue()


@pytest.mark.asyncio
async def test_found_moved_given_away_and_deleted(
    studio: StudioHarness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = await studio.start()
    for colour in ("red", "blue", "green"):
        await client.upload_image(picture(colour), category="general")

    async def said(*call: str) -> Any:
        with pytest.raises(SystemExit) as left:
            await asyncio.to_thread(main, ["gallery", *call, "--json", "--root", str(studio.root)])
        assert left.value.code == 0
        return json.loads(capsys.readouterr().out)

    assert (await said("search", "fox", "-blue"))["total"] == 2
    await said("boards", "create", "Foxes")
    assert await said("move", "--query", "fox -blue", "--board", "foxes") == {"changed": 2}
    out = tmp_path / "foxes"
    given = await said(
        "export",
        "--board",
        "foxes",
        "-o",
        str(out),
        "--names",
        "{board}/{prompt}-{seed}",
        "--strip",
        "--sidecar",
    )
    assert (len(given["images"]), given["skipped"]) == (2, [])
    files = {str(path.relative_to(out)): path for path in out.rglob("*.png")}
    assert set(files) == {"Foxes/a red fox-7.png", "Foxes/a green fox-7.png"}
    assert b"fox" not in files["Foxes/a red fox-7.png"].read_bytes()
    assert Image.open(files["Foxes/a red fox-7.png"]).getpixel((0, 0)) == (255, 0, 0)
    assert (await said("export", "last", "-o", str(tmp_path / "last.html")))["form"] == "html"
    assert (await said("delete", "--query", "fox", "--yes"))["changed"] == 3
    assert (await said("restore", "--query", "blue")) == {"changed": 1}
    assert (await said("purge", "--yes"))["purged"]["count"] == 2
