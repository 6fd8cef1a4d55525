"""LoRAs: nodes that note on the parts of a model which LoRAs they are used with. The engine loads and applies them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import CLIPField, LoRAField, T5EncoderField, TransformerField, UNetField
from invoke_tui.domain.models.records import ModelIdentifier, ModelType
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.registry import node, output

F = TypeVar("F", UNetField, TransformerField, CLIPField, T5EncoderField)
LoRAs = LoRAField | list[LoRAField] | None


@output("lora_selector_output")
class LoRASelectorOutput(Output):
    """A LoRA with its weight."""

    lora: LoRAField


@output("lora_loader_output")
class LoRALoaderOutput(Output):
    """The parts of a Stable Diffusion model with LoRAs."""

    unet: UNetField | None = None
    clip: CLIPField | None = None


@output("sdxl_lora_loader_output")
class SDXLLoRALoaderOutput(Output):
    """The parts of an SDXL model with LoRAs."""

    unet: UNetField | None = None
    clip: CLIPField | None = None
    clip2: CLIPField | None = None


@output("flux_lora_loader_output")
class FluxLoRALoaderOutput(Output):
    """The parts of a FLUX model with LoRAs."""

    transformer: TransformerField | None = None
    clip: CLIPField | None = None
    t5_encoder: T5EncoderField | None = None


def _checked(
    ctx: InvocationContext, loras: Sequence[LoRAField], part: UNetField | TransformerField | None
) -> None:
    """Raise for what is no LoRA, is not installed, or was not made for the model of ``part``."""
    denoiser = part.unet if isinstance(part, UNetField) else part.transformer if part is not None else None
    model = ctx.model(denoiser) if denoiser is not None else None
    for field in loras:
        record = ctx.model(field.lora)
        if record.type is not ModelType.LORA:
            raise BadInputError(
                f"{record.name} is a {record.type} model, not a LoRA.",
                hint="Choose a LoRA.",
                code="wrong_model",
            )
        if model is not None and record.base is not model.base:
            raise BadInputError(
                f"The LoRA {record.name} is for {record.base} models, {model.name} is {model.base}.",
                hint="Remove it, or choose a model it was made for.",
                code="wrong_model",
            )


def _with(part: F | None, loras: Sequence[LoRAField]) -> F | None:
    """A part with these LoRAs too. One that it has already stays as it is noted."""
    if part is None:
        return None
    noted = list(part.loras)
    for field in loras:
        if field.lora.key not in {other.lora.key for other in noted}:
            noted.append(field.model_copy(deep=True))
    return part.model_copy(update={"loras": noted})


def _one(
    lora: ModelIdentifier,
    weight: float,
    *parts: UNetField | TransformerField | CLIPField | T5EncoderField | None,
) -> list[LoRAField]:
    """The LoRA of a node that applies a single one, which must be new to all parts."""
    if any(field.lora.key == lora.key for part in parts if part is not None for field in part.loras):
        raise BadInputError(
            f"The LoRA {lora.name} is applied already.", hint="Apply it once, with the weight it is to have."
        )
    return [LoRAField(lora=lora, weight=weight)]


def _many(loras: LoRAs) -> list[LoRAField]:
    return loras if isinstance(loras, list) else [] if loras is None else [loras]


@node("lora_selector", title="Select LoRA", version="1.0.3", category="model")
class LoRASelectorInvocation(Invocation):
    """A LoRA and how strongly it is to be applied."""

    lora: ModelIdentifier = Input()
    weight: float = Input(0.75)

    def invoke(self, ctx: InvocationContext) -> LoRASelectorOutput:
        return LoRASelectorOutput(lora=LoRAField(lora=self.lora, weight=self.weight))


@node("lora_loader", title="Apply LoRA - SD1.5", version="1.0.4", category="model")
class LoRALoaderInvocation(Invocation):
    """Applies a LoRA to denoiser and text encoder."""

    lora: ModelIdentifier = Input()
    weight: float = Input(0.75)
    unet: UNetField | None = Input(None, kind="connection")
    clip: CLIPField | None = Input(None, kind="connection")

    def invoke(self, ctx: InvocationContext) -> LoRALoaderOutput:
        loras = _one(self.lora, self.weight, self.unet, self.clip)
        _checked(ctx, loras, self.unet)
        return LoRALoaderOutput(unet=_with(self.unet, loras), clip=_with(self.clip, loras))


@node("lora_collection_loader", title="Apply LoRA Collection - SD1.5", version="1.1.3", category="model")
class LoRACollectionLoaderInvocation(Invocation):
    """Applies several LoRAs to denoiser and text encoder."""

    loras: LoRAs = Input(None)
    unet: UNetField | None = Input(None, kind="connection")
    clip: CLIPField | None = Input(None, kind="connection")

    def invoke(self, ctx: InvocationContext) -> LoRALoaderOutput:
        loras = _many(self.loras)
        _checked(ctx, loras, self.unet)
        return LoRALoaderOutput(unet=_with(self.unet, loras), clip=_with(self.clip, loras))


@node("sdxl_lora_loader", title="Apply LoRA - SDXL", version="1.0.5", category="model")
class SDXLLoRALoaderInvocation(Invocation):
    """Applies a LoRA to denoiser and both text encoders."""

    lora: ModelIdentifier = Input()
    weight: float = Input(0.75)
    unet: UNetField | None = Input(None, kind="connection")
    clip: CLIPField | None = Input(None, kind="connection")
    clip2: CLIPField | None = Input(None, kind="connection")

    def invoke(self, ctx: InvocationContext) -> SDXLLoRALoaderOutput:
        loras = _one(self.lora, self.weight, self.unet, self.clip, self.clip2)
        _checked(ctx, loras, self.unet)
        return SDXLLoRALoaderOutput(
            unet=_with(self.unet, loras), clip=_with(self.clip, loras), clip2=_with(self.clip2, loras)
        )


@node("sdxl_lora_collection_loader", title="Apply LoRA Collection - SDXL", version="1.1.3", category="model")
class SDXLLoRACollectionLoaderInvocation(Invocation):
    """Applies several LoRAs to denoiser and both text encoders."""

    loras: LoRAs = Input(None)
    unet: UNetField | None = Input(None, kind="connection")
    clip: CLIPField | None = Input(None, kind="connection")
    clip2: CLIPField | None = Input(None, kind="connection")

    def invoke(self, ctx: InvocationContext) -> SDXLLoRALoaderOutput:
        loras = _many(self.loras)
        _checked(ctx, loras, self.unet)
        return SDXLLoRALoaderOutput(
            unet=_with(self.unet, loras), clip=_with(self.clip, loras), clip2=_with(self.clip2, loras)
        )


@node("flux_lora_loader", title="Apply LoRA - FLUX", version="1.2.1", category="model")
class FluxLoRALoaderInvocation(Invocation):
    """Applies a LoRA to FLUX's transformer and text encoders."""

    lora: ModelIdentifier = Input()
    weight: float = Input(0.75)
    transformer: TransformerField | None = Input(None, kind="connection")
    clip: CLIPField | None = Input(None, kind="connection")
    t5_encoder: T5EncoderField | None = Input(None, kind="connection")

    def invoke(self, ctx: InvocationContext) -> FluxLoRALoaderOutput:
        loras = _one(self.lora, self.weight, self.transformer, self.clip, self.t5_encoder)
        _checked(ctx, loras, self.transformer)
        return FluxLoRALoaderOutput(
            transformer=_with(self.transformer, loras),
            clip=_with(self.clip, loras),
            t5_encoder=_with(self.t5_encoder, loras),
        )


@node("flux_lora_collection_loader", title="Apply LoRA Collection - FLUX", version="1.3.2", category="model")
class FluxLoRACollectionLoaderInvocation(Invocation):
    """Applies several LoRAs to FLUX's transformer and text encoders."""

    loras: LoRAs = Input(None)
    transformer: TransformerField | None = Input(None, kind="connection")
    clip: CLIPField | None = Input(None, kind="connection")
    t5_encoder: T5EncoderField | None = Input(None, kind="connection")

    def invoke(self, ctx: InvocationContext) -> FluxLoRALoaderOutput:
        loras = _many(self.loras)
        _checked(ctx, loras, self.transformer)
        return FluxLoRALoaderOutput(
            transformer=_with(self.transformer, loras),
            clip=_with(self.clip, loras),
            t5_encoder=_with(self.t5_encoder, loras),
        )
