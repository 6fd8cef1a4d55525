"""The environment a worker is born with. Some switches only work before its first import."""

from __future__ import annotations

import os
from typing import Final

_UNLESS_SET: Final = {
    # glibc hands blocks above this back to the system at once: weights that were freed do not stay in the heap
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    # threads that wait for each other sleep: spinning, they take the cores from the one that is waited for as soon as
    # anything else runs on the machine; small pictures then took twenty times as long
    "OMP_WAIT_POLICY": "PASSIVE",
}
_ALWAYS: Final = {
    # a worker reads local files only, and never runs code that lies beside weights
    "HF_HUB_OFFLINE": "1",
    "DIFFUSERS_DISABLE_REMOTE_CODE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUNBUFFERED": "1",
}
_ALLOCATOR: Final = "PYTORCH_CUDA_ALLOC_CONF"
_OURS: Final = ("INVOKE_TUI_", "INVOKEAI_")


def worker_environment(allocator: str | None) -> dict[str, str]:
    """The daemon's environment without our own settings (they travel as JSON), with what a worker needs.

    The device is chosen by name in the settings. ``CUDA_VISIBLE_DEVICES`` is left as the person set it: hiding devices
    would renumber them, and a worker may use an idle neighbour for its text encoders.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    chosen = {_ALLOCATOR: allocator} if allocator else {}
    return _UNLESS_SET | inherited | _ALWAYS | chosen
