"""The picture tools that nodes look through: chosen by kind among the models of a run, not by key."""

from __future__ import annotations

from collections.abc import Sequence

from invoke_tui.domain.models.records import ModelIdentifier, ModelType
from invoke_tui.domain.models.tools import ToolKind, missing_tool
from invoke_tui.nodes.context import InvocationContext


def tool(
    ctx: InvocationContext, kind: ToolKind, wanted_by: str, words: Sequence[str] = ()
) -> ModelIdentifier:
    """A tool of a kind: the first one whose name, source or path has one of ``words``, else the first by name.

    Raises ``NotFoundError``, which says what to install.
    """
    found = [one for one in ctx.models(ModelType.PICTURE_TOOL) if one.variant == kind]
    if not found:
        raise missing_tool(kind, wanted_by)
    for word in words:
        for one in found:
            if word in f"{one.name} {one.source} {one.path}".lower():
                return one.identifier()
    return found[0].identifier()
