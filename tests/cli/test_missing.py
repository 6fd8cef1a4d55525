"""``models missing`` with a real daemon and a site that speaks Civitai's paths."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from tests.cli.conftest import Run
from tests.studio.install.made import lora
from tests.studio.install.server import Site
from tests.studio.install.test_install import civitai

INFOTEXT = """a fox <lora:ink:0.8> <lora:nowhere:1>
Steps: 4, Sampler: Euler a, Seed: 7, Size: 128x128, Model: starter, Lora hashes: "ink: {}", Version: v1.10.1"""


def test_what_a_picture_misses_is_found_by_its_hash_and_installed(
    run: Run, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = lora()
    digest = hashlib.sha256(data).hexdigest()[:12]
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", INFOTEXT.format(digest))
    picture = tmp_path / "fox.png"
    Image.new("RGB", (8, 8)).save(picture, pnginfo=texts)
    with Site() as site:
        civitai(site, data)
        site.files[f"/api/v1/model-versions/by-hash/{digest}"] = site.files["/api/v1/model-versions/456"]
        monkeypatch.setenv("CIVITAI_ENDPOINT", site.url)
        monkeypatch.setenv("INVOKE_TUI_ALLOW_PRIVATE_DOWNLOAD_URLS", "true")
        told = run("models", "missing", str(picture))
        assert told.code == 3, told.err
        assert f"ink: LoRA, hash {digest}\n  the same content is to be had as Ink v2" in told.out
        page = "https://civitai.com/models/123?modelVersionId=456"
        assert f"invoke-tui models install '{page}'" in told.out
        assert "nowhere: LoRA, the picture tells no hash\n  Nobody known here has" in told.out

        brought = run("models", "missing", str(picture), "--install", "--json")
        assert brought.code == 3  # one is nowhere
        document = brought.lines[-1]
        assert [model["name"] for model in document["models"]] == ["Ink v2"]
        assert [one["wanted"]["name"] for one in document["missing"]] == ["ink", "nowhere"]

        again = json.loads(run("models", "missing", str(picture), "--json").out)
        [here, _] = again["missing"]  # it is called otherwise in the picture
        assert here["found"]["here"]["name"] == "Ink v2"
        assert here["command"] == "invoke-tui replay --substitute 'ink=Ink v2' …"
        run("studio", "stop")
