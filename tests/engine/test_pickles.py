"""Pickled checkpoints: the same picture as their safetensors, and nothing in them is ever run."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.engine.loading import pickles
from invoke_tui.engine.loading.pickles import converted
from tests.engine.test_families import Studio, studio
from tests.engine.tiny_families import original_state

__all__ = ["studio"]
pytestmark = pytest.mark.engine


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.marker}",)


def test_a_checkpoint_is_the_picture_of_its_folder(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    state = original_state(studio.folder("sd1"))
    torch.save({"state_dict": state, "global_step": 7, "callbacks": {}}, path)
    drawn = studio.picture(studio.know("sd1", path))
    assert drawn.tobytes() == studio.picture(studio.know("sd1")).tobytes()


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


def test_nested_and_shared_tensors_keep_their_names(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    path = tmp_path / "embedding.pt"
    shared = torch.arange(6.0).reshape(2, 3)
    torch.save({"string_to_param": {"*": shared}, "again": shared[0], "name": "x", "step": 3}, path)
    state = load_file(converted(path, tmp_path / "cache"))
    assert sorted(state) == ["again", "string_to_param.*"]
    assert torch.equal(state["again"], shared[0])


@pytest.mark.parametrize("how", ["zip", "plain", "state"])
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
