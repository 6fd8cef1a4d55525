"""Two graphs of one picture side by side, and a foreign graph with the models that are here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from invoke_tui.domain.gallery.replay import Difference
from invoke_tui.domain.graph.graph import Graph, Node
from invoke_tui.domain.models.records import ModelType
from invoke_tui.domain.models.wanted import WantedModel
from invoke_tui.domain.text import safe_text
from invoke_tui.nodes.recall_models import KINDS, NoModel, Shelf

MOST: Final = 8
"""Differences that are told one by one."""
_KEEPS: Final = "core_metadata"
_NO_MATTER: Final = ("board", "use_cache", "is_intermediate")
_KEYS: Final = {kind.value: key for key, kind in KINDS.items()} | {ModelType.MAIN.value: "model"}


def differences_of(before: Graph, now: Graph) -> list[Difference]:
    """What this version does otherwise with the same settings. Models and the metadata are told elsewhere."""
    found = list(_differences(before, now))
    if len(found) > MOST:
        found = [*found[:MOST], f"and {len(found) - MOST} more in the graph"]
    return [Difference(key="graph", kind="changed", message=message) for message in found]


def with_models(graph: Graph, shelf: Shelf) -> tuple[Graph, list[Difference]]:
    """The graph with the keys that its models have here."""
    differences: dict[str, Difference] = {}

    def here(value: Any) -> Any:
        if isinstance(value, list):
            return [here(one) for one in value]
        if not isinstance(value, dict):
            return value
        if not {"key", "name", "type"} <= value.keys() or (wanted := WantedModel.read(value)) is None:
            return {name: here(one) for name, one in value.items()}
        key = _KEYS.get(value["type"], "") if isinstance(value["type"], str) else ""
        if not key:
            return value
        try:
            record, difference = shelf.find(key, wanted)
        except NoModel as why:
            differences[str(why)] = why.difference(key)
            return value
        if difference is not None:
            differences[difference.message] = difference
        return value | record.identifier(value.get("submodel_type")).model_dump(mode="json")

    nodes = {
        name: Node.model_validate(here(node.model_dump(mode="json"))) for name, node in graph.nodes.items()
    }
    return graph.model_copy(update={"nodes": nodes}), list(differences.values())


def _differences(before: Graph, now: Graph) -> Iterator[str]:
    for name in dict.fromkeys([*before.nodes, *now.nodes]):
        old, new = before.nodes.get(name), now.nodes.get(name)
        if _KEEPS in (name, old.type if old else "", new.type if new else ""):
            continue
        shown = safe_text(name, limit=60)
        if old is None or new is None:
            yield (
                f"the graph had no {shown}, and has one now"
                if old is None
                else f"the graph has no {shown} any more"
            )
        else:
            yield from _changes(shown, old, new)
    edges = [
        {f"{one.source} to {one.destination}" for one in graph.edges if _KEEPS not in str(one)}
        for graph in (before, now)
    ]
    for edge in sorted(edges[0] ^ edges[1]):
        was = "not connected" if edge in edges[1] else "connected"
        yield f"{safe_text(edge, limit=120)} was {was}"


def _changes(shown: str, old: Node, new: Node) -> Iterator[str]:
    if old.type != new.type:
        yield f"{shown} was {safe_text(old.type, limit=60)} and is {new.type}"
    before, now = (_plain(node.fields()) for node in (old, new))
    for field in sorted(before.keys() | now.keys()):
        if field not in _NO_MATTER and before.get(field) != now.get(field):
            was, is_ = (safe_text(str(one.get(field, "not set")), limit=60) for one in (before, now))
            yield f"{shown}.{safe_text(field, limit=60)} was {was} and is {is_}"


def _plain(value: Any) -> Any:
    """Without models, whose differences are told by their names."""
    if isinstance(value, Mapping):
        return (
            "a model" if {"key", "hash", "type"} <= value.keys() else {k: _plain(v) for k, v in value.items()}
        )
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
