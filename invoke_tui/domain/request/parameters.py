"""What a person asks for: every generation parameter, declared once.

The form, the CLI flags, the recipes and the metadata all read these fields, their bounds and descriptions.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.request.controls import (
    MOST_STEERING,
    ControlRequest,
    ReferenceRequest,
    ResolvedControl,
    ResolvedReference,
)
from invoke_tui.domain.request.pictures import PictureRequest, Start
from invoke_tui.domain.request.refinement import HighRes, RefinementRequest, RefinementSettings
from invoke_tui.domain.request.regions import MOST_REGIONS, RegionRequest, ResolvedRegion
from invoke_tui.domain.schedulers import SchedulerName

SEED_MAX: Final = 2**32 - 1
PROMPT_LIMIT: Final = 200_000

LORA_WEIGHT: Final = 0.75
"""How strongly a LoRA is applied where neither a person nor the LoRA's own settings say."""
MOST_LORAS: Final = 100

SeedBehaviour = Literal["PER_ITERATION", "PER_PROMPT"]
LongPrompts = Literal["chunks", "truncate"]


class LoRARequest(Record):
    """A LoRA by key or name; without a weight the one its settings ask for."""

    model: str = Field(min_length=1)
    weight: float | None = Field(default=None, ge=-10, le=10, allow_inf_nan=False)


class ResolvedLoRA(Record):
    """A LoRA by key, with its weight."""

    model: str
    weight: float = Field(ge=-10, le=10)


class GenerationRequest(PictureRequest, RefinementRequest):
    """One press of the generate key. ``None`` means "what the model asks for, else InvokeAI's default"."""

    positive_prompt: str = Field(default="", max_length=PROMPT_LIMIT, description="What the picture shows")
    negative_prompt: str = Field(
        default="", max_length=PROMPT_LIMIT, description="What the picture must not show"
    )
    model: str | None = Field(
        default=None, description="Key or name of the main model; none = the default model"
    )
    vae: str | None = Field(
        default=None, description="Key or name of a VAE to use instead of the model's own"
    )
    width: int | None = Field(default=None, ge=64, le=16384, multiple_of=8, description="Width in pixels")
    height: int | None = Field(default=None, ge=64, le=16384, multiple_of=8, description="Height in pixels")
    steps: int | None = Field(default=None, ge=1, le=500, description="Denoising steps")
    cfg_scale: float | None = Field(default=None, ge=1, le=200, description="Classifier-free guidance scale")
    cfg_rescale_multiplier: float | None = Field(default=None, ge=0, lt=1, description="CFG rescale")
    guidance: float | None = Field(default=None, ge=0, le=100, description="Distilled guidance of FLUX.1 dev")
    scheduler: SchedulerName | None = Field(default=None, description="Scheduler")
    seed: int | None = Field(default=None, ge=0, le=SEED_MAX, description="Seed; none = random")
    count: int = Field(
        default=1, ge=1, le=10_000, description="How many pictures; seeds count up from the first"
    )
    clip_skip: int = Field(default=0, ge=0, le=24, description="Text encoder layers to leave out at the end")
    long_prompts: LongPrompts = Field(
        default="chunks", description="Prompts longer than CLIP reads at once: in chunks, or only what fits"
    )
    seamless_x: bool = Field(default=False, description="Tile without a seam from left to right")
    seamless_y: bool = Field(default=False, description="Tile without a seam from top to bottom")
    vae_precision: Literal["fp16", "fp32"] | None = Field(
        default=None, description="Precision of the VAE decode"
    )
    t5_encoder: str | None = Field(
        default=None, description="Key or name of a T5 encoder, for models that bring none"
    )
    clip_embed: str | None = Field(
        default=None, description="Key or name of a CLIP-L encoder, for models that bring none"
    )
    clip_g: str | None = Field(
        default=None, description="Key or name of a CLIP-G encoder, for models that bring none"
    )
    refiner_model: str | None = Field(
        default=None, description="Key or name of an SDXL refiner that finishes the picture"
    )
    refiner_steps: int = Field(default=20, ge=1, le=500, description="The refiner's steps")
    refiner_cfg_scale: float = Field(default=7.5, ge=1, le=200, description="The refiner's guidance")
    refiner_scheduler: SchedulerName = Field(default="euler", description="The refiner's scheduler")
    refiner_start: float = Field(
        default=0.8, ge=0, le=1, description="The share of the denoising that is done before the refiner"
    )
    refiner_positive_aesthetic_score: float = Field(
        default=6.0, ge=1, le=10, description="How beautiful the refiner takes the picture to be"
    )
    refiner_negative_aesthetic_score: float = Field(
        default=2.5, ge=1, le=10, description="How beautiful the refiner takes its opposite to be"
    )
    loras: tuple[LoRARequest, ...] = Field(
        default=(), max_length=MOST_LORAS, description="LoRAs to apply, each with its weight"
    )
    controls: tuple[ControlRequest, ...] = Field(
        default=(), max_length=MOST_STEERING, description="Pictures that say where things are"
    )
    references: tuple[ReferenceRequest, ...] = Field(
        default=(), max_length=MOST_STEERING, description="Pictures that say what things look like"
    )
    regions: tuple[RegionRequest, ...] = Field(
        default=(),
        max_length=MOST_REGIONS,
        description="A prompt for a part of the picture; "
        "its sides are shares, 0 to 1, or mask=FILE_OR_NAME says where",
    )
    board: str | None = Field(default=None, description="Board that receives the pictures")
    template: str | None = Field(
        default=None,
        description="Name of a prompt template around the prompts; none = the prompts as they are",
    )
    dynamic_prompts: bool = Field(default=True, description="Expand {a|b} and the like in the prompt")
    wildcards: bool = Field(default=True, description="Expand __names__ of wildcard files in dynamic prompts")
    combinatorial: bool = Field(
        default=True,
        description="All combinations of a dynamic prompt; else random draws, max_prompts of them",
    )
    max_prompts: int = Field(
        default=100, ge=1, le=10_000, description="Limit of a dynamic prompt's expansion"
    )
    seed_behaviour: SeedBehaviour = Field(default="PER_ITERATION", description="Seeds of dynamic prompts")
    ignored_to_negative: bool = Field(
        default=False,
        description="Words in [brackets] go to the negative prompt; else they are only left out",
    )


class Refiner(Record):
    """How SDXL's refiner finishes a picture; ``model`` is its key. Field names are InvokeAI's without the prefix."""

    model: str
    steps: int = Field(ge=1)
    cfg_scale: float = Field(ge=1)
    scheduler: SchedulerName
    start: float = Field(ge=0, le=1)
    positive_aesthetic_score: float
    negative_aesthetic_score: float


class ResolvedRequest(RefinementSettings):
    """A request for exactly one picture with every choice made; this is what a recipe turns into a graph."""

    positive_prompt: str
    negative_prompt: str
    model: str = Field(description="Model key")
    vae: str | None = Field(default=None, description="VAE key")
    t5_encoder: str | None = Field(default=None, description="T5 encoder key")
    clip_embed: str | None = Field(default=None, description="CLIP-L key")
    clip_g: str | None = Field(default=None, description="CLIP-G key")
    refiner: Refiner | None = None
    start: Start | None = Field(default=None, description="The picture to start from; none = from noise")
    highres: HighRes | None = Field(default=None, description="A small first pass; none = one pass")
    regions: tuple[ResolvedRegion, ...] = ()
    loras: tuple[ResolvedLoRA, ...] = ()
    controls: tuple[ResolvedControl, ...] = ()
    references: tuple[ResolvedReference, ...] = ()
    width: int = Field(ge=64, multiple_of=8)
    height: int = Field(ge=64, multiple_of=8)
    steps: int = Field(ge=1)
    cfg_scale: float = Field(ge=1)
    cfg_rescale_multiplier: float = Field(ge=0, lt=1)
    guidance: float | None = Field(default=None, ge=0)
    scheduler: SchedulerName
    seed: int = Field(ge=0, le=SEED_MAX)
    clip_skip: int = Field(ge=0)
    long_prompts: LongPrompts = "chunks"
    seamless_x: bool = False
    seamless_y: bool = False
    vae_precision: Literal["fp16", "fp32"] = "fp32"
    template: str | None = Field(default=None, description="Name of the template the prompts were put into")
    board: str | None = None
