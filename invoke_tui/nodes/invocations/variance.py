"""More difference between seeds, and latents of another size."""

from __future__ import annotations

from invoke_tui.domain.fields import (
    ConditioningField,
    FluxConditioningField,
    LatentResize,
    LatentsField,
    SD3ConditioningField,
)
from invoke_tui.domain.parameters import SEED_MAX
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.invocations.latents import LatentsOutput
from invoke_tui.nodes.registry import node, output


@output("seed_variance_output")
class SeedVarianceOutput(Output):
    """An encoded prompt of the family that was given."""

    conditioning: ConditioningField | FluxConditioningField | SD3ConditioningField


@node("seed_variance", title="Seed Variance", version="1.0.0", category="prompt")
class SeedVarianceInvocation(Invocation):
    """A prompt that every seed changes a little: models of few steps draw pictures that differ more.

    InvokeAI has it for its newer families, with these inputs.
    """

    conditioning: ConditioningField | FluxConditioningField | SD3ConditioningField = Input(kind="connection")
    seed: int = Input(0, ge=0, le=SEED_MAX)
    strength: float = Input(0.1, ge=0, le=2)
    randomize_percent: float = Input(50.0, ge=1, le=100)

    def invoke(self, ctx: InvocationContext) -> SeedVarianceOutput:
        if not self.strength:
            return SeedVarianceOutput(conditioning=self.conditioning)
        name = ctx.engine.vary(
            self.conditioning.conditioning_name,
            seed=self.seed,
            strength=self.strength,
            percent=self.randomize_percent,
        )
        return SeedVarianceOutput(
            conditioning=self.conditioning.model_copy(update={"conditioning_name": name})
        )


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
