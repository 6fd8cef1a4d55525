"""The verbs about models on a real studio, with files that would like to talk to the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.studio.models.test_scan import lora, write
from tests.support.model_tree import HOSTILE_EVERY, plant


@pytest.fixture
def studio(root: Path, run: Run) -> Iterator[Path]:
    """A studio of its own, started by the first verb and stopped at the end."""
    yield root
    run("studio", "stop")


def test_scan_install_edit_hash_and_delete(studio: Path, run: Run, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    expected = plant(tree, 2 * HOSTILE_EVERY * 6)
    style = lora(tree / "x\x1b[2J.safetensors", ss_output_name="lora [/] v1 \x1b]52;c;UFdORUQ=\x07")
    odd = write(tree / "odd.safetensors", {"some.thing": (2, 2)})

    scanned = run("models", "scan", str(tree), "--json")
    *entries, last = scanned.lines
    assert scanned.code == 0
    assert len(entries) == len(expected) + 2
    assert {e["path"]: e["status"] for e in entries if e["path"] in expected} == {
        path: right.status for path, right in expected.items()
    }
    assert set(entries[0]) >= {"path", "status", "base", "type", "format", "variant", "reason"}
    assert (last["summary"]["unknown"], last["summary"]["unreadable"]) == (1, 12)

    people = run("models", "scan", str(tree))
    assert "\x1b" not in people.out + people.err
    assert "web page" in people.out
    assert "1 unknown" in people.out.splitlines()[-1]

    assert run("models", "scan", str(tree), "--install", "all", "--json").lines[-1]["summary"]["added"] == 229
    listed = run("models", "list", "--type", "lora", "--filter", "lora [/]", "--json").json["models"]
    assert [model["path"] for model in listed] == [str(style)]
    key = listed[0]["key"]
    assert "\x1b" not in run("models", "list").out

    edited = run(
        "models", "edit", key, "--name", "Style", "--trigger", "ohwx", "--default", "weight=0.7",
        "--related", "starter", "--json",
    )  # fmt: skip
    model = edited.json["model"]
    assert (model["name"], model["trigger_phrases"]) == ("Style", ["ohwx"])
    assert model["default_settings"]["weight"] == 0.7
    assert len(model["related"]) == 1
    shown = run("models", "show", "style")
    assert "weight 0.7" in shown.out
    assert "\x1b" not in shown.out
    assert run("models", "edit", "Style", "--type", "nonsense").code == 2
    assert run("models", "edit", "Style").code == 2
    assert run("models", "edit", "nobody", "--name", "x", "--json").code == 3

    hashed = run("models", "hash", "Style", "--json").json
    assert hashed["hash"].startswith("blake3:")
    assert run("models", "show", "Style", "--json").json["model"]["hash"] == hashed["hash"]

    refused = run("models", "delete", "Style", "--files", "--yes", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "not_ours")
    assert run("models", "delete", "Style", "--files").code == 2, "nobody is there to be asked"
    assert run("models", "delete", "Style", "--json").json["model"]["key"] == key
    assert style.exists()
    assert run("models", "show", key).code == 3

    assert [f["path"] for f in run("models", "folders", "--json").json["folders"]] == [str(tree)]
    assert run("models", "scan", "--json").lines[-1]["summary"]["total"] == len(entries)
    assert run("models", "folders", "--forget", str(tree)).out == "no folders were scanned yet\n"
    assert run("models", "scan", "--json").code == 3
    gone = run("models", "scan", str(tmp_path / "gone"), "--json")
    assert (gone.code, gone.lines[-1]["error"]["code"]) == (3, "path_not_found")
    assert odd.exists()


def test_a_foreign_root_is_said_to_be_one(studio: Path, run: Run, tmp_path: Path) -> None:
    lora(tmp_path / "webui" / "models" / "Lora" / "one.safetensors", note="1")
    (tmp_path / "webui" / "models" / "Lora" / "one.json").write_text(
        json.dumps({"preferred weight": 0.6, "description": "\x1b[31mred"})
    )
    (tmp_path / "webui" / "venv").mkdir()
    lora(tmp_path / "webui" / "venv" / "no.safetensors", note="2")
    scanned = run("models", "scan", str(tmp_path / "webui"), "--install", "all", "--copy")
    assert "belongs to A1111" in scanned.err
    assert "1 installed; 1 added" in scanned.out
    model = run("models", "show", "one", "--json").json["model"]
    assert model["default_settings"]["weight"] == 0.6
    assert Path(model["path"]).is_relative_to(studio / "models")
    gone = run("models", "delete", "one", "--files", "--yes", "--json")
    assert gone.code == 0
    assert not Path(model["path"]).exists()
