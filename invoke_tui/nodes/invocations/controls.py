"""Control pictures and reference pictures, on their way to the denoise loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.graph.fields import (
    ControlField,
    ControlMode,
    FluxControlNetField,
    ImageField,
    IPAdapterField,
    ReferenceMethod,
    ResizeMode,
    T2IAdapterField,
    TensorField,
)
from invoke_tui.domain.models.records import ModelIdentifier, ModelRecord, ModelType
from invoke_tui.domain.request.controls import ImageEncoder
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.registry import node, output

Weight = Annotated[float, Field(ge=-1, le=2)]
_CALLED: Final[dict[ImageEncoder, tuple[str, ...]]] = {
    "ViT-H": ("vit-h", "vit_h", "ip_adapter_sd_image_encoder", "sd_image_encoder"),
    "ViT-G": ("vit-g", "vit_g", "bigg", "sdxl_image_encoder"),
    "ViT-L": ("vit-l", "vit_l", "vit-large", "vit_large"),
}
"""What is in the name of an image encoder."""
_NOTE: Final = "image_encoder.txt"


@output("control_output")
class ControlOutput(Output):
    """A ControlNet with its picture."""

    control: ControlField


@output("flux_controlnet_output")
class FluxControlNetOutput(Output):
    """A ControlNet of FLUX.1 with its picture."""

    control: FluxControlNetField


@output("t2i_adapter_output")
class T2IAdapterOutput(Output):
    """A T2I-Adapter with its picture."""

    t2i_adapter: T2IAdapterField


@output("ip_adapter_output")
class IPAdapterOutput(Output):
    """An IP-Adapter with its pictures."""

    ip_adapter: IPAdapterField


@node("controlnet", title="ControlNet - SD1.5, SD2, SDXL", version="1.1.3", category="conditioning")
class ControlNetInvocation(Invocation):
    """A picture that says where things are. Weights lie between -1 and 2."""

    image: ImageField = Input()
    control_model: ModelIdentifier = Input()
    control_weight: Weight | list[Weight] = Input(1.0)
    begin_step_percent: float = Input(0, ge=0, le=1)
    end_step_percent: float = Input(1, ge=0, le=1)
    control_mode: ControlMode = Input("balanced")
    resize_mode: ResizeMode = Input("just_resize")
    union: int | None = Input(None, description="The kind of picture, for a model that knows several")

    def invoke(self, ctx: InvocationContext) -> ControlOutput:
        required(ctx, self.control_model, ModelType.CONTROLNET)
        return ControlOutput(control=ControlField(**inputs_of(self)))


@node("flux_controlnet", title="FLUX ControlNet", version="1.0.0", category="conditioning")
class FluxControlNetInvocation(Invocation):
    """A picture that says where things are, for FLUX.1."""

    image: ImageField = Input()
    control_model: ModelIdentifier = Input()
    control_weight: Weight | list[Weight] = Input(1.0)
    begin_step_percent: float = Input(0, ge=0, le=1)
    end_step_percent: float = Input(1, ge=0, le=1)
    resize_mode: ResizeMode = Input("just_resize")
    instantx_control_mode: int | None = Input(-1)

    def invoke(self, ctx: InvocationContext) -> FluxControlNetOutput:
        required(ctx, self.control_model, ModelType.CONTROLNET)
        return FluxControlNetOutput(control=FluxControlNetField(**inputs_of(self)))


@node("t2i_adapter", title="T2I-Adapter - SD1.5, SDXL", version="1.0.4", category="conditioning")
class T2IAdapterInvocation(Invocation):
    """A picture that says where things are, for a T2I-Adapter."""

    image: ImageField = Input()
    t2i_adapter_model: ModelIdentifier = Input()
    weight: float | list[float] = Input(1)
    begin_step_percent: float = Input(0, ge=0, le=1)
    end_step_percent: float = Input(1, ge=0, le=1)
    resize_mode: ResizeMode = Input("just_resize")

    def invoke(self, ctx: InvocationContext) -> T2IAdapterOutput:
        required(ctx, self.t2i_adapter_model, ModelType.T2I_ADAPTER)
        return T2IAdapterOutput(t2i_adapter=T2IAdapterField(**inputs_of(self)))


@node("ip_adapter", title="IP-Adapter - SD1.5, SDXL", version="1.5.1", category="conditioning")
class IPAdapterInvocation(Invocation):
    """A picture that says what things look like."""

    image: ImageField | list[ImageField] = Input()
    ip_adapter_model: ModelIdentifier = Input()
    clip_vision_model: ImageEncoder = Input("ViT-H")
    weight: Weight | list[Weight] = Input(1)
    method: ReferenceMethod = Input("full")
    begin_step_percent: float = Input(0, ge=0, le=1)
    end_step_percent: float = Input(1, ge=0, le=1)
    mask: TensorField | None = Input(None)

    def invoke(self, ctx: InvocationContext) -> IPAdapterOutput:
        adapter = required(ctx, self.ip_adapter_model, ModelType.IP_ADAPTER)
        encoder = image_encoder(adapter, self.clip_vision_model, ctx.models(ModelType.CLIP_VISION))
        given = inputs_of(self)
        given.pop("clip_vision_model")
        return IPAdapterOutput(ip_adapter=IPAdapterField(image_encoder_model=encoder.identifier(), **given))


def image_encoder(adapter: ModelRecord, kind: ImageEncoder, known: Sequence[ModelRecord]) -> ModelRecord:
    """The image encoder an IP-Adapter looks through: the one its folder names, else one of the kind, by its name.

    Where only one is installed it is taken; the engine says whether it fits. Raises ``NotFoundError``.
    """
    wanted = _noted(adapter)
    words = (wanted,) if wanted else _CALLED[kind]
    for record in known:
        name = f"{record.name} {Path(record.path).name}".lower()
        if any(word in name for word in words):
            return record
    if len(known) == 1:
        return known[0]
    called = wanted or f"the {kind} image encoder (CLIP)"
    raise NotFoundError(
        f"The IP-Adapter {adapter.name} needs {called}, which is not installed.",
        hint="Install it ('invoke-tui models starter' lists it), or choose another kind of encoder.",
        code="missing_component",
    )


def _noted(adapter: ModelRecord) -> str:
    """The encoder that a note in InvokeAI's folder of an adapter names."""
    try:
        said = (Path(adapter.path) / _NOTE).read_text(encoding="utf-8", errors="replace")[:200]
    except OSError:
        return ""
    return said.strip().rpartition("/")[2].lower()


def required(ctx: InvocationContext, identifier: ModelIdentifier, type_: ModelType) -> ModelRecord:
    """The record of a model that must be of a type. Raises ``BadInputError``."""
    record = ctx.model(identifier)
    if record.type is not type_:
        raise BadInputError(
            f"{record.name} is a {record.type} model, not a {type_}.",
            hint="Choose another model.",
            code="wrong_model",
        )
    return record


def inputs_of(asked: Invocation) -> dict[str, Any]:
    """A node's own inputs as they are."""
    return {name: getattr(asked, name) for name in type(asked).inputs()}
