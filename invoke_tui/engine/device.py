"""The one place that chooses device and precision, and says why."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Final, Literal

import torch

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.protocol import EngineSettings
from invoke_tui.domain.running.device import DeviceChoice, DeviceKind, PrecisionName
from invoke_tui.domain.running.gpus import half_precision_problem
from invoke_tui.engine.memory.backend import backend_for, is_registered

DTYPES: Final[dict[PrecisionName, torch.dtype]] = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
}
PrecisionSetting = Literal["auto", "float16", "bfloat16", "float32"]


def choose_device(settings: EngineSettings) -> DeviceChoice:
    """Choose for these settings and this machine.

    Raises ``BadInputError`` for a device that is unknown or not there: what was asked for is never swapped for
    another one silently.
    """
    device, reason = _device(settings.device.strip().lower())
    kind = _kind(device)
    name = _name(device, kind)
    if kind in ("cuda", "rocm"):
        precision, why = _gpu_precision(settings.precision, name, _has_bfloat16(device))
        total = int(torch.cuda.get_device_properties(device).total_memory)
    elif kind == "mps":
        precision, why = _mps_precision(settings.precision)
        total = int(torch.mps.recommended_max_memory())
    elif kind == "other":
        precision, why = _cpu_precision(settings.precision)
        total = backend_for(device).total_bytes()
    else:
        precision, why = _cpu_precision(settings.precision)
        total = 0
    return DeviceChoice(
        device=device,
        kind=kind,
        name=name,
        precision=precision,
        device_reason=reason,
        precision_reason=why,
        total_memory=total,
    )


def _device(asked: str) -> tuple[str, str]:
    if asked == "auto":
        if torch.cuda.is_available():
            return "cuda:0", "The first GPU that torch sees."
        if torch.backends.mps.is_available():
            return "mps", "Apple's GPU is there."
        return "cpu", _why_no_gpu()
    if asked == "cpu":
        return "cpu", "The settings ask for the CPU."
    if asked == "mps":
        if not torch.backends.mps.is_available():
            raise _no_device(asked, "torch sees no Apple GPU")
        return "mps", "The settings ask for Apple's GPU."
    kind, _, index = asked.partition(":")
    if is_registered(kind):
        return asked, f"The settings ask for {asked}."
    if kind in ("cuda", "rocm") and (index == "" or index.isdecimal()):
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(index or 0) >= count:
            raise _no_device(asked, f"torch sees {count} GPU{'' if count == 1 else 's'}")
        return f"cuda:{int(index or 0)}", f"The settings ask for {asked}."
    raise BadInputError(
        f"There is no device {asked!r}.",
        hint="Set device to auto, cpu, mps, cuda or cuda:N.",
        code="bad_device",
    )


def _no_device(asked: str, seen: str) -> BadInputError:
    return BadInputError(
        f"The device {asked} is not there: {seen}.", hint="Set device: auto or cpu.", code="bad_device"
    )


def _why_no_gpu() -> str:
    if torch.version.cuda is None and torch.version.hip is None:
        return "This torch is built without GPU support."
    return "torch sees no GPU."


def _kind(device: str) -> DeviceKind:
    if device.startswith("cuda"):
        return "rocm" if torch.version.hip else "cuda"
    if is_registered(device.partition(":")[0]):
        return "other"
    return "mps" if device == "mps" else "cpu"


def _name(device: str, kind: DeviceKind) -> str:
    if kind in ("cuda", "rocm"):
        return str(torch.cuda.get_device_name(device))
    if kind == "other":
        return device
    return f"Apple GPU ({platform.machine()})" if kind == "mps" else f"CPU ({_cpu_name()})"


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _has_bfloat16(device: str) -> bool:
    with torch.cuda.device(device):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def _gpu_precision(asked: PrecisionSetting, name: str, has_bfloat16: bool) -> tuple[PrecisionName, str]:
    problem = half_precision_problem(name)
    if asked == "bfloat16" and not has_bfloat16:
        return "float32", "bfloat16 was asked for, which this card cannot compute."
    if asked != "auto":
        warning = f" Beware: {problem}." if problem and asked == "float16" else ""
        return asked, f"The settings ask for {asked}.{warning}"
    if problem:
        return "float32", f"Single precision, because {problem}."
    return "float16", "Half precision is fast on this card and halves the memory."


def _mps_precision(asked: PrecisionSetting) -> tuple[PrecisionName, str]:
    if asked == "auto":
        return "float16", "Half precision halves the memory that is shared with the machine."
    return asked, f"The settings ask for {asked}."


def _cpu_precision(asked: PrecisionSetting) -> tuple[PrecisionName, str]:
    if asked == "auto":
        return "float32", "CPUs compute single precision best."
    if asked == "float16":
        return "float32", "float16 was asked for, but is slower than float32 on a CPU and less exact."
    return asked, f"The settings ask for {asked}."
