"""Reference pictures of FLUX.1: its IP-Adapters, and FLUX Redux, which says a picture in words of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.graph.fields import FluxReduxConditioningField, ImageField, IPAdapterField, TensorField
from invoke_tui.domain.models.records import ModelIdentifier, ModelRecord, ModelType
from invoke_tui.domain.request.references import Downsampling, Redux
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.invocations.controls import IPAdapterOutput, Weight, image_encoder, inputs_of, required
from invoke_tui.nodes.registry import node, output

ENCODER: Final = "image_encoder"
"""The image encoder in a diffusers folder of FLUX Redux."""


@output("flux_redux_output")
class FluxReduxOutput(Output):
    """A picture as FLUX Redux says it."""

    redux_cond: FluxReduxConditioningField


@node("flux_ip_adapter", title="FLUX IP-Adapter", version="1.0.0", category="conditioning")
class FluxIPAdapterInvocation(Invocation):
    """A picture that says what things look like, for FLUX.1."""

    image: ImageField = Input()
    ip_adapter_model: ModelIdentifier = Input()
    clip_vision_model: Literal["ViT-L"] = Input("ViT-L")
    weight: Weight | list[Weight] = Input(1)
    begin_step_percent: float = Input(0, ge=0, le=1)
    end_step_percent: float = Input(1, ge=0, le=1)
    mask: TensorField | None = Input(None, description="Where it counts; InvokeAI's node has none")

    def invoke(self, ctx: InvocationContext) -> IPAdapterOutput:
        adapter = required(ctx, self.ip_adapter_model, ModelType.IP_ADAPTER)
        encoder = image_encoder(adapter, self.clip_vision_model, ctx.models(ModelType.CLIP_VISION))
        given = inputs_of(self)
        given.pop("clip_vision_model")
        return IPAdapterOutput(ip_adapter=IPAdapterField(image_encoder_model=encoder.identifier(), **given))


@node("flux_redux", title="FLUX Redux", version="2.1.0", category="conditioning", classification="beta")
class FluxReduxInvocation(Invocation):
    """A picture as words beside the prompt; fewer of them let the prompt count more."""

    image: ImageField = Input()
    mask: TensorField | None = Input(None)
    redux_model: ModelIdentifier = Input()
    downsampling_factor: int = Input(1, ge=1, le=9, description="By what the sides of its tokens are divided")
    downsampling_function: Downsampling = Input("area")
    weight: Annotated[float, Field(ge=0, le=1)] = Input(1.0, description="Its square counts")

    def invoke(self, ctx: InvocationContext) -> FluxReduxOutput:
        model = required(ctx, self.redux_model, ModelType.FLUX_REDUX)
        how = Redux(
            model=model.identifier(),
            encoder=redux_encoder(model, ctx.models(ModelType.SIGLIP)),
            factor=self.downsampling_factor,
            function=self.downsampling_function,
            weight=self.weight,
        )
        made = TensorField(tensor_name=ctx.engine.redux(ctx.load_image(self.image), how))
        return FluxReduxOutput(redux_cond=FluxReduxConditioningField(conditioning=made, mask=self.mask))


def redux_encoder(model: ModelRecord, known: Sequence[ModelRecord]) -> ModelIdentifier:
    """What FLUX Redux looks through: the encoder in its own folder, else the first SigLIP. Raises ``NotFoundError``."""
    if ENCODER in model.submodels:
        return model.identifier(ENCODER)
    if known:
        return known[0].identifier()
    raise NotFoundError(
        f"{model.name} looks through the image encoder SigLIP, which is not installed.",
        hint="Install it: 'invoke-tui models starter' lists it.",
        code="missing_component",
    )
