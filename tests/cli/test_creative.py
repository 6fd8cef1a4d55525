"""The flags of creative upscaling become what is asked for, and what is wrong names its flag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from invoke_tui.cli import upscale as verb
from invoke_tui.domain.request.creative import CreativeRequest
from invoke_tui.domain.request.parameters import LoRARequest
from invoke_tui.domain.request.upscaling import UpscaleRequest
from tests.cli.conftest import Run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[UpscaleRequest]:
    """What would be sent, in place of sending it."""
    sent: list[UpscaleRequest] = []

    async def work(call: Any) -> int:
        sent.append(call.wishes)
        return 0

    monkeypatch.setattr(verb._Call, "work", work)
    return sent


def test_flags(run: Run, asked: list[UpscaleRequest], tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"looked at later")
    assert run("upscale", str(tmp_path), "--model", "real", "--tile-size", "256").code == 0
    assert asked[0].creative is None
    assert run("upscale", str(tmp_path), "--creative").code == 0
    assert asked[1].creative == CreativeRequest()
    flags = ["--creativity", "-2.5", "--structure", "3", "--prompt", "a fox", "--main-model", "xl"]
    flags += [
        "--lora",
        "fur:0.5",
        "--lora",
        "snow",
        "--steps",
        "12",
        "--creative-tile",
        "768",
        "--model",
        "real",
    ]
    assert run("upscale", str(tmp_path), *flags, "--without-control", "--tile-size", "256").code == 0
    assert asked[2].model == "real"
    assert asked[2].tile_size == 256
    assert asked[2].creative == CreativeRequest(
        creativity=-2.5,
        structure=3,
        positive_prompt="a fox",
        model="xl",
        loras=(LoRARequest(model="fur", weight=0.5), LoRARequest(model="snow")),
        steps=12,
        tile_size=768,
        uncontrolled=True,
    )


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--creativity", "11"], "--creativity 11"),
        (["--creative-tile", "100"], "--creative-tile 100"),
        (["--scheduler", "nope"], "--scheduler nope"),
        (["--control", "x", "--without-control"], "one or the other"),
    ],
)
def test_what_is_wrong_names_its_flag(
    run: Run, asked: list[UpscaleRequest], flags: list[str], told: str, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    outcome = run("upscale", str(tmp_path), *flags)
    assert outcome.code == 2
    assert told in outcome.err
    assert asked == []
