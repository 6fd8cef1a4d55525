"""From every kind of source to a model on the list."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.installs import InstallRequest, InstallStatus, StarterBundle, StarterModel
from invoke_tui.studio.models.install import starters
from tests.studio.install.conftest import Workbench
from tests.studio.install.made import lora, pipeline, safetensors
from tests.studio.install.server import SHA, Fault, Site


async def test_a_file_from_an_address(bench: Workbench, site: Site) -> None:
    site.files["/files/Ink.safetensors"] = lora()
    job = await bench.install(f"{site.web}/files/Ink.safetensors?download=true")
    assert job.status is InstallStatus.COMPLETED, job.error
    model = job.model
    assert model is not None
    assert (model.name, model.type, model.base, model.source_type) == ("Ink", "lora", "sd-1", "url")
    assert model.key == job.job_id
    assert Path(model.path) == bench.models.folder / model.key / "Ink.safetensors"
    assert Path(model.path).read_bytes() == lora()
    assert not model.in_place
    assert job.bytes_done == job.bytes_total == len(lora())
    assert list((bench.models.folder / ".downloads").iterdir()) == []
    assert [type(event).__name__ for event in bench.events].count("ModelsChanged") == 1
    again = await bench.installs.start(
        InstallRequest(source=f"{site.web}/files/Ink.safetensors?download=true")
    )
    assert (again.jobs, [m.key for m in again.installed]) == ([], [model.key])


async def test_the_same_content_from_elsewhere_is_installed_once(bench: Workbench, site: Site) -> None:
    site.files |= {"/a/one.safetensors": lora(), "/b/two.safetensors": lora()}
    first = await bench.install(f"{site.web}/a/one.safetensors")
    second = await bench.install(f"{site.web}/b/two.safetensors")
    assert second.model == first.model
    assert second.note == "already installed as one"
    assert len(bench.placed()) == 1


async def test_the_same_content_at_the_same_time(bench: Workbench, site: Site) -> None:
    names = [f"/{number}/ink{number}.safetensors" for number in range(4)]
    site.files |= dict.fromkeys(names, lora())
    answers = [await bench.installs.start(InstallRequest(source=site.web + name)) for name in names]
    jobs = [await bench.finished(answer.jobs[0].job_id) for answer in answers]
    assert len({job.model.key for job in jobs if job.model}) == 1
    assert sum(not job.note for job in jobs) == 1
    assert len(bench.placed()) == 1
    await bench.models.refresh()
    assert len(bench.names()) == 1


async def test_a_name_from_the_server_stays_in_the_folder(bench: Workbench, site: Site) -> None:
    site.files["/get/7"] = lora()
    site.headers["/get/7"] = {"Content-Disposition": 'attachment; filename="..\\\\../../etc/CON.safetensors"'}
    job = await bench.install(f"{site.web}/get/7")
    assert job.model is not None
    assert Path(job.model.path) == bench.models.folder / job.model.key / "_CON.safetensors"


async def test_a_repository_without_twins_pickles_and_programs(bench: Workbench, site: Site) -> None:
    site.repository("org/Painter", pipeline())
    job = await bench.install("org/Painter")
    assert job.status is InstallStatus.COMPLETED, job.error
    model = job.model
    assert model is not None
    assert (model.name, model.type, model.base, model.format) == ("Painter", "main", "sd-1", "diffusers")
    assert (model.source, model.source_type) == ("org/Painter", "hf_repo_id")
    found = {str(p.relative_to(model.path)) for p in Path(model.path).rglob("*") if p.is_file()}
    assert found == {
        "model_index.json", "scheduler/scheduler_config.json", "tokenizer/vocab.json", "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
    }  # fmt: skip
    await bench.models.refresh()
    assert bench.names() == ["Painter"]


async def test_a_variant_and_a_single_file_of_a_repository(bench: Workbench, site: Site) -> None:
    site.repository("org/Painter", pipeline() | {"extras/ink.safetensors": lora()})
    half = await bench.install("org/Painter:fp16")
    assert half.model is not None
    [weights] = Path(half.model.path).rglob("*.safetensors")
    assert weights.name == "diffusion_pytorch_model.fp16.safetensors"
    one = await bench.install(f"{site.url}/org/Painter/blob/main/extras/ink.safetensors")
    assert one.model is not None
    assert (one.model.name, one.model.source) == ("ink", "org/Painter::extras/ink.safetensors")
    assert Path(one.model.path).name == "ink.safetensors"


async def test_two_folders_of_a_repository_are_one_model(bench: Workbench, site: Site) -> None:
    encoder = safetensors(
        {"encoder.block.0.layer.0.SelfAttention.q.weight": [8, 8], "encoder.final_layer_norm.weight": [8]}
    )
    config = json.dumps({"architectures": ["T5EncoderModel"], "model_type": "t5", "d_model": 8}).encode()
    files = {
        "enc/config.json": config,
        "enc/model.safetensors": encoder,
        "tok/spiece.model": b"x",
        "vae/config.json": b"{}",
    }
    site.repository("org/T5", files)
    model = (await bench.install("org/T5::enc+tok", type="t5_encoder", base="any", name="T5")).model
    assert model is not None
    assert sorted(path.name for path in Path(model.path).iterdir()) == ["enc", "tok"]
    await bench.models.refresh()
    assert bench.names() == ["T5"]


async def test_loose_files_of_a_repository(bench: Workbench, site: Site) -> None:
    site.repository("org/Ink", {"ink_v2.safetensors": lora(), "README.md": b"#"})
    assert (await bench.install("org/Ink")).status is InstallStatus.COMPLETED
    site.repository("org/Many", {"a.safetensors": lora(seed=1), "b.safetensors": lora(seed=2)})
    job = await bench.install("org/Many")
    assert job.error is not None
    assert "org/Many::a.safetensors" in job.error.hint
    assert job.error.exit_code == 3


async def test_the_hubs_own_cache_is_linked(bench: Workbench, site: Site) -> None:
    files = pipeline()
    site.repository("org/Painter", files)
    folder = Path(bench.environment["HOME"]) / ".cache/huggingface/hub/models--org--Painter"
    path = "unet/diffusion_pytorch_model.safetensors"
    blob, link = folder / "blobs/abc", folder / "snapshots" / SHA / path
    for place in (blob, link):
        place.parent.mkdir(parents=True)
    blob.write_bytes(files[path])
    link.symlink_to(os.path.relpath(blob, link.parent))
    job = await bench.install("org/Painter")
    assert job.model is not None
    assert (Path(job.model.path) / path).samefile(blob)
    assert not site.requests(f"/org/Painter/resolve/{SHA}/{path}")
    assert site.requests(f"/org/Painter/resolve/{SHA}/unet/config.json")


async def test_without_a_connection_the_hubs_cache_is_enough_when_it_is_whole(
    bench: Workbench, site: Site
) -> None:
    folder = Path(bench.environment["HOME"]) / ".cache/huggingface/hub/models--org--Painter"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs/main").write_text(SHA)
    snapshot = folder / "snapshots" / SHA
    site.faults["/api/models/org/Painter/revision/main"] = Fault(status=503)
    for path, data in pipeline().items():
        if not path.startswith("unet/"):
            (snapshot / path).parent.mkdir(parents=True, exist_ok=True)
            (snapshot / path).write_bytes(data)
    job = await bench.install("org/Painter")
    assert job.error is not None
    assert job.error.code == "hub_unreachable"
    for path, data in pipeline().items():
        (snapshot / path).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / path).write_bytes(data)
    job = await bench.install("org/Painter")
    assert job.status is InstallStatus.COMPLETED, job.error


VERSION = {
    "id": 456, "modelId": 123, "name": "v2", "baseModel": "SD 1.5", "trainedWords": ["inkstyle, wet ink"],
    "description": "<p>Ink \x1b[31mwashes</p>", "model": {"name": "Ink", "type": "LORA"},
}  # fmt: skip


def civitai(site: Site, data: bytes, *, sha256: str | None = None) -> None:
    digest = sha256 or hashlib.sha256(data).hexdigest().upper()
    files = [
        {"id": 1, "name": "ink.ckpt", "type": "Model", "primary": True, "metadata": {"format": "PickleTensor"},
         "downloadUrl": "https://civitai.com/api/download/models/456?format=PickleTensor"},
        {"id": 2, "name": "ink v2.safetensors", "type": "Model", "sizeKB": len(data) / 1024,
         "metadata": {"format": "SafeTensor"}, "hashes": {"SHA256": digest},
         "downloadUrl": "https://civitai.com/api/download/models/456"},
        {"id": 3, "name": "data.zip", "type": "Training Data"},
    ]  # fmt: skip
    images = [{"url": f"{site.url}/picture.png", "type": "image"}]
    version = VERSION | {"files": files, "images": images}
    site.files["/api/v1/model-versions/456"] = json.dumps(version).encode()
    site.files["/api/v1/models/123"] = json.dumps(
        {"id": 123, "name": "Ink", "modelVersions": [version]}
    ).encode()
    site.files["/api/download/models/456"] = data
    site.files["/picture.png"] = b"\x89PNG\r\n\x1a\nnot much of a picture"


@pytest.mark.parametrize(
    "source",
    [
        "https://civitai.com/models/123/ink?modelVersionId=456",
        "civitai.com/models/123",
        "https://civitai.com/api/download/models/456?type=Model&format=SafeTensor",
        "urn:air:sd1:lora:civitai:123@456",
        "sd1:lora:civitai:123@456+2.safetensor",
    ],
)
async def test_civitai(bench: Workbench, site: Site, source: str) -> None:
    civitai(site, lora())
    job = await bench.install(source)
    assert job.status is InstallStatus.COMPLETED, job.error
    model = job.model
    assert model is not None
    assert (model.name, model.type) == ("Ink v2", "lora")
    assert model.trigger_phrases == ("inkstyle", "wet ink")
    assert model.description == "Ink washes"
    assert model.source == "https://civitai.com/models/123?modelVersionId=456"
    assert Path(model.path).name == "ink_v2.safetensors"
    assert model.cover_image == str(Path(model.path).with_name("ink_v2.preview.png"))


async def test_paths_are_copied_or_used_in_place(bench: Workbench, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "a.safetensors").write_bytes(lora(seed=1))
    (mine / "a.civitai.info").write_text('{"trainedWords": ["wet ink"]}')
    (mine / "a.preview.png").write_bytes(b"a picture")
    (mine / "b.safetensors").write_bytes(lora(seed=2))
    copied = (await bench.install(str(mine / "a.safetensors"))).model
    assert copied is not None
    assert Path(copied.path).is_relative_to(bench.models.folder)
    assert Path(copied.path).read_bytes() == lora(seed=1)
    assert not Path(copied.path).samefile(mine / "a.safetensors")
    assert copied.trigger_phrases == ("wet ink",)
    assert copied.cover_image == str(Path(copied.path).with_name("a.preview.png"))
    placed = (await bench.install(str(mine / "b.safetensors"), in_place=True)).model
    assert placed is not None
    assert (placed.path, placed.in_place) == (str(mine / "b.safetensors"), True)
    assert len(list(mine.iterdir())) == 4
    again = await bench.installs.start(InstallRequest(source=str(mine / "b.safetensors")))
    assert again.installed == [placed]
    (mine / "c.safetensors").write_bytes(lora(seed=1))
    assert (await bench.install(str(mine / "c.safetensors"))).note == "already installed as a"


async def test_a_folder_is_copied_whole(bench: Workbench, tmp_path: Path) -> None:
    for path, data in pipeline().items():
        place = tmp_path / "Painter" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    model = (await bench.install(str(tmp_path / "Painter"))).model
    assert model is not None
    assert (model.name, model.format) == ("Painter", "diffusers")
    assert not list(Path(model.path).rglob("*.py"))


async def test_what_nobody_knows_needs_a_word_from_the_person(bench: Workbench, tmp_path: Path) -> None:
    strange = tmp_path / "strange.safetensors"
    strange.write_bytes(safetensors({"who.knows": [3, 3]}))
    code, words = await bench.failure(str(strange))
    assert code == "not_identified"
    assert "--type" in words
    model = (await bench.install(str(strange), type="vae", base="sdxl", name="Mine")).model
    assert model is not None
    assert (model.name, model.type, model.base) == ("Mine", "vae", "sdxl")


def starter(name: str, source: str, type_: str, **more: Any) -> StarterModel:
    return StarterModel.model_validate(
        {"id": name.lower(), "name": name, "source": source, "base": "sd-1", "type": type_, **more}
    )


async def test_a_starter_brings_what_it_needs(
    bench: Workbench, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = starters.starters().model_copy(
        update={
            "models": (
                starter("Main", "org/Painter", "main", dependencies=("ink", "wash")),
                starter("Ink", "org/Ink::ink.safetensors", "lora"),
                starter("Wash", "org/Wash::wash.safetensors", "lora"),
            ),
            "bundles": (StarterBundle(id="sd1", name="SD", models=("main", "ink")),),
        }
    )  # fmt: skip
    monkeypatch.setattr(starters, "starters", lambda: table)
    site.repository("org/Painter", pipeline())
    site.repository("org/Ink", {"ink.safetensors": lora(seed=1)})
    site.repository("org/Wash", {"wash.safetensors": lora(seed=2)})
    await bench.install("org/Ink::ink.safetensors")
    answer = await bench.installs.start(InstallRequest(source="bundle:sd1"))
    assert [model.name for model in answer.installed] == ["ink"]
    assert [job.name for job in answer.jobs] == ["Wash", "Main"]
    for job in answer.jobs:
        assert (await bench.finished(job.job_id)).status is InstallStatus.COMPLETED
    assert sorted(bench.names()) == ["Main", "Wash", "ink"]
    assert set((await bench.installs.starter_list()).installed) == {"main", "ink", "wash"}
    with pytest.raises(BadInputError, match="bundle"):
        await bench.installs.start(InstallRequest(source="bundle:sd1", name="x"))
