"""Constants and collections of constants."""

from __future__ import annotations

from typing import Any

from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.domain.schedulers import SchedulerName
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.registry import node, output


@output("integer_output")
class IntegerOutput(Output):
    """A whole number."""

    value: int


@output("integer_collection_output")
class IntegerCollectionOutput(Output):
    """Whole numbers."""

    collection: list[int]


@output("float_output")
class FloatOutput(Output):
    """A number."""

    value: float


@output("float_collection_output")
class FloatCollectionOutput(Output):
    """Numbers."""

    collection: list[float]


@output("string_output")
class StringOutput(Output):
    """A text."""

    value: str


@output("string_collection_output")
class StringCollectionOutput(Output):
    """Texts."""

    collection: list[str]


@output("boolean_output")
class BooleanOutput(Output):
    """Yes or no."""

    value: bool


@output("boolean_collection_output")
class BooleanCollectionOutput(Output):
    """Yeses and noes."""

    collection: list[bool]


@output("model_identifier_output")
class ModelIdentifierOutput(Output):
    """A model by key."""

    model: ModelIdentifier


@output("scheduler_output")
class SchedulerOutput(Output):
    """A scheduler by id."""

    scheduler: SchedulerName


def _collection() -> Any:
    return Input(default_factory=list)


@node("integer", title="Integer Primitive", version="1.0.1", category="primitives")
class IntegerInvocation(Invocation):
    """A whole number."""

    value: int = Input(0)

    def invoke(self, ctx: InvocationContext) -> IntegerOutput:
        return IntegerOutput(value=self.value)


@node("integer_collection", title="Integer Collection Primitive", version="1.0.2", category="primitives")
class IntegerCollectionInvocation(Invocation):
    """Whole numbers."""

    collection: list[int] = _collection()

    def invoke(self, ctx: InvocationContext) -> IntegerCollectionOutput:
        return IntegerCollectionOutput(collection=self.collection)


@node("float", title="Float Primitive", version="1.0.1", category="primitives")
class FloatInvocation(Invocation):
    """A number."""

    value: float = Input(0.0)

    def invoke(self, ctx: InvocationContext) -> FloatOutput:
        return FloatOutput(value=self.value)


@node("float_collection", title="Float Collection Primitive", version="1.0.2", category="primitives")
class FloatCollectionInvocation(Invocation):
    """Numbers."""

    collection: list[float] = _collection()

    def invoke(self, ctx: InvocationContext) -> FloatCollectionOutput:
        return FloatCollectionOutput(collection=self.collection)


@node("string", title="String Primitive", version="1.0.1", category="primitives")
class StringInvocation(Invocation):
    """A text."""

    value: str = Input("")

    def invoke(self, ctx: InvocationContext) -> StringOutput:
        return StringOutput(value=self.value)


@node("string_collection", title="String Collection Primitive", version="1.0.2", category="primitives")
class StringCollectionInvocation(Invocation):
    """Texts."""

    collection: list[str] = _collection()

    def invoke(self, ctx: InvocationContext) -> StringCollectionOutput:
        return StringCollectionOutput(collection=self.collection)


@node("boolean", title="Boolean Primitive", version="1.0.1", category="primitives")
class BooleanInvocation(Invocation):
    """Yes or no."""

    value: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> BooleanOutput:
        return BooleanOutput(value=self.value)


@node("boolean_collection", title="Boolean Collection Primitive", version="1.0.2", category="primitives")
class BooleanCollectionInvocation(Invocation):
    """Yeses and noes."""

    collection: list[bool] = _collection()

    def invoke(self, ctx: InvocationContext) -> BooleanCollectionOutput:
        return BooleanCollectionOutput(collection=self.collection)


@node("model_identifier", title="Any Model", version="1.0.1", category="model")
class ModelIdentifierInvocation(Invocation):
    """Any installed model."""

    model: ModelIdentifier = Input()

    def invoke(self, ctx: InvocationContext) -> ModelIdentifierOutput:
        ctx.model(self.model)
        return ModelIdentifierOutput(model=self.model)


@node("scheduler", title="Scheduler", version="1.0.0", category="latents")
class SchedulerInvocation(Invocation):
    """A scheduler."""

    scheduler: SchedulerName = Input("euler")

    def invoke(self, ctx: InvocationContext) -> SchedulerOutput:
        return SchedulerOutput(scheduler=self.scheduler)
