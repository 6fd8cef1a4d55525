"""Pickled checkpoints: the same picture as their safetensors, and nothing in them is ever run."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import sys
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.engine.loading import pickles, unpickle
from invoke_tui.engine.loading.pickles import converted
from tests.engine.test_families import Studio
from tests.engine.tiny_families import original_state

pytestmark = pytest.mark.engine


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.marker}",)


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child's work in this process: importing torch anew is all that takes time."""

    def run(path: Path, target: Path, size: int) -> None:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = unpickle.main(str(path), str(target), size)
        if code:
            raise pickles._refused(path, said.getvalue().strip())

    monkeypatch.setattr(unpickle, "confine", lambda size: None)
    monkeypatch.setattr(pickles, "_run_child", run)


def test_a_checkpoint_is_the_picture_of_its_folder(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    state = original_state(studio.folder("sd1"))
    torch.save({"state_dict": state, "global_step": 7, "callbacks": {}}, path)
    drawn = studio.picture(studio.know("sd1", path))
    assert drawn.tobytes() == studio.picture(studio.know("sd1")).tobytes()


@pytest.mark.usefixtures("at_home")
def test_weights_of_a_folder_may_be_pickles(studio: Studio, tmp_path: Path) -> None:
    import shutil

    from safetensors.torch import load_file

    folder = tmp_path / "pickled"
    shutil.copytree(studio.folder("sd1"), folder)
    for part, name in (("unet", "diffusion_pytorch_model"), ("text_encoder", "model")):
        old = folder / part / f"{name}.safetensors"
        new = f"pytorch_{name}" if name == "model" else name
        torch.save(load_file(old), folder / part / f"{new}.bin")
        old.unlink()
    drawn = studio.picture(studio.know("sd1", folder))
    assert drawn.tobytes() == studio.picture(studio.know("sd1")).tobytes()


@pytest.mark.usefixtures("at_home")
def test_a_copy_is_made_once_and_anew_when_the_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch.save({"a": torch.ones(2)}, path)
    first = converted(path, tmp_path / "cache")
    stamp = first.stat().st_mtime_ns
    assert converted(path, tmp_path / "cache") == first
    assert first.stat().st_mtime_ns == stamp
    torch.save({"a": torch.zeros(3)}, path)
    assert converted(path, tmp_path / "cache") != first
    assert len(list((tmp_path / "cache").iterdir())) == 2, "nothing half made is left"


@pytest.mark.usefixtures("at_home")
def test_nested_and_shared_tensors_keep_their_names(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    path = tmp_path / "embedding.pt"
    shared = torch.arange(6.0).reshape(2, 3)
    torch.save({"string_to_param": {"*": shared}, "again": shared[0], "name": "x", "step": 3}, path)
    state = load_file(converted(path, tmp_path / "cache"))
    assert sorted(state) == ["again", "string_to_param.*"]
    assert torch.equal(state["again"], shared[0])


@pytest.mark.usefixtures("at_home")
def test_what_trainers_leave_in_their_files_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first Stable Diffusion checkpoints name a class of Lightning and hold numbers of numpy's."""
    import numpy as np

    module = ModuleType("pytorch_lightning.callbacks.model_checkpoint")
    trained = type("ModelCheckpoint", (), {"__module__": module.__name__})
    module.ModelCheckpoint = trained  # type: ignore[attr-defined]
    for name in ("pytorch_lightning", "pytorch_lightning.callbacks"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    path = tmp_path / "sd-v1-4.ckpt"
    beside = {trained: {"best": np.float64(0.5)}, "step": np.int64(7)}
    torch.save({"state_dict": {"weight": torch.ones(2)}, "callbacks": beside}, path)
    from safetensors.torch import load_file

    assert list(load_file(converted(path, tmp_path / "cache"))) == ["weight"]


@pytest.mark.parametrize("how", ["zip", "plain", "state"])
@pytest.mark.usefixtures("at_home")
def test_nothing_is_run(how: str, tmp_path: Path) -> None:
    marker, path = tmp_path / "was-run", tmp_path / "evil.ckpt"
    content = {"state_dict": {"weight": torch.ones(1), "evil": Evil(marker)}}
    if how == "plain":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content if how == "state" else Evil(marker), path)
    with pytest.raises(BadInputError, match="is a pickle that is not read") as caught:
        converted(path, tmp_path / "cache")
    assert caught.value.code == "unsafe_weights"
    assert "posix.system" in caught.value.message or how == "plain"
    assert not marker.exists()
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_child_refuses_as_well(tmp_path: Path) -> None:
    path = tmp_path / "evil.ckpt"
    torch.save({"weight": torch.ones(1), "evil": Evil(tmp_path / "was-run")}, path)
    with pytest.raises(BadInputError, match=r"it would run posix.system"):
        converted(path, tmp_path / "cache")
    assert not (tmp_path / "was-run").exists()


def test_a_bomb_ends_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that asks for terabytes takes neither the machine nor the engine with it."""
    path = tmp_path / "bomb.pt"
    torch.save({"weight": torch.ones(4)}, path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith("data.pkl"):
                data = data.replace(b"K\x04\x85", b"\x8a\x06\x00\x00\x00\x00\x00\x10\x85")
            new.writestr(entry, data)
    path.write_bytes(buffer.getvalue())
    with pytest.raises(BadInputError, match="is a pickle that is not read"):
        converted(path, tmp_path / "cache")


@pytest.mark.parametrize("content", [b"", b"<html>login</html>", b"\x80\x02"])
@pytest.mark.usefixtures("at_home")
def test_what_is_no_pickle_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "page.ckpt"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match="is a pickle that is not read"):
        converted(path, tmp_path / "cache")


def test_no_room_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pt"
    with pytest.raises(NotFoundError, match="is missing"):
        converted(path, tmp_path / "cache")
    torch.save({"a": torch.ones(2)}, path)
    monkeypatch.setattr(pickles.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(StudioError, match=r"0\.0 GB are free"):
        converted(path, tmp_path / "cache")


def test_the_child_has_no_network_and_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def run(command: list[str], **options: Any) -> Any:
        seen.update(options, command=command)
        raise pickles.subprocess.TimeoutExpired(command, 1)

    monkeypatch.setenv("HF_TOKEN", "canary")
    monkeypatch.setattr(pickles.subprocess, "run", run)
    path = tmp_path / "a.pt"
    torch.save({"a": torch.ones(2)}, path)
    with pytest.raises(BadInputError, match="took more than 15 minutes"):
        converted(path, tmp_path / "cache")
    assert "canary" not in str(seen["env"])
    assert seen["stdin"] == pickles.subprocess.DEVNULL
