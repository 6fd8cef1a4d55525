"""Creative upscaling: a picture made larger by a network, then drawn again in tiles that follow it.

Names, bounds and formulas are InvokeAI's.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.request.parameters import MOST_LORAS, PROMPT_LIMIT, SEED_MAX, LoRARequest
from invoke_tui.domain.request.tiles import tiles_overlapping
from invoke_tui.domain.schedulers import SchedulerName

CREATIVE_SCALE: Final = 4.0
"""Times as large, where nobody says."""
SHARPEN: Final = {"radius": 2.0, "strength": 60.0}
"""How crisp the enlarged picture is made before it is drawn over."""
CONTROL_END: Final = 0.85
"""Where the tile ControlNet lets go at last."""
CELL: Final = 8
TILE_STARTERS: Final = {BaseModelType.SD1: "tile-sd-1", BaseModelType.SDXL: "tile-sdxl"}
"""What 'models install' calls the tile ControlNet of a base."""


class CreativeRequest(Record):
    """How a picture is drawn again. ``None`` means "what the model asks for, else InvokeAI's default"."""

    model: str | None = Field(default=None, description="Main model that draws, by name or key")
    positive_prompt: str | None = Field(
        default=None,
        max_length=PROMPT_LIMIT,
        description="What the picture shows; left out: the prompt it was made with",
    )
    negative_prompt: str | None = Field(
        default=None, max_length=PROMPT_LIMIT, description="What it must not show; left out as above"
    )
    creativity: float = Field(
        default=0,
        ge=-10,
        le=10,
        description="How much is drawn anew, -10 (hardly anything) to 10 (all of it)",
    )
    structure: float = Field(
        default=0, ge=-10, le=10, description="How closely the shapes are kept, -10 (loosely) to 10"
    )
    tile_size: int = Field(
        default=1024,
        ge=512,
        le=1536,
        multiple_of=8,
        description="Side of the tiles that are drawn, in pixels",
    )
    tile_overlap: int = Field(
        default=128, ge=16, le=512, multiple_of=8, description="Pixels that neighbouring tiles share at least"
    )
    steps: int | None = Field(default=None, ge=1, le=500, description="Denoising steps")
    cfg_scale: float = Field(default=2, ge=1, le=200, description="Classifier-free guidance scale")
    scheduler: SchedulerName | None = Field(default=None, description="Scheduler")
    seed: int | None = Field(default=None, ge=0, le=SEED_MAX, description="Seed; none = random")
    loras: tuple[LoRARequest, ...] = Field(default=(), max_length=MOST_LORAS, description="LoRAs to apply")
    vae: str | None = Field(default=None, description="VAE to use instead of the model's own")
    control: str | None = Field(
        default=None,
        description="ControlNet that holds the shapes; left out: the tile ControlNet of the base",
    )
    uncontrolled: bool = Field(default=False, description="Draw without a ControlNet")


class ResolvedCreative(Record):
    """What a recipe needs to know beside the request it resolves to. Sizes in pixels; ``upscaler_tile_size`` 0 takes
    the picture in one piece."""

    scale: float
    upscaler_tile_size: int
    creativity: float
    structure: float
    tile_size: int
    tile_overlap: int
    union: int | None = None
    preprocessor: str | None = None


class Hold(Record):
    """How strongly a ControlNet acts, and from where to where of the steps."""

    weight: float
    begin: float
    end: float


def denoising_start(creativity: float) -> float:
    """The share of the denoising that is left out: half of it in the middle, nearly all at -10, nothing at 10."""
    return round((10 - creativity) * 4.99 / 100, 6)


def holds(structure: float) -> tuple[Hold, Hold]:
    """How the tile ControlNet acts: strongly at first, then weakly."""
    grip = (structure + 10) * 0.0325
    turn = round((structure + 10) * 0.025 + 0.3, 6)
    return (
        Hold(weight=round(grip + 0.3, 6), begin=0, end=turn),
        Hold(weight=round((grip + 0.15) * 0.45, 6), begin=turn, end=CONTROL_END),
    )


def tile_count(width: int, height: int, tile_size: int, tile_overlap: int) -> int:
    """How many tiles a picture is drawn in."""
    side, overlap = tile_size // CELL, min(tile_overlap, tile_size - CELL) // CELL
    return len(tiles_overlapping(height // CELL, width // CELL, side, side, overlap))


def tile_controlnet(models: Iterable[ModelRecord], base: BaseModelType) -> ModelRecord | None:
    """The first ControlNet of ``base`` with "tile" in its name, else one that knows several kinds of picture."""
    fitting = [
        one for one in models if one.type is ModelType.CONTROLNET and one.base is base and not one.missing
    ]
    return next((one for word in ("tile", "union") for one in fitting if called(one, word)), None)


def called(model: ModelRecord, word: str) -> bool:
    """Whether ``word`` is in the name of a model or of its file."""
    return word in f"{model.name} {Path(model.path).name}".lower()
