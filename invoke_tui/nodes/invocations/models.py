"""Loading models: nodes that say which parts of which model to use. Nothing is loaded before it is needed."""

from __future__ import annotations

from invoke_tui.domain.fields import CLIPField, SeamlessAxis, UNetField, VAEField
from invoke_tui.domain.models import ModelIdentifier
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.registry import node, output


@output("model_loader_output")
class ModelLoaderOutput(Output):
    """The parts of a Stable Diffusion model."""

    vae: VAEField
    clip: CLIPField
    unet: UNetField


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


@node("main_model_loader", title="Main Model - SD1.5, SD2", version="1.0.4", category="model")
class MainModelLoaderInvocation(Invocation):
    """The parts of an SD-1 or SD-2 model."""

    model: ModelIdentifier = Input()

    def invoke(self, ctx: InvocationContext) -> ModelLoaderOutput:
        ctx.model(self.model)
        return ModelLoaderOutput(
            unet=UNetField(unet=_part(self.model, "unet"), scheduler=_part(self.model, "scheduler")),
            clip=CLIPField(
                tokenizer=_part(self.model, "tokenizer"), text_encoder=_part(self.model, "text_encoder")
            ),
            vae=VAEField(vae=_part(self.model, "vae")),
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
