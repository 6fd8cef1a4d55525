"""Models that pictures name and that are not here: found by their content, else by their name."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from blake3 import blake3

from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.domain.models.records import ModelType
from invoke_tui.domain.models.wanted import WantedModel
from invoke_tui.studio.models.install.sources import Civitai, parse
from tests.studio.install.conftest import Workbench
from tests.studio.install.made import lora
from tests.studio.install.server import Fault, Site
from tests.studio.install.test_install import VERSION, civitai

SHORT = "31e35c80fc"
BY_HASH = "/api/v1/model-versions/by-hash"


def uploaded(site: Site, digest: str = SHORT) -> None:
    """Two files of one version; the second is the page's own choice, the first has the hash."""
    files = [
        {"id": 7, "name": "ink-full.safetensors", "type": "Model", "sizeKB": 2.0, "hashes": {"AutoV2": digest.upper()}},
        {"id": 8, "name": "ink.safetensors", "type": "Model", "primary": True, "hashes": {"AutoV2": "0000000000"}},
    ]  # fmt: skip
    site.files[f"{BY_HASH}/{digest}"] = json.dumps(VERSION | {"files": files}).encode()


async def test_the_file_that_has_the_hash_is_the_one_to_install(bench: Workbench, site: Site) -> None:
    uploaded(site)
    found = await bench.installs.find(WantedModel(type=ModelType.LORA, name="old", hash=SHORT))
    assert (found.source, found.name, found.by) == ("urn:air:any:model:civitai:123@456+7", "Ink v2", "hash")
    assert (found.size, found.here) == (2048, None)
    assert parse(found.source) == Civitai(123, 456, 7)
    uploaded(site, "0000000000")
    assert (await bench.installs.find(WantedModel(hash="sha256:0000000000"))).here is None


async def test_the_same_content_is_known_whatever_it_is_called_here(bench: Workbench, site: Site) -> None:
    data = lora()
    civitai(site, data)
    await bench.install("https://civitai.com/models/123?modelVersionId=456", name="Mine")
    digest = hashlib.sha256(data).hexdigest()
    site.files[f"{BY_HASH}/{digest[:10]}"] = site.files["/api/v1/model-versions/456"]
    found = await bench.installs.find(WantedModel(type=ModelType.LORA, name="ink", hash=digest[:10]))
    assert found.here is not None
    assert found.here.name == "Mine"


async def test_a_file_of_the_same_size_is_read_to_know(bench: Workbench, site: Site, tmp_path: Path) -> None:
    data = lora()
    (tmp_path / "mine.safetensors").write_bytes(data)
    await bench.install(str(tmp_path / "mine.safetensors"), in_place=True)
    hashes = {"AutoV2": SHORT, "BLAKE3": blake3(data).hexdigest().upper()}
    file = {"id": 7, "name": "ink.safetensors", "type": "Model", "sizeKB": len(data) / 1024, "hashes": hashes}
    site.files[f"{BY_HASH}/{SHORT}"] = json.dumps(VERSION | {"files": [file]}).encode()
    found = await bench.installs.find(WantedModel(type=ModelType.LORA, name="ink", hash=SHORT))
    assert found.here is not None
    assert (found.here.name, found.here.hash) == ("mine", f"blake3:{blake3(data).hexdigest()}")


async def test_what_nobody_uploaded_may_be_a_starter_model(bench: Workbench, site: Site) -> None:
    sticker = WantedModel(type=ModelType.LORA, name="Starter-Sticker", base="sd-1", hash="blake3:" + "a" * 64)
    found = await bench.installs.find(sticker)
    assert (found.source, found.by, found.here) == ("starter-sticker", "name", None)
    assert (await bench.installs.find(WantedModel(name="dreamshaper_8"))).name == "Dreamshaper 8"
    site.faults[f"{BY_HASH}/{'a' * 64}"] = Fault(status=403)
    assert (await bench.installs.find(sticker)).source == "starter-sticker"  # the site's word is not needed
    with pytest.raises(StudioError, match="does not give this file"):
        await bench.installs.find(sticker.model_copy(update={"name": "ink"}))


@pytest.mark.parametrize(
    ("hash_", "hint"),
    [
        ("", "tells no hash"),
        ("sampled:0123456789", "tells no hash"),
        ("ab" * 6, "no file with the hash abab"),
    ],
)
async def test_what_is_nowhere_is_said_in_a_line(bench: Workbench, hash_: str, hint: str) -> None:
    with pytest.raises(NotFoundError, match="Nobody known here has the LoRA foxes") as refused:
        await bench.installs.find(WantedModel(type=ModelType.LORA, name="foxes", base="sdxl", hash=hash_))
    assert hint in refused.value.hint
