"""The tools that work on the prompts, by the name their action gives: each opens a dialog and uses its answer."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from invoke_tui.tui.screens.desk import Desk

Tool = Callable[["Desk"], Coroutine[Any, Any, None]]


def _late(module: str) -> Tool:
    """The ``use`` of a module here, which is imported when it is needed first."""

    async def use(desk: Desk) -> None:
        tool = await asyncio.to_thread(importlib.import_module, f"invoke_tui.tui.prompts.{module}")
        await tool.use(desk)

    return use


TOOLS: Final[dict[str, Tool]] = {
    "history": _late("history"),
    "templates": _late("templates"),
    "presets": _late("presets"),
    "dynamic": _late("dynamic"),
    "wildcards": _late("wildcards"),
    "import_prompts": _late("import_file"),
    "swap_prompts": _late("swap"),
    "convert": _late("convert"),
    "explain": _late("explain"),
    "extract": _late("extract"),
}
"""Filled by one line per tool. A tool runs in a worker of the Generate screen and may wait for a dialog."""
