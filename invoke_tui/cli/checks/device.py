"""What there is to compute on. torch is asked in a process of its own: this one stays small."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

from invoke_tui.cli.checks.base import GIB, Check, gib
from invoke_tui.domain.running.gpus import half_precision_problem
from invoke_tui.domain.text import safe_text

_ASK_TORCH: Final = """
import json, torch
found = {"version": torch.__version__, "cuda": torch.version.cuda, "hip": getattr(torch.version, "hip", None)}
mps = getattr(torch.backends, "mps", None)
found["mps"] = bool(mps and mps.is_available())
found["devices"] = []
if torch.cuda.is_available():
    for number in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(number)
        found["devices"].append({"name": about.name, "memory": about.total_memory,
                                 "capability": [about.major, about.minor]})
        torch.ones(8, device=f"cuda:{number}").sum().item()
print(json.dumps(found))
"""
_TIMEOUT: Final = 120
_SMALL_VRAM: Final = 4 * GIB
_SDXL_VRAM: Final = 8 * GIB


def checks(*, quick: bool) -> Iterator[Check]:
    """Yield what the driver says, and (unless ``quick``) what torch can use of it."""
    cards = driver_cards()
    for number, card in enumerate(cards):
        yield _card(f"gpu {number}", card)
    if quick:
        if not cards:
            yield Check("gpu", "warning", "the NVIDIA driver shows no card", _SLOW)
        return
    yield _torch(cards)


_SLOW: Final = "Pictures are made on the processor: fine for the starter model, slow for others."


def driver_cards() -> list[dict[str, Any]]:
    """Ask the NVIDIA driver; no driver, no cards."""
    try:
        import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        return [_asked(pynvml, number) for number in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return []
    finally:
        pynvml.nvmlShutdown()


def _asked(pynvml: Any, number: int) -> dict[str, Any]:
    handle = pynvml.nvmlDeviceGetHandleByIndex(number)
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    name = pynvml.nvmlDeviceGetName(handle)
    return {
        "name": name.decode(errors="replace") if isinstance(name, bytes) else name,
        "memory": int(memory.total),
        "free": int(memory.free),
        "driver": str(pynvml.nvmlSystemGetDriverVersion()),
    }


def _card(label: str, card: dict[str, Any]) -> Check:
    detail = f"{safe_text(card['name'])}, {gib(card['memory'])} VRAM, {gib(card['free'])} free, driver {card['driver']}"
    problem = half_precision_problem(card["name"])
    if problem:
        return Check(
            label,
            "warning",
            f"{detail}; {problem}",
            "precision: float32 is chosen; it takes twice the memory.",
        )
    if card["memory"] < _SMALL_VRAM * 0.95:
        remedy = "4 GB are needed for Stable Diffusion 1.5 and 8 GB for SDXL; keep enable_partial_loading on."
        return Check(label, "warning", detail, remedy)
    if card["memory"] < _SDXL_VRAM * 0.95:
        return Check(label, "ok", f"{detail}; enough for Stable Diffusion 1.5, SDXL wants 8 GB")
    return Check(label, "ok", detail)


def _torch(cards: list[dict[str, Any]]) -> Check:
    found, trouble = _ask_torch()
    if found is None:
        return Check("device", "error", f"torch does not run: {trouble}", "Install invoke-tui again.")
    kind = f"ROCm {found['hip']}" if found["hip"] else f"CUDA {found['cuda']}"
    if found["devices"]:
        names = ", ".join(safe_text(device["name"]) for device in found["devices"])
        return Check("device", "ok", f"torch {found['version']} ({kind}) computes on {names}")
    if found["mps"]:
        return Check("device", "ok", f"torch {found['version']} computes on Apple's GPU (mps)")
    if cards and found["cuda"] is None:
        remedy = "This torch is built for the processor only. Install the CUDA build of torch."
        return Check("device", "error", f"torch {found['version']} cannot use the GPU", remedy)
    if cards:
        remedy = "Compare the driver's CUDA version (nvidia-smi) with torch's, and update the driver."
        return Check("device", "error", f"torch {found['version']} ({kind}) cannot use the GPU", remedy)
    return Check("device", "warning", f"torch {found['version']} computes on the processor", _SLOW)


def _ask_torch() -> tuple[dict[str, Any] | None, str]:
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _ASK_TORCH],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, safe_text(error, limit=200)
    try:
        return dict(json.loads(done.stdout.splitlines()[-1])), ""
    except (ValueError, IndexError, TypeError):
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [
            f"exit code {done.returncode}"
        ]
        return None, safe_text(last[0], limit=200)
