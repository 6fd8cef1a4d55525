"""Settings that refine how a picture is drawn: FreeU, the span of guidance, variance of seeds, a second pass."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from invoke_tui.domain.base import Record

HighResMethod = Literal["ESRGAN", "bilinear", "latent"]


class FreeU(Record):
    """How strongly a UNet's backbone (b1, b2) and its skip connections (s1, s2) count; 1 is as it is."""

    b1: float = Field(default=1.2, ge=-1, le=3)
    b2: float = Field(default=1.4, ge=-1, le=3)
    s1: float = Field(default=0.9, ge=-1, le=3)
    s2: float = Field(default=0.2, ge=-1, le=3)


class RefinementSettings(Record):
    """The same in a request and when everything is resolved. Steps are shares of all of them."""

    freeu: FreeU | None = Field(default=None, description="FreeU's four factors; none = off")
    cfg_begin_step_percent: float = Field(
        default=0.0, ge=0, le=1, description="The share of the steps from which the CFG scale acts"
    )
    cfg_end_step_percent: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="The share of the steps up to which the CFG scale acts; unguided steps take half the time",
    )
    seed_variance_strength: float = Field(
        default=0.0, ge=0, le=2, description="How much the seed changes the prompt itself; 0 = not at all"
    )
    seed_variance_randomize_percent: float = Field(
        default=50.0,
        ge=1,
        le=100,
        description="The share of the prompt's values that are changed, in percent",
    )


class RefinementRequest(RefinementSettings):
    """The part of a request that is about refinement. The prefix ``hrf`` is InvokeAI's."""

    hrf_enabled: bool = Field(
        default=False,
        description="Draw small first, then the picture over it: large pictures keep one subject",
    )
    hrf_method: HighResMethod = Field(
        default="bilinear",
        description="How the small picture is made large: by an upscale model, bilinear, "
        "or as latents, which wants a strength of 0.55 or more",
    )
    hrf_strength: float = Field(default=0.45, ge=0, le=1, description="How much the second pass draws anew")
    hrf_scale: float | None = Field(
        default=None,
        gt=1,
        le=8,
        description="How many times larger than the first pass the picture is; none = what the model draws best",
    )
    hrf_steps: int | None = Field(
        default=None, ge=1, le=500, description="Steps of the second pass; none = those of the first"
    )
    hrf_model: str | None = Field(
        default=None, description="Key or name of the upscale model; none = one that is installed"
    )


class HighRes(Record):
    """A first pass of ``width`` x ``height`` with every choice made; ``model`` is the upscaler's key."""

    width: int = Field(ge=64, multiple_of=8)
    height: int = Field(ge=64, multiple_of=8)
    method: HighResMethod
    strength: float = Field(ge=0, le=1)
    steps: int = Field(ge=1)
    scale: float | None = Field(default=None, gt=1, description="As it was asked for")
    model: str | None = None
