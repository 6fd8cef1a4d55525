"""Loading models: nodes that say which parts of which model to use. Nothing is loaded before it is needed."""

from __future__ import annotations

from typing import Literal

from invoke_tui.domain.graph.fields import (
    CLIPField,
    SeamlessAxis,
    T5EncoderField,
    TransformerField,
    UNetField,
    VAEField,
)
from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.registry import node, output


@output("model_loader_output")
class ModelLoaderOutput(Output):
    """The parts of a Stable Diffusion model."""

    vae: VAEField
    clip: CLIPField
    unet: UNetField


@output("sdxl_model_loader_output")
class SDXLModelLoaderOutput(Output):
    """The parts of an SDXL model."""

    unet: UNetField
    clip: CLIPField
    clip2: CLIPField
    vae: VAEField


@output("sdxl_refiner_model_loader_output")
class SDXLRefinerModelLoaderOutput(Output):
    """The parts of SDXL's refiner."""

    unet: UNetField
    clip2: CLIPField
    vae: VAEField


@output("flux_model_loader_output")
class FluxModelLoaderOutput(Output):
    """The parts of a FLUX model; ``max_seq_len`` is how many tokens its text may have."""

    transformer: TransformerField
    clip: CLIPField
    t5_encoder: T5EncoderField
    vae: VAEField
    max_seq_len: Literal[256, 512]


@output("sd3_model_loader_output")
class SD3ModelLoaderOutput(Output):
    """The parts of a Stable Diffusion 3 model."""

    transformer: TransformerField
    clip_l: CLIPField
    clip_g: CLIPField
    t5_encoder: T5EncoderField
    vae: VAEField


@output("vae_output")
class VAEOutput(Output):
    """An autoencoder."""

    vae: VAEField


@output("clip_skip_output")
class CLIPSkipOutput(Output):
    """A text encoder that stops early."""

    clip: CLIPField | None = None


@output("unet_output")
class UNetOutput(Output):
    """A denoiser."""

    unet: UNetField


@output("seamless_output")
class SeamlessOutput(Output):
    """A denoiser and an autoencoder whose pictures tile."""

    unet: UNetField | None = None
    vae: VAEField | None = None


def _part(model: ModelIdentifier, submodel: str) -> ModelIdentifier:
    return model.model_copy(update={"submodel_type": submodel})


def _unet(model: ModelIdentifier) -> UNetField:
    return UNetField(unet=_part(model, "unet"), scheduler=_part(model, "scheduler"))


def _clip(model: ModelIdentifier, number: str = "") -> CLIPField:
    return CLIPField(
        tokenizer=_part(model, f"tokenizer{number}"), text_encoder=_part(model, f"text_encoder{number}")
    )


def _t5(model: ModelIdentifier, number: str) -> T5EncoderField:
    return T5EncoderField(
        tokenizer=_part(model, f"tokenizer{number}"), text_encoder=_part(model, f"text_encoder{number}")
    )


def _require(ctx: InvocationContext, *models: ModelIdentifier | None) -> None:
    """Raise when one of the models is not installed."""
    for model in models:
        if model is not None:
            ctx.model(model)


@node("main_model_loader", title="Main Model - SD1.5, SD2", version="1.0.4", category="model")
class MainModelLoaderInvocation(Invocation):
    """The parts of an SD-1 or SD-2 model."""

    model: ModelIdentifier = Input()

    def invoke(self, ctx: InvocationContext) -> ModelLoaderOutput:
        ctx.model(self.model)
        return ModelLoaderOutput(
            unet=_unet(self.model), clip=_clip(self.model), vae=VAEField(vae=_part(self.model, "vae"))
        )


@node("sdxl_model_loader", title="Main Model - SDXL", version="1.0.4", category="model")
class SDXLModelLoaderInvocation(Invocation):
    """The parts of an SDXL model."""

    model: ModelIdentifier = Input()

    def invoke(self, ctx: InvocationContext) -> SDXLModelLoaderOutput:
        ctx.model(self.model)
        return SDXLModelLoaderOutput(
            unet=_unet(self.model),
            clip=_clip(self.model),
            clip2=_clip(self.model, "_2"),
            vae=VAEField(vae=_part(self.model, "vae")),
        )


@node("sdxl_refiner_model_loader", title="Refiner Model - SDXL", version="1.0.4", category="model")
class SDXLRefinerModelLoaderInvocation(Invocation):
    """The parts of SDXL's refiner."""

    model: ModelIdentifier = Input()

    def invoke(self, ctx: InvocationContext) -> SDXLRefinerModelLoaderOutput:
        ctx.model(self.model)
        return SDXLRefinerModelLoaderOutput(
            unet=_unet(self.model),
            clip2=_clip(self.model, "_2"),
            vae=VAEField(vae=_part(self.model, "vae")),
        )


@node("flux_model_loader", title="Main Model - FLUX", version="1.1.0", category="model")
class FluxModelLoaderInvocation(Invocation):
    """The parts of a FLUX model: its transformer, and text encoders and VAE of their own where they are given."""

    model: ModelIdentifier = Input()
    t5_encoder_model: ModelIdentifier | None = Input(None)
    clip_embed_model: ModelIdentifier | None = Input(None)
    vae_model: ModelIdentifier | None = Input(None)

    def invoke(self, ctx: InvocationContext) -> FluxModelLoaderOutput:
        record = ctx.model(self.model)
        _require(ctx, self.t5_encoder_model, self.clip_embed_model, self.vae_model)
        return FluxModelLoaderOutput(
            transformer=TransformerField(transformer=_part(self.model, "transformer")),
            clip=_clip(self.clip_embed_model or self.model),
            t5_encoder=_t5(self.t5_encoder_model or self.model, "_2"),
            vae=VAEField(vae=_part(self.vae_model or self.model, "vae")),
            max_seq_len=256 if record.variant == "schnell" else 512,
        )


@node("sd3_model_loader", title="Main Model - SD3", version="1.0.1", category="model")
class SD3ModelLoaderInvocation(Invocation):
    """The parts of a Stable Diffusion 3 model, with text encoders and VAE of their own where they are given."""

    model: ModelIdentifier = Input(kind="direct")
    t5_encoder_model: ModelIdentifier | None = Input(None, kind="direct")
    clip_l_model: ModelIdentifier | None = Input(None, kind="direct")
    clip_g_model: ModelIdentifier | None = Input(None, kind="direct")
    vae_model: ModelIdentifier | None = Input(None)

    def invoke(self, ctx: InvocationContext) -> SD3ModelLoaderOutput:
        ctx.model(self.model)
        _require(ctx, self.t5_encoder_model, self.clip_l_model, self.clip_g_model, self.vae_model)
        return SD3ModelLoaderOutput(
            transformer=TransformerField(transformer=_part(self.model, "transformer")),
            clip_l=_clip(self.clip_l_model or self.model),
            clip_g=_clip(self.clip_g_model or self.model, "_2"),
            t5_encoder=_t5(self.t5_encoder_model or self.model, "_3"),
            vae=VAEField(vae=_part(self.vae_model or self.model, "vae")),
        )


@node("vae_loader", title="VAE Model - SD1.5, SD2, SDXL, SD3, FLUX", version="1.0.4", category="model")
class VAELoaderInvocation(Invocation):
    """A VAE of its own."""

    vae_model: ModelIdentifier = Input()

    def invoke(self, ctx: InvocationContext) -> VAEOutput:
        ctx.model(self.vae_model)
        return VAEOutput(vae=VAEField(vae=self.vae_model))


@node("clip_skip", title="Apply CLIP Skip - SD1.5, SDXL", version="1.1.1", category="prompt")
class CLIPSkipInvocation(Invocation):
    """Leaves out the last layers of the text encoder, on top of what is left out already."""

    clip: CLIPField = Input(kind="connection")
    skipped_layers: int = Input(0, ge=0)

    def invoke(self, ctx: InvocationContext) -> CLIPSkipOutput:
        layers = self.clip.skipped_layers + self.skipped_layers
        return CLIPSkipOutput(clip=self.clip.model_copy(update={"skipped_layers": layers}))


@node("seamless", title="Apply Seamless - SD1.5, SDXL", version="1.0.2", category="model")
class SeamlessInvocation(Invocation):
    """Lets pictures tile along the chosen axes."""

    unet: UNetField | None = Input(None, kind="connection")
    vae: VAEField | None = Input(None, kind="connection")
    seamless_y: bool = Input(True)
    seamless_x: bool = Input(True)

    def invoke(self, ctx: InvocationContext) -> SeamlessOutput:
        axes: list[SeamlessAxis] = []
        if self.seamless_x:
            axes.append("x")
        if self.seamless_y:
            axes.append("y")
        update = {"seamless_axes": axes}
        return SeamlessOutput(
            unet=self.unet.model_copy(update=update) if self.unet else None,
            vae=self.vae.model_copy(update=update) if self.vae else None,
        )


@node("freeu", title="Apply FreeU - SD1.5, SDXL", version="1.0.2", category="model")
class FreeUInvocation(Invocation):
    """Weighs the denoiser's backbone (b1, b2) against its skip connections (s1, s2)."""

    unet: UNetField = Input(kind="connection")
    b1: float = Input(1.2, ge=-1, le=3)
    b2: float = Input(1.4, ge=-1, le=3)
    s1: float = Input(0.9, ge=-1, le=3)
    s2: float = Input(0.2, ge=-1, le=3)

    def invoke(self, ctx: InvocationContext) -> UNetOutput:
        weights = {"b1": self.b1, "b2": self.b2, "s1": self.s1, "s2": self.s2}
        return UNetOutput(unet=self.unet.model_copy(update={"freeu_config": weights}))
