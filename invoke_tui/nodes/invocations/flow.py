"""Nodes that the executor treats specially: loops, gathering, choice."""

from __future__ import annotations

from typing import Any

from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.registry import node, output


@output("iterate_output")
class IterateOutput(Output):
    """One item of a collection."""

    item: Any
    index: int
    total: int


@output("collect_output")
class CollectOutput(Output):
    """What was gathered."""

    collection: list[Any]


@output("if_output")
class IfOutput(Output):
    """What was chosen."""

    value: Any = None


@node("iterate", title="Iterate", version="1.1.0", category=None, cacheable=False)
class IterateInvocation(Invocation):
    """Everything behind it runs once per item. The executor makes one run per item and sets ``index``."""

    collection: list[Any] = Input(default_factory=list)
    index: int = Input(0)

    def invoke(self, ctx: InvocationContext) -> IterateOutput:
        return IterateOutput(item=self.collection[self.index], index=self.index, total=len(self.collection))


@node("collect", title="Collect", version="1.1.0", category=None, cacheable=False)
class CollectInvocation(Invocation):
    """Gathers all values of ``item``, in the order of iteration, behind those of ``collection``.

    The executor puts everything into ``collection`` before the node runs.
    """

    item: Any = Input(None, kind="connection")
    collection: list[Any] = Input(default_factory=list, kind="connection")

    def invoke(self, ctx: InvocationContext) -> CollectOutput:
        return CollectOutput(collection=list(self.collection))


@node("if", title="If", version="1.0.0", category="math")
class IfInvocation(Invocation):
    """One of two inputs. Nodes that only serve the other one do not run."""

    condition: bool = Input(False)
    true_input: Any = Input(None)
    false_input: Any = Input(None)

    def invoke(self, ctx: InvocationContext) -> IfOutput:
        return IfOutput(value=self.true_input if self.condition else self.false_input)
