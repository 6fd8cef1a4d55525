"""What a node is: inputs declared as pydantic fields with InvokeAI's names, and ``invoke(ctx) -> Output``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

if TYPE_CHECKING:
    from invoke_tui.nodes.context import InvocationContext

InputKind = Literal["direct", "connection", "any"]
Classification = Literal["stable", "beta", "prototype", "special", "deprecated", "internal"]

COMMON_FIELDS: Final = frozenset({"id", "type", "is_intermediate", "use_cache"})
"""Keys every node has beside its inputs."""


@dataclass(frozen=True)
class NodeSpec:
    """The declaration of a node type, as given to the ``node`` decorator."""

    type: str
    title: str
    version: str
    category: str | None
    classification: Classification
    cacheable: bool
    """False where a second run must not be answered from the invocation cache: random numbers, pictures."""


def Input(  # noqa: N802 - reads as a declaration, like pydantic's Field
    default: Any = PydanticUndefined, *, kind: InputKind = "any", description: str = "", **bounds: Any
) -> Any:
    """Declare an input. Without a default it is required: by value, or by an edge for ``kind="connection"``."""
    return Field(default, description=description, json_schema_extra={"input": kind}, **bounds)


class Output(BaseModel):
    """What a node gives; subclasses carry InvokeAI's output type id (see the ``output`` decorator)."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=False, protected_namespaces=())
    type_id: ClassVar[str] = ""

    def as_json(self) -> dict[str, Any]:
        """The output as InvokeAI writes it, with its ``type``."""
        return {**self.model_dump(mode="json"), "type": self.type_id}


class Invocation(BaseModel):
    """One run of a node: every input has its value, from the node itself or from an edge."""

    model_config = ConfigDict(
        extra="forbid", allow_inf_nan=False, coerce_numbers_to_str=True, protected_namespaces=()
    )
    spec: ClassVar[NodeSpec]
    output_class: ClassVar[type[Output]]
    dormant: ClassVar[dict[str, Any]] = {}
    """Inputs InvokeAI's node has that cannot be honoured here, with the defaults that make them harmless."""

    id: str = ""
    is_intermediate: bool = False
    use_cache: bool = True

    def invoke(self, ctx: InvocationContext) -> Output:
        """Do the work. ``CanceledError`` may come out of any call to ``ctx``."""
        raise TypeError(f"{type(self).__name__} is a node without invoke()")

    @classmethod
    def inputs(cls) -> dict[str, FieldInfo]:
        """The declared inputs by name."""
        return {name: field for name, field in cls.model_fields.items() if name not in COMMON_FIELDS}

    @classmethod
    def takes_extra(cls) -> bool:
        """Whether undeclared inputs are kept (metadata) instead of being an error."""
        return cls.model_config.get("extra") == "allow"


def input_kind(field: FieldInfo) -> InputKind:
    """How an input may be filled."""
    extra = field.json_schema_extra
    kind = extra.get("input", "any") if isinstance(extra, dict) else "any"
    return "connection" if kind == "connection" else "direct" if kind == "direct" else "any"
