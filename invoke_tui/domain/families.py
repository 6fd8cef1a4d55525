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
    negative_prompt: bool = True
    prompt_weights: bool = True


SD: Final = FamilyTraits()
_SDXL: Final = FamilyTraits(side=1024)
_FLOW: Final = FamilyTraits(
    side=1024, grid=16, scheduler="euler", schedulers=("euler", "heun", "lcm"), prompt_weights=False
)
_FLUX: Final = _FLOW.model_copy(update={"steps": 28, "cfg_scale": 1.0, "negative_prompt": False})
_BY_BASE: Final[dict[BaseModelType, FamilyTraits]] = {
    BaseModelType.SD1: SD,
    BaseModelType.SD2: FamilyTraits(side=768),
    BaseModelType.SDXL: _SDXL,
    BaseModelType.SDXL_REFINER: _SDXL,
    BaseModelType.SD3: _FLOW.model_copy(update={"steps": 28, "cfg_scale": 3.5, "schedulers": ("euler",)}),
    BaseModelType.FLUX: _FLUX.model_copy(update={"guidance": 4.0}),
}
_SCHNELL: Final = _FLUX.model_copy(update={"steps": 4})


def traits_of(model: ModelRecord | None) -> FamilyTraits:
    """The traits of a model's family; those of Stable Diffusion for a family nobody knows."""
    if model is None:
        return SD
    if model.base is BaseModelType.FLUX and model.variant == "schnell":
        return _SCHNELL
    if model.base is BaseModelType.SD2 and model.prediction_type == "epsilon":
        return SD
    return _BY_BASE.get(model.base, SD)
