"""More difference between seeds, and latents of another size."""

from __future__ import annotations

from typing import TypeVar

from invoke_tui.domain.graph.fields import (
    ConditioningField,
    EncodedPromptField,
    FluxConditioningField,
    LatentResize,
    LatentsField,
    SD3ConditioningField,
)
from invoke_tui.domain.request.parameters import SEED_MAX
from invoke_tui.nodes.base import Input, Invocation
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.invocations.conditioning import (
    ConditioningOutput,
    FluxConditioningOutput,
    SD3ConditioningOutput,
)
from invoke_tui.nodes.invocations.latents import LatentsOutput
from invoke_tui.nodes.registry import node

Prompt = TypeVar("Prompt", bound=EncodedPromptField)


class SeedVariance(Invocation):
    """What the nodes of all families have; InvokeAI has such nodes for its newer families, with these inputs."""

    seed: int = Input(0, ge=0, le=SEED_MAX)
    strength: float = Input(0.1, ge=0, le=2)
    randomize_percent: float = Input(50.0, ge=1, le=100)

    def varied(self, ctx: InvocationContext, prompt: Prompt) -> Prompt:
        """The prompt with this seed's noise on a share of its values."""
        if not self.strength:
            return prompt
        name = ctx.engine.vary(
            prompt.conditioning_name,
            seed=self.seed,
            strength=self.strength,
            percent=self.randomize_percent,
        )
        return prompt.model_copy(update={"conditioning_name": name})


@node("seed_variance", title="Seed Variance - SD1.5, SDXL", version="1.0.0", category="prompt")
class SeedVarianceInvocation(SeedVariance):
    """A prompt that every seed changes a little: models of few steps draw pictures that differ more."""

    conditioning: ConditioningField = Input(kind="connection")

    def invoke(self, ctx: InvocationContext) -> ConditioningOutput:
        return ConditioningOutput(conditioning=self.varied(ctx, self.conditioning))


@node("flux_seed_variance", title="Seed Variance - FLUX", version="1.0.0", category="prompt")
class FluxSeedVarianceInvocation(SeedVariance):
    """The same for a prompt of FLUX."""

    conditioning: FluxConditioningField = Input(kind="connection")

    def invoke(self, ctx: InvocationContext) -> FluxConditioningOutput:
        return FluxConditioningOutput(conditioning=self.varied(ctx, self.conditioning))


@node("sd3_seed_variance", title="Seed Variance - SD3", version="1.0.0", category="prompt")
class SD3SeedVarianceInvocation(SeedVariance):
    """The same for a prompt of Stable Diffusion 3."""

    conditioning: SD3ConditioningField = Input(kind="connection")

    def invoke(self, ctx: InvocationContext) -> SD3ConditioningOutput:
        return SD3ConditioningOutput(conditioning=self.varied(ctx, self.conditioning))


@node("lresize", title="Resize Latents", version="1.0.2", category="latents")
class ResizeLatentsInvocation(Invocation):
    """Latents for a picture of ``width`` x ``height`` pixels."""

    latents: LatentsField = Input(kind="connection")
    width: int = Input(multiple_of=8, ge=8)
    height: int = Input(multiple_of=8, ge=8)
    mode: LatentResize = Input("bilinear")
    antialias: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> LatentsOutput:
        made = ctx.engine.resize(self.latents, self.width, self.height, self.mode, antialias=self.antialias)
        return LatentsOutput(latents=made.latents, width=made.width, height=made.height)


@node("lscale", title="Scale Latents", version="1.0.2", category="latents")
class ScaleLatentsInvocation(Invocation):
    """Latents for a picture ``scale_factor`` times as large."""

    latents: LatentsField = Input(kind="connection")
    scale_factor: float = Input(gt=0)
    mode: LatentResize = Input("bilinear")
    antialias: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> LatentsOutput:
        sides = ctx.engine.size_of(self.latents)
        width, height = (max(8, int(side * self.scale_factor) // 8 * 8) for side in sides)
        made = ctx.engine.resize(self.latents, width, height, self.mode, antialias=self.antialias)
        return LatentsOutput(latents=made.latents, width=made.width, height=made.height)
