"""``models install`` with a real daemon and a site that speaks the hub's paths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.studio.install.made import lora, pipeline
from tests.studio.install.server import SHA, Fault, Site


@pytest.fixture
def site(root: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with Site() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("INVOKE_TUI_ALLOW_PRIVATE_DOWNLOAD_URLS", "true")
        yield running
        run("studio", "stop")


def test_install_from_the_shell(
    run: Run, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.repository("org/Painter", pipeline())
    site.files["/ink\x1b[31m.safetensors"] = lora()

    done = run("models", "install", "org/Painter", "--json")
    assert done.code == 0, done.out
    *progress, last = done.lines
    assert {"downloading", "running", "completed"} <= {line["status"] for line in progress}
    assert (last["model"]["name"], last["model"]["base"]) == ("Painter", "sd-1")
    assert progress[-1]["bytes_done"] == progress[-1]["bytes_total"] > 0
    assert "Painter" in run("models", "list").out

    again = run("models", "install", "org/Painter")
    assert again.code == 0
    assert "already installed" in again.err

    named = run("models", "install", f"{site.web}/ink%1B%5B31m.safetensors", "--name", "Mine")
    assert named.code == 0, named.err
    assert "installed" in named.err
    assert "Mine  lora  sd-1" in named.out
    assert "\x1b" not in named.out + named.err

    monkeypatch.chdir(tmp_path)
    Path("wash.safetensors").write_bytes(lora(seed=4))
    placed = run("models", "install", "wash.safetensors", "--in-place", "--json").lines[-1]["model"]
    assert placed["path"] == str(tmp_path / "wash.safetensors")

    site.repository("org/Gated", {"a.safetensors": lora(seed=5)})
    site.faults[f"/org/Gated/resolve/{SHA}/a.safetensors"] = Fault(
        status=401, headers={"X-Error-Code": "GatedRepo"}
    )
    gated = run("models", "install", "org/Gated", "--json")
    assert gated.code == 1
    assert gated.lines[-1]["error"]["code"] == "gated"

    [failed] = [job for job in run("models", "jobs", "--json").json["jobs"] if job["status"] == "error"]
    assert "conditions" in run("models", "jobs").out
    del site.faults[f"/org/Gated/resolve/{SHA}/a.safetensors"]
    run("models", "jobs", "--resume", failed["job_id"])
    assert run("models", "install", "org/Gated").code == 0
    assert run("models", "jobs", "--prune", "--json").json == {"jobs": []}
    assert run("models", "jobs", "--cancel", "nothing").code == 3


def test_bad_requests(run: Run, site: Site) -> None:
    for source, more, code, word in (
        ("ftp://x/y.safetensors", (), 2, "ftp"),
        ("what is this", (), 2, "Sources are"),
        ("/not/there.safetensors", (), 3, "nothing at"),
        ("bundle:nothing", (), 3, "bundle:sdxl"),
        ("Tile", (), 2, "tile-sdxl"),
        ("org/repo", ("--in-place",), 2, "in place"),
        ("org/repo", ("--type", "nonsense"), 2, "type"),
        ("org/Nothing", (), 3, "no repository"),
    ):
        done = run("models", "install", source, *more)
        assert (done.code, word in done.err) == (code, True), done.err


def test_starter_list(run: Run, site: Site) -> None:
    found = run("models", "starter", "list", "--base", "sdxl", "--json").json
    assert {model["base"] for model in found["models"]} == {"sdxl"}
    assert {bundle["id"] for bundle in found["bundles"]} == {
        "starter",
        "sd1",
        "sdxl",
        "flux",
        "preprocessors",
    }
    text = run("models", "starter").out
    assert "dreamshaper-8" in text
    assert "bundle:flux" in text
    assert run("models", "starter", "tile-sdxl").code == 2
