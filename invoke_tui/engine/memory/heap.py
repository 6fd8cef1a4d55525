"""glibc's heap on a CPU, where weights and the tensors of every step come out of it."""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
REUSED_BYTES: Final = 32 * 2**20
"""Blocks up to here are reused; glibc accepts no more. Below it lie most tensors of a step."""
UNUSED_TOP_BYTES: Final = 256 * 2**20


def reuse_blocks() -> None:
    """Keep freed blocks for the next step.

    A worker is born with a threshold above which each block is mapped and unmapped (the daemon sets it for workers
    with a GPU, whose heap holds weights only). On a CPU that maps every tensor of every step anew: a sixth of the
    time goes into page faults.
    """
    if (libc := _glibc()) is not None:
        libc.mallopt(M_MMAP_THRESHOLD, REUSED_BYTES)
        libc.mallopt(M_TRIM_THRESHOLD, UNUSED_TOP_BYTES)


def give_back() -> None:
    """Return what is free in the heap to the system, after models were dropped."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


def _glibc() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
