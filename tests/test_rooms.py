"""The house rules: who may import whom, and where torch never comes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WITHOUT_TORCH = ("domain", "config", "prompt", "nodes", "studio", "client", "tui", "cli")
HEAVY = (
    "torch",
    "diffusers",
    "transformers",
    "compel",
    "safetensors",
    "tokenizers",
    "torchsde",
    "scipy",
    "accelerate",
)


@pytest.mark.parametrize("room", WITHOUT_TORCH)
def test_a_room_and_all_in_it_bring_in_no_torch(room: str) -> None:
    code = f"""
import importlib, pkgutil, sys
room = importlib.import_module("invoke_tui.{room}")
for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
    if not module.name.endswith("__main__") and ".migrations." not in module.name:
        importlib.import_module(module.name)
print(*[name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("invoke_tui.config.paths", ("pydantic", "yaml")),
        ("invoke_tui.cli.main", ("typer", "pydantic", "rich", "textual", "httpx")),
        (
            "invoke_tui.cli.verbs",
            ("textual", "httpx", "fastapi", "sqlalchemy", "yaml", "PIL", "numpy", "psutil"),
        ),
        ("invoke_tui.config.settings", ("textual", "httpx", "fastapi", "sqlalchemy", "typer", "rich")),
    ],
)
def test_what_is_needed_first_is_light(module: str, unwanted: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*[name for name in {unwanted!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_the_rooms_keep_their_walls() -> None:
    tool = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([tool], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
