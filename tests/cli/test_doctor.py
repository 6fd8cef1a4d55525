import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from invoke_tui.cli.checks import device, disk, machine, terminal
from invoke_tui.cli.checks.base import GIB, Check
from tests.cli.conftest import Run
from tests.cli.fake_studio import FakeStudio


def card(name: str, memory_gib: float) -> dict[str, Any]:
    return {"name": name, "memory": int(memory_gib * GIB), "free": GIB, "driver": "580.1"}


def by_name(checks: Any) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_the_document(root: Path, run: Run) -> None:
    done = run("doctor", "--quick", "--json")
    checks = {check["name"]: check for check in done.json["checks"]}
    assert set(checks) >= {
        "python",
        "torch",
        "ram",
        "locale",
        "models folder",
        "terminal",
        "configuration",
        "studio",
    }
    assert {tuple(check) for check in done.json["checks"]} == {("name", "status", "detail", "remedy")}
    assert all(check["status"] in ("ok", "warning", "error") for check in checks.values())
    assert all(check["remedy"] for check in checks.values() if check["status"] != "ok")
    assert done.code == int(any(check["status"] == "error" for check in checks.values()))
    assert not (root / "invokeai.yaml").exists(), "looking changes nothing"


def test_torch_is_not_imported_here(root: Path) -> None:
    code = (
        "import sys; from invoke_tui.cli.checks import all_checks; "
        "list(all_checks(None, quick=True, ask_terminal=False)); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_broken_configuration_is_an_error(root: Path, run: Run) -> None:
    (root / "invokeai.yaml").write_text("port: ice\n")
    done = run("doctor", "--quick", "--json")
    assert done.code == 1
    broken = next(check for check in done.json["checks"] if check["name"] == "configuration")
    assert broken["status"] == "error"
    assert "line 1" in broken["detail"]
    assert run("doctor", "--quick").code == 1


def test_a_running_studio_and_its_missing_models(fake: FakeStudio, run: Run) -> None:
    fake.add_model("gone", missing=True)
    checks = {check["name"]: check for check in run("doctor", "--quick", "--json").json["checks"]}
    assert checks["studio"]["detail"].startswith("running, process 6")
    assert checks["models"]["status"] == "warning"
    assert "gone" in checks["models"]["detail"]


def test_a_socket_nobody_listens_on(root: Path, run: Run) -> None:
    (root / "run").mkdir()
    (root / "run/studio.sock").touch()
    checks = {check["name"]: check for check in run("doctor", "--quick", "--json").json["checks"]}
    assert checks["studio"]["status"] == "warning"


@pytest.mark.parametrize(
    ("name", "memory", "status", "word"),
    [
        ("NVIDIA H200", 139, "ok", "H200"),
        ("NVIDIA GeForce GTX 1080 Ti", 11, "warning", "half precision"),
        ("NVIDIA GeForce GTX 1650", 4, "warning", "half precision"),
        ("NVIDIA GeForce GTX 1660 SUPER", 6, "warning", "half precision"),
        ("NVIDIA GeForce RTX 3050", 6, "ok", "SDXL wants 8 GB"),
        ("NVIDIA RTX Tiny", 2, "warning", "2.0 GiB"),
    ],
)
def test_graphics_cards(
    monkeypatch: pytest.MonkeyPatch, name: str, memory: float, status: str, word: str
) -> None:
    monkeypatch.setattr(device, "driver_cards", lambda: [card(name, memory)])
    (found,) = device.checks(quick=True)
    assert found.status == status
    assert word in found.detail
    assert bool(found.remedy) == (status != "ok")


@pytest.mark.parametrize(
    ("cards", "torch", "status", "word"),
    [
        ([], {"cuda": None}, "warning", "processor"),
        ([card("H200", 139)], {"cuda": None}, "error", "cannot use the GPU"),
        ([card("H200", 139)], {"cuda": "13.0"}, "error", "cannot use the GPU"),
        ([card("H200", 139)], {"cuda": "13.0", "devices": [{"name": "H200"}]}, "ok", "computes on H200"),
        ([], {"hip": "7.1", "devices": [{"name": "MI300"}]}, "ok", "ROCm 7.1"),
        ([], {"mps": True}, "ok", "mps"),
    ],
)
def test_what_torch_can_use(
    monkeypatch: pytest.MonkeyPatch,
    cards: list[dict[str, Any]],
    torch: dict[str, Any],
    status: str,
    word: str,
) -> None:
    answer = {"version": "2.10", "cuda": None, "hip": None, "mps": False, "devices": []} | torch
    monkeypatch.setattr(device, "driver_cards", lambda: cards)
    monkeypatch.setattr(device, "_ASK_TORCH", f"print('noise'); print({json.dumps(answer)!r})")
    *_, found = device.checks(quick=False)
    assert found.status == status
    assert word in found.detail


@pytest.mark.parametrize(
    "code", ["raise ImportError('no libcudart')", "import os; os.kill(os.getpid(), 9)", ""]
)
def test_a_torch_that_does_not_run(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(device, "driver_cards", list)
    monkeypatch.setattr(device, "_ASK_TORCH", code)
    (found,) = device.checks(quick=False)
    assert found.status == "error"
    assert "torch does not run" in found.detail


def test_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=8 * GIB, available=GIB))
    assert by_name(machine.checks())["ram"].status == "warning"


def test_a_locale_that_is_not_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda _: "ANSI_X3.4-1968")
    assert by_name(machine.checks())["locale"].status == "warning"


@pytest.mark.parametrize(
    ("free", "kind", "status"),
    [
        (50 * GIB, "ext4", "ok"),
        (GIB, "ext4", "warning"),
        (2**20, "ext4", "error"),
        (50 * GIB, "tmpfs", "warning"),
    ],
)
def test_room_on_disk(root: Path, monkeypatch: pytest.MonkeyPatch, free: int, kind: str, status: str) -> None:
    from invoke_tui.config.paths import locate

    monkeypatch.setattr("psutil.disk_usage", lambda _: SimpleNamespace(free=free))
    monkeypatch.setattr(disk, "file_system", lambda _: kind)
    assert by_name(disk.checks(locate(root)))["models folder"].status == status


def test_the_file_system_is_that_of_the_deepest_mount(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mounts = [("/", "ext4"), (str(tmp_path), "tmpfs"), (f"{tmp_path}-other", "xfs")]
    parts = [SimpleNamespace(mountpoint=point, fstype=kind) for point, kind in mounts]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: parts)
    assert disk.file_system(tmp_path / "models") == "tmpfs"
    assert disk.file_system(Path("/")) == "ext4"


@pytest.mark.parametrize(
    ("passthrough", "features", "pictures", "colours"),
    [
        ("on", "256,RGB,title", "ok", "ok"),
        ("all", "", "ok", "warning"),
        ("off", "RGB", "warning", "ok"),
        ("", "", "warning", "warning"),
    ],
)
def test_tmux(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    passthrough: str,
    features: str,
    pictures: str,
    colours: str,
) -> None:
    program = tmp_path / "tmux"
    program.write_text(
        '#!/bin/sh\ncase "$*" in\n'
        f"*allow-passthrough*) echo '{passthrough}';;\n*termfeatures*) echo '{features}';;\nesac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = by_name(terminal.tmux_checks())
    assert (found["tmux pictures"].status, found["tmux colours"].status) == (pictures, colours)


def test_one_broken_check_does_not_stop_the_others(
    root: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: 1 / 0)
    done = run("doctor", "--quick", "--json")
    checks = {check["name"]: check for check in done.json["checks"]}
    assert done.code == 1
    assert "broke" in checks["machine"]["detail"]
    assert "configuration" in checks
