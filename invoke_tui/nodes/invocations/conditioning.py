"""Prompts become conditioning."""

from __future__ import annotations

from typing import Any, ClassVar

from invoke_tui.domain.fields import CLIPField, ConditioningField
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.registry import node, output


@output("conditioning_output")
class ConditioningOutput(Output):
    """An encoded prompt."""

    conditioning: ConditioningField


@node("compel", title="Prompt - SD1.5", version="1.2.1", category="prompt")
class CompelInvocation(Invocation):
    """Encodes a prompt with weights."""

    dormant: ClassVar[dict[str, Any]] = {"mask": None}

    prompt: str = Input("")
    clip: CLIPField = Input()

    def invoke(self, ctx: InvocationContext) -> ConditioningOutput:
        return ConditioningOutput(conditioning=ctx.engine.encode_prompt(self.clip, self.prompt))
