"""Device faults as errors a person can act on, and which of them end the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

from invoke_tui.domain.errors import StudioError
from invoke_tui.engine.memory.backend import DeviceBackend

GIB: Final = 2**30


class EngineFatalError(StudioError):
    """The device is broken for the rest of this process: report it, exit, and let a new worker try again."""

    default_code = "device_lost"
    fatal = True


class OutOfMemoryError(StudioError):
    """An operation did not fit. ``needed`` and ``free`` are bytes; 0 where the device does not say."""

    default_code = "out_of_memory"

    def __init__(self, message: str, *, hint: str = "", needed: int = 0, free: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.needed = needed
        self.free = free


_STICKY: Final = (
    "device-side assert",
    "illegal memory access",
    "illegal instruction",
    "misaligned address",
    "unspecified launch failure",
    "launch timed out",
    "uncorrectable ecc",
    "device-side error",
    "hip error: an illegal",
    "cuda error: unknown error",
    "no longer available",
    "has fallen off the bus",
    "context is destroyed",
)
"""Parts of the messages of device errors after which every further call in the process fails."""


def is_sticky(error: BaseException) -> bool:
    """Whether ``error`` is a device error that no later call in this process survives."""
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(part in text for part in _STICKY)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the device or the machine had no memory left (each back end words it in its own way)."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "can't allocate memory" in text or "not enough memory" in text
    )


@contextmanager
def device_errors(doing: str, backend: DeviceBackend, *, needed: int = 0, hint: str = "") -> Iterator[None]:
    """Turn torch's device errors raised inside into ``OutOfMemoryError`` or ``EngineFatalError``.

    ``doing`` completes "Out of memory while ...", ``needed`` is the estimate of the bytes the operation takes.
    """
    try:
        yield
    except StudioError:
        raise
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            free = backend.free_bytes()
            amounts = f" About {needed / GIB:.1f} GiB needed," if needed else ""
            raise OutOfMemoryError(
                f"Out of memory while {doing} on {backend.device}.{amounts} {free / GIB:.1f} GiB free.",
                hint=hint or "Choose a smaller picture or close other programs that use the device.",
                needed=needed,
                free=free,
            ) from error
        if is_sticky(error):
            raise EngineFatalError(
                f"The device {backend.device} failed while {doing}: {str(error).splitlines()[0]}",
                hint="The engine is restarted and the work is tried again.",
            ) from error
        raise
