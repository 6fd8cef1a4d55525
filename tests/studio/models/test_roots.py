"""Other programs' folders."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.studio.models.roots import recognise
from tests.studio.models.test_scan import lora


def test_a_plain_folder_is_looked_through_as_it_is(tmp_path: Path) -> None:
    found = recognise(tmp_path).root
    assert (found.kind, found.folders) == ("folder", (str(tmp_path),))
    with pytest.raises(NotFoundError):
        recognise(tmp_path / "gone")


def test_a1111_keeps_models_and_embeddings_apart_from_its_programs(tmp_path: Path) -> None:
    for folder in ("models/Stable-diffusion", "models/Lora", "embeddings", "venv/lib"):
        (tmp_path / folder).mkdir(parents=True)
    found = recognise(tmp_path).root
    assert found.kind == "a1111"
    assert found.folders == (str(tmp_path / "models"), str(tmp_path / "embeddings"))


def test_comfyui_with_extra_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, other, home = tmp_path / "ComfyUI", tmp_path / "webui", tmp_path / "home"
    for folder in (
        root / "models/checkpoints", root / "relative/loras", other / "models/Lora", other / "models/LyCORIS",
        other / "models/Stable-diffusion", home / "more", tmp_path / "disk",
    ):  # fmt: skip
        folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DISK", str(tmp_path / "disk"))
    (root / "extra_model_paths.yaml").write_text(
        f"""\ufeffa1111:
    base_path: {other}/
    is_default: true
    checkpoints: models/Stable-diffusion
    loras: |
         models/Lora
         models/LyCORIS
    custom_nodes: {home}
home:
    base_path: ~/
    unet: more
    clip: never/there
here:
    loras: relative/loras
    vae: [$DISK, 7]
broken: 12
"""
    )
    found = recognise(root).root
    assert found.kind == "comfyui"
    assert found.folders == tuple(
        str(folder)
        for folder in (
            root / "models", other / "models/Stable-diffusion", other / "models/Lora", other / "models/LyCORIS",
            home / "more", root / "relative/loras", tmp_path / "disk",
        )
    )  # fmt: skip
    assert "never/there" in found.notes[0]
    assert recognise(root / "extra_model_paths.yaml").root.folders == found.folders[1:]


@pytest.mark.parametrize("text", ["[", "a: &a [*a]", "x\x1b[31m: {", "- 1", "\x00", "a: {loras: 3}"])
def test_a_damaged_list_of_paths_is_told_and_the_rest_goes_on(tmp_path: Path, text: str) -> None:
    (tmp_path / "models" / "checkpoints").mkdir(parents=True)
    (tmp_path / "extra_model_paths.yaml").write_text(text)
    found = recognise(tmp_path).root
    assert found.folders == (str(tmp_path / "models"),)
    assert "\x1b" not in "".join(found.notes)


RECORDED = json.loads((Path(__file__).parent / "data" / "invokeai_models.json").read_text())


def plant_invokeai(root: Path) -> Path:
    """A root as InvokeAI leaves it: its tables with recorded models, and one of the files where it should be."""
    (root / "databases").mkdir(parents=True)
    with closing(sqlite3.connect(root / "databases" / "invokeai.db")) as connection:
        for table in RECORDED["tables"]:
            connection.execute(table)
        connection.executemany(
            "INSERT INTO models (id, config) VALUES (?, ?)",
            [(key, json.dumps(config)) for key, config in RECORDED["models"]],
        )
        connection.execute(
            "INSERT INTO model_relationships (model_key_1, model_key_2) VALUES (?, ?)",
            (RECORDED["models"][0][0], RECORDED["models"][3][0]),
        )
        connection.commit()
    key = "66666666-6666-4666-8666-666666666666"
    return lora(root / "models" / key / "EasyNegative.safetensors", note="stands in for it")


def test_invokeai_and_what_its_database_knows(tmp_path: Path) -> None:
    there = plant_invokeai(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    found = recognise(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before, "nothing is written beside another program's database"
    told = {record["key"]: record for record in found.records.values()}
    assert list(told) == [key for key, _ in RECORDED["models"]]
    for key, config in RECORDED["models"]:
        for name in ("name", "base", "type", "format", "hash"):
            assert told[key][name] == config[name]
    assert found.root.folders == (str(tmp_path / "models"),)
    pixel = found.records["/srv/models/lora/pixel_art.safetensors"]
    assert pixel["trigger_phrases"] == ("pixel art", "8bit")
    assert pixel["default_settings"] == {"weight": 0.8}
    assert pixel["related"] == (RECORDED["models"][0][0],)
    assert found.records[str(there)]["name"] == "EasyNegative"


def test_invokeais_own_settings_say_where_it_keeps_things(tmp_path: Path) -> None:
    plant_invokeai(tmp_path / "elsewhere")
    root = tmp_path / "root"
    root.mkdir()
    (root / "invokeai.yaml").write_text(
        f"schema_version: 4.0.3\nmodels_dir: {tmp_path}/elsewhere/models\ndb_dir: ../elsewhere/databases\n"
    )
    found = recognise(root)
    assert found.root.kind == "invokeai"
    assert found.root.folders == (str(tmp_path / "elsewhere" / "models"),)
    assert len(found.records) == 6


def test_a_hostile_invokeai_database(tmp_path: Path) -> None:
    (tmp_path / "databases").mkdir()
    file = tmp_path / "databases" / "invokeai.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE models (id TEXT, config TEXT)")
        configs = [
            {
                "path": "a.safetensors",
                "name": "x\x1b]0;t\x07y",
                "type": "nonsense",
                "default_settings": {"steps": -4},
            },
            {"path": ["no"], "name": 3},
            {"path": "b.safetensors", "trigger_phrases": "no list", "hash": {"a": 1}},
        ]
        rows = [("../../etc", json.dumps(configs[0])), ("k" * 9, json.dumps(configs[1])), ("*", "[[[")]
        rows.append(('x"},{"y', json.dumps(configs[2])))
        connection.executemany("INSERT INTO models VALUES (?, ?)", rows)
    found = recognise(tmp_path)
    assert found.records == {str(tmp_path / "models" / "a.safetensors"): {"name": "xy"},
                             str(tmp_path / "models" / "b.safetensors"): {}}  # fmt: skip
    file.write_bytes(b"SQLite format 3\x00 and then nonsense")
    assert "cannot be read" in recognise(tmp_path).root.notes[0]
