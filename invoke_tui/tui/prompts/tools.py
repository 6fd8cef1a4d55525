"""The tools that work on the prompts, by the name their action gives: each opens a dialog and uses its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from invoke_tui.tui.screens.desk import Desk

Tool = Callable[["Desk"], Awaitable[None]]

TOOLS: Final[dict[str, Tool]] = {}
"""Filled by one line per tool. A tool runs in a worker of the Generate screen and may wait for a dialog."""
