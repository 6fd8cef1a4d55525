"""What a layout says of one component of a single file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invoke_tui.engine.loading.layouts.rules import Rule

Shapes = Mapping[str, tuple[int, ...]]
"""Shapes of a component's tensors by their name in the file, without the prefix. Quantised ones as they compute."""
Config = dict[str, Any]


@dataclass(frozen=True)
class Layout:
    """A component as original trainers save it. ``prefixes`` are tried in order; an empty one takes the whole file.

    ``mark`` is a name that tells the component is there. ``config`` reads diffusers' or transformers' configuration
    off the shapes, ``rules`` give the names.
    """

    prefixes: tuple[str, ...]
    mark: str
    config: Callable[[Shapes], Config]
    rules: Callable[[Config], Sequence[Rule]]

    def find(self, names: Mapping[str, Any]) -> str | None:
        """The prefix the component has in a file with these tensor names, or None."""
        return next((prefix for prefix in self.prefixes if prefix + self.mark in names), None)
