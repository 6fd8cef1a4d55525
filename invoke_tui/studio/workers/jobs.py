"""From a claimed item to what a worker needs to run it: the graph, the models it names, the pictures it reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.protocol import RunItem
from invoke_tui.domain.request.controls import TOOL_NODES
from invoke_tui.prompt.triggers import triggers
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.queue.rows import Claimed
from invoke_tui.studio.requests.casting import graph_of

_BY_KIND: Final = {
    ModelType.CLIP_VISION: frozenset({"ip_adapter", "flux_ip_adapter"}),
    ModelType.SIGLIP: frozenset({"flux_redux"}),
    ModelType.PICTURE_TOOL: TOOL_NODES,
}
"""Types of nodes that look through models of a kind."""


class Jobs:
    """Builds what goes to a worker.

    A request is kept as it was resolved and becomes a graph when its turn comes: it says everything, is a tenth of the
    graph's size, and ten thousand of them are enqueued within a second.
    """

    def __init__(self, models: Models, gallery: Gallery) -> None:
        self._models = models
        self._gallery = gallery

    async def prepare(self, claimed: Claimed) -> RunItem:
        """The command for a worker; raises ``StudioError`` when a model or picture is gone."""
        graph = claimed.graph or self._build(claimed)
        fields = [node.fields() for node in graph.nodes.values()]
        # what metadata names is only written down: it may be gone
        needed = [node.fields() for node in graph.nodes.values() if node.type != "core_metadata"]
        models = self._models.named_in(_values(needed, "key"))
        for key in models:
            self._models.require(key)
        return RunItem(
            item_id=claimed.item.item_id,
            attempt=claimed.lease.attempt,
            session_id=claimed.item.session_id,
            graph=graph,
            models=models | self._models.embeddings(_triggers(fields)) | self._chosen_by_kind(graph),
            images=await self._gallery.paths_of(set(_values(needed, "image_name"))),
        )

    def _chosen_by_kind(self, graph: Graph) -> dict[str, ModelRecord]:
        """Models that nodes choose by kind and not by key: image encoders and picture tools."""
        used = {node.type for node in graph.nodes.values()}
        kinds = {kind for kind, nodes in _BY_KIND.items() if used & nodes}
        if not kinds:
            return {}
        return {one.key: one for one in self._models.all() if one.type in kinds and not one.missing}

    def _build(self, claimed: Claimed) -> Graph:
        request = claimed.item.request
        assert request is not None, "an item has a request or a graph"
        return graph_of(request, self._models)


def _triggers(data: Any) -> Iterator[str]:
    """Every name in angle brackets in any text; which of them are embeddings is for the list of models to say."""
    if isinstance(data, str):
        yield from triggers(data)
    elif isinstance(data, dict):
        for value in data.values():
            yield from _triggers(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _triggers(value)


def _values(data: Any, name: str) -> Iterator[str]:
    """Every text under ``name``, however deep."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key == name and isinstance(value, str):
                yield value
            else:
                yield from _values(value, name)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _values(value, name)
