"""The plain run that benchmarks of the engine begin with: a prompt, noise, and nothing that steers."""

from __future__ import annotations

from invoke_tui.domain.graph.fields import CLIPField, UNetField
from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.domain.request.texts import CompelText
from invoke_tui.engine.engine import Engine
from invoke_tui.engine.hooks import SilentHooks
from invoke_tui.engine.jobs import DenoiseJob


def part(model: ModelIdentifier, name: str) -> ModelIdentifier:
    """One component of a model."""
    return model.model_copy(update={"submodel_type": name})


def unet(model: ModelIdentifier) -> UNetField:
    """Its denoiser with nothing laid on."""
    return UNetField(unet=part(model, "unet"), scheduler=part(model, "scheduler"))


def text_job(
    engine: Engine,
    model: ModelIdentifier,
    *,
    prompt: str,
    size: int,
    steps: int,
    scale: float,
    scheduler: str,
) -> DenoiseJob:
    """From noise, guided away from the empty prompt; ``size`` in pixels a side."""
    clip = CLIPField(tokenizer=part(model, "tokenizer"), text_encoder=part(model, "text_encoder"))
    positive, negative = (
        engine.encode(CompelText(prompt=text, clip=clip), SilentHooks()) for text in (prompt, "")
    )
    return DenoiseJob(
        model=unet(model),
        positive=positive,
        negative=negative,
        noise=engine.noise(seed=1, width=size, height=size),
        latents=None,
        steps=steps,
        cfg_scale=scale,
        scheduler=scheduler,
        seed=1,
    )
