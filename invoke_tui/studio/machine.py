"""Looks at the machine: memory, disks, pressure and GPUs. Nothing here needs torch; what is not there is left out."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import psutil

from invoke_tui.domain.running.machine import DiskUse, GpuUse, MachineUse, Pressure
from invoke_tui.domain.text import safe_text

_AMD: Final = "0x1002"
_PRESSURE: Final = Path("/proc/pressure")
_CARDS: Final = Path("/sys/class/drm")


class Machine:
    """Takes one look at a time; blocks for milliseconds, so call it from a thread."""

    def __init__(self, *, pressure: Path = _PRESSURE, cards: Path = _CARDS) -> None:
        self._pressure = pressure
        self._cards = cards
        self._one_look = threading.Lock()
        self._nvml: Any = None
        self._tried_nvml = False
        psutil.cpu_percent()  # the first answer is always 0

    def look(self, folders: Mapping[str, Path]) -> MachineUse:
        """How the machine does now; ``folders`` are those whose disks matter, by label."""
        with self._one_look:
            memory, swap = psutil.virtual_memory(), psutil.swap_memory()
            return MachineUse(
                cpu=psutil.cpu_percent(),
                cores=psutil.cpu_count() or 1,
                ram_used=memory.total - memory.available,
                ram_total=memory.total,
                swap_used=swap.used,
                swap_total=swap.total,
                pressure=self._stalls(),
                disks=tuple(_disks(folders)),
                gpus=(*self._nvidia(), *self._amd()),
            )

    def _stalls(self) -> Pressure | None:
        found = {name: _stalled(self._pressure / name) for name in ("cpu", "memory", "io")}
        return Pressure(**found) if any(value is not None for value in found.values()) else None

    def _nvidia(self) -> Iterator[GpuUse]:
        nvml = self._library()
        if nvml is None:
            return
        for index in range(_told(nvml.nvmlDeviceGetCount) or 0):
            handle = _told(nvml.nvmlDeviceGetHandleByIndex, index)
            if handle is None:
                continue
            memory = _told(nvml.nvmlDeviceGetMemoryInfo, handle)
            rates = _told(nvml.nvmlDeviceGetUtilizationRates, handle)
            power = _told(nvml.nvmlDeviceGetPowerUsage, handle)
            limit = _told(nvml.nvmlDeviceGetEnforcedPowerLimit, handle)
            name = _told(nvml.nvmlDeviceGetName, handle) or "NVIDIA GPU"
            yield GpuUse(
                index=index,
                name=safe_text(name if isinstance(name, str) else name.decode(errors="replace")),
                load=None if rates is None else float(rates.gpu),
                temperature=_told(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
                power=None if power is None else power / 1000,
                power_limit=None if limit is None else limit / 1000,
                memory_used=None if memory is None else int(memory.used),
                memory_total=None if memory is None else int(memory.total),
            )

    def _library(self) -> Any:
        """NVML, initialised once; None without NVIDIA's driver."""
        if not self._tried_nvml:
            self._tried_nvml = True
            try:
                import pynvml

                pynvml.nvmlInit()
                self._nvml = pynvml
            except Exception:  # no package, no driver, a driver of another version: there is nothing to show
                self._nvml = None
        return self._nvml

    def _amd(self) -> Iterator[GpuUse]:
        """What the amdgpu driver writes into the file system."""
        if not self._cards.is_dir():
            return
        cards = sorted(self._cards.glob("card[0-9]*/device"))
        amd = [
            card for card in cards if _line(card / "vendor") == _AMD and (card / "gpu_busy_percent").exists()
        ]
        for index, card in enumerate(amd):
            sensor = next(iter(sorted(card.glob("hwmon/hwmon*"))), card)
            power = _number(sensor / "power1_average", 1e6)
            memory = [_number(card / f"mem_info_vram_{what}") for what in ("used", "total")]
            yield GpuUse(
                index=index,
                name=safe_text(_line(card / "product_name") or "AMD GPU"),
                load=_number(card / "gpu_busy_percent"),
                temperature=_number(sensor / "temp1_input", 1e3),
                power=power if power is not None else _number(sensor / "power1_input", 1e6),
                power_limit=_number(sensor / "power1_cap", 1e6),
                memory_used=None if memory[0] is None else int(memory[0]),
                memory_total=None if memory[1] is None else int(memory[1]),
            )


def _disks(folders: Mapping[str, Path]) -> Iterator[DiskUse]:
    for label, folder in folders.items():
        there = next((path for path in (folder, *folder.parents) if path.exists()), None)
        if there is not None:
            usage = shutil.disk_usage(there)
            yield DiskUse(label=label, path=str(folder), free=usage.free, total=usage.total)


def _stalled(file: Path) -> float | None:
    """``avg10`` of the line that begins with ``some``."""
    for word in (_line(file) or "").split():
        if word.startswith("avg10="):
            return float(word.removeprefix("avg10="))
    return None


def _line(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    except OSError:
        return None


def _number(file: Path, divided_by: float = 1) -> float | None:
    try:
        return float(_line(file) or "") / divided_by
    except ValueError:
        return None


def _told(ask: Callable[..., Any], *of: Any) -> Any:
    """A driver's answer, None when it has none: every card leaves something out."""
    try:
        return ask(*of)
    except Exception:
        return None
