"""What each family of models wants where neither a person nor the model says anything, and what it cannot take."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.models import BaseModelType, ModelRecord
from invoke_tui.domain.schedulers import SCHEDULER_NAMES, SchedulerName


class FamilyTraits(Record):
    """Defaults and limits of a family; figures are InvokeAI's where it has one."""

    side: int = Field(default=512, description="Pixels of the square it draws best")
    grid: int = Field(default=8, description="Width and height are multiples of this")
    steps: int = 30
    cfg_scale: float = 7.5
    scheduler: SchedulerName = "dpmpp_3m_k"
    schedulers: tuple[SchedulerName, ...] = SCHEDULER_NAMES
    guidance: float | None = Field(default=None, description="Distilled guidance, where it has one")
    negative_prompt: bool = Field(default=True, description="Whether one counts at the default guidance")
    prompt_weights: bool = True
    loras: bool = Field(default=True, description="Whether graphs can apply LoRAs to it")
    roles: tuple[str, ...] = Field(
        default=("vae",), description="Fields of a request that name models beside the main one"
    )


SD: Final = FamilyTraits()
_SDXL: Final = FamilyTraits(side=1024, roles=("vae", "refiner_model"))
_SD3: Final = FamilyTraits(
    side=1024,
    grid=16,
    steps=28,
    cfg_scale=3.5,
    scheduler="euler",
    schedulers=("euler",),
    prompt_weights=False,
    loras=False,
    roles=("vae", "t5_encoder", "clip_embed", "clip_g"),
)
_SCHNELL: Final = FamilyTraits(
    side=1024,
    grid=16,
    steps=4,
    cfg_scale=1.0,
    scheduler="euler",
    schedulers=("euler", "heun", "lcm"),
    negative_prompt=False,
    prompt_weights=False,
    roles=("vae", "t5_encoder", "clip_embed"),
)
_FLUX: Final = _SCHNELL.model_copy(update={"steps": 28, "guidance": 4.0})
_BY_BASE: Final[dict[BaseModelType, FamilyTraits]] = {
    BaseModelType.SD1: SD,
    BaseModelType.SD2: FamilyTraits(side=768),
    BaseModelType.SDXL: _SDXL,
    BaseModelType.SDXL_REFINER: _SDXL,
    BaseModelType.SD3: _SD3,
    BaseModelType.FLUX: _FLUX,
}


def traits_of(model: ModelRecord | None) -> FamilyTraits:
    """The traits of a model's family; those of Stable Diffusion for a family nobody knows."""
    if model is None:
        return SD
    if model.base is BaseModelType.FLUX and model.variant == "schnell":
        return _SCHNELL
    if model.base is BaseModelType.SD2 and model.prediction_type == "epsilon":
        return SD
    return _BY_BASE.get(model.base, SD)
