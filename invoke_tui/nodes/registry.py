"""All node types by id. The modules of ``nodes/invocations`` are found and imported on first use."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import TypeVar, get_type_hints

from invoke_tui.nodes.base import Classification, Invocation, NodeSpec, Output

I = TypeVar("I", bound=type[Invocation])  # noqa: E741
O = TypeVar("O", bound=type[Output])  # noqa: E741

_NODES: dict[str, type[Invocation]] = {}
_OUTPUTS: dict[str, type[Output]] = {}


def output(type_id: str) -> Callable[[O], O]:
    """Register an output class under InvokeAI's output type id."""

    def register(cls: O) -> O:
        if type_id in _OUTPUTS:
            raise ValueError(f"two outputs are called {type_id!r}")
        cls.type_id = type_id
        _OUTPUTS[type_id] = cls
        return cls

    return register


def node(
    type_id: str,
    *,
    title: str,
    version: str,
    category: str | None,
    classification: Classification = "stable",
    cacheable: bool = True,
) -> Callable[[I], I]:
    """Register a node class under InvokeAI's type id. Its output class is what ``invoke`` is annotated to return."""

    def register(cls: I) -> I:
        if type_id in _NODES:
            raise ValueError(f"two nodes are called {type_id!r}")
        cls.spec = NodeSpec(type_id, title, version, category, classification, cacheable)
        cls.output_class = get_type_hints(cls.invoke)["return"]
        _NODES[type_id] = cls
        return cls

    return register


@cache
def _load() -> None:
    package = importlib.import_module("invoke_tui.nodes.invocations")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def node_types() -> dict[str, type[Invocation]]:
    """Every node class by type id."""
    _load()
    return dict(_NODES)


def output_types() -> dict[str, type[Output]]:
    """Every output class by type id."""
    _load()
    return dict(_OUTPUTS)


def find(type_id: str) -> type[Invocation] | None:
    """The class of a node type, or ``None`` when there is none."""
    _load()
    return _NODES.get(type_id)
