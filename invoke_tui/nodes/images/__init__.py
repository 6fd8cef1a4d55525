"""What nodes do to pixels: plain Pillow, numpy and OpenCV on pictures of 8 bits. No torch, no files but for reading.

Each module is imported when it is first used (``images.masks.gradient_mask``): declaring nodes needs no pixels.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from invoke_tui.nodes.images import blend as blend
    from invoke_tui.nodes.images import edit as edit
    from invoke_tui.nodes.images import fitting as fitting
    from invoke_tui.nodes.images import infill as infill
    from invoke_tui.nodes.images import masks as masks
    from invoke_tui.nodes.images import merging as merging
    from invoke_tui.nodes.images import preprocess as preprocess
    from invoke_tui.nodes.images import seen as seen
    from invoke_tui.nodes.images import sharpen as sharpen
    from invoke_tui.nodes.images import skeleton as skeleton


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return import_module(f"{__name__}.{name}")
