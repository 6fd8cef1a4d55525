"""InvokeAI's hash, as InvokeAI computed it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from invoke_tui.domain.errors import CanceledError, NotFoundError
from invoke_tui.studio.models.fingerprint import fingerprint
from invoke_tui.studio.models.hashing import Hashing, hash_model

FILE = "blake3:4e501192ca8b2d98ab7a2b27b43709fe352dab7b8719338b67dca4ee68f4ecc5"
FOLDER = "blake3:b57934729f365ffeabb96ff41e2524f5a9a1c87ac6957454f0445d1accb69079"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.safetensors"
    path.write_bytes(b"hello world" * 1000)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in (("b.bin", b"bin"), ("c.txt", b"ignored"), ("sub/d.safetensors", b"ddd")):
        (tmp_path / "m" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "m" / name).write_bytes(content)
    return tmp_path / "m"


async def test_the_recorded_hashes(file: Path, folder: Path) -> None:
    for path, expected in ((file, FILE), (folder, FOLDER)):
        async with Hashing(path) as hashing:
            assert all([done >= 0 async for done in hashing.progress()])
            assert hashing.digest == expected


def test_a_hash_that_is_stopped_or_has_nothing_to_read(file: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(CanceledError):
        hash_model(file, lambda _: None, stop)
    file.unlink()
    file.mkdir()
    (file / "gone.bin").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotFoundError):
        hash_model(file, lambda _: None, threading.Event())


def test_a_fingerprint_is_of_the_content(file: Path, folder: Path, tmp_path: Path) -> None:
    print_ = fingerprint(file)
    assert fingerprint(file.rename(tmp_path / "other.ckpt")) == print_
    with (tmp_path / "other.ckpt").open("r+b") as changed:
        changed.seek(5000)
        changed.write(b"!")
    assert fingerprint(tmp_path / "other.ckpt") != print_
    whole = fingerprint(folder)
    assert fingerprint(folder.rename(tmp_path / "n")) == whole
    (tmp_path / "n" / "sub" / "d.safetensors").write_bytes(b"dde")
    assert fingerprint(tmp_path / "n") != whole
    (tmp_path / "empty").mkdir()
    assert fingerprint(tmp_path / "empty") == ""


def test_large_files_are_sampled(tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    with path.open("wb") as file:
        file.truncate(3 * 2**30)
    before = fingerprint(path)
    with path.open("r+b") as file:
        file.seek(3 * 2**30 - 100)
        file.write(b"x" * 100)
    assert fingerprint(path) != before
