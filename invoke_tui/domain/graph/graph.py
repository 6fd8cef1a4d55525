"""Graphs as data: InvokeAI's execution JSON. What the nodes mean is the ``nodes`` room's business."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from pydantic import Field

from invoke_tui.domain.base import Document, Record


class EdgeConnection(Record):
    """One end of an edge."""

    node_id: str
    field: str

    def __str__(self) -> str:
        return f"{self.node_id}.{self.field}"


class Edge(Record):
    """A value flowing from an output field to an input field."""

    source: EdgeConnection
    destination: EdgeConnection


class Node(Document):
    """One node: its ``type`` id, and its input fields as extra keys."""

    id: str
    type: str
    is_intermediate: bool = False
    use_cache: bool = True

    def fields(self) -> dict[str, Any]:
        """The input values set on the node itself."""
        return dict(self.__pydantic_extra__ or {})


class Graph(Document):
    """Nodes by id and the edges between them."""

    id: str = Field(default_factory=lambda: str(uuid4()))
    nodes: dict[str, Node] = Field(default_factory=dict)
    edges: list[Edge] = Field(default_factory=list)

    def add(self, node_type: str, node_id: str, **fields: Any) -> str:
        """Add a node and return its id."""
        self.nodes[node_id] = Node(id=node_id, type=node_type, **fields)
        return node_id

    def connect(self, source: str, field: str, destination: str, destination_field: str = "") -> None:
        """Let ``source.field`` feed ``destination.destination_field`` (the same name when not given)."""
        self.edges.append(
            Edge(
                source=EdgeConnection(node_id=source, field=field),
                destination=EdgeConnection(node_id=destination, field=destination_field or field),
            )
        )
