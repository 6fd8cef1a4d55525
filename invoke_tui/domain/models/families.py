"""What each family of models wants where neither a person nor the model says anything, and what it cannot take."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.models.records import BaseModelType, ModelRecord
from invoke_tui.domain.models.tokenizers import EncoderTraits
from invoke_tui.domain.schedulers import SCHEDULER_NAMES, SchedulerName

_CLIP: Final = EncoderTraits(name="CLIP")
_CLIP_SD2: Final = EncoderTraits(name="CLIP", pad="!")
_CLIP_L: Final = EncoderTraits(name="CLIP-L")
_CLIP_G: Final = EncoderTraits(name="CLIP-G", component="tokenizer_2", pad="!")
_CLIP_CUT: Final = EncoderTraits(name="CLIP-L", role="clip_embed", chunks=False)
_T5: Final = EncoderTraits(
    name="T5", kind="t5", component="tokenizer_2", role="t5_encoder", tokens=512, chunks=False
)
_SD3_ENCODERS: Final = (
    _CLIP_CUT,
    EncoderTraits(name="CLIP-G", component="tokenizer_2", role="clip_g", chunks=False, pad="!"),
    _T5.model_copy(update={"component": "tokenizer_3", "tokens": 256}),
)

FILL: Final = "dev_fill"
"""The variant of FLUX.1 that fills masks and does nothing else."""


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
    loras: bool = Field(default=True, description="Whether graphs can apply LoRAs to it")
    image_to_image: bool = Field(default=True, description="Whether it draws from a picture without a mask")
    inpaint: bool = Field(
        default=True, description="Whether it draws the masked part of a picture, or around it"
    )
    optimized_denoising: bool = Field(
        default=False, description="Whether strengths are spread: start = 1 - strength ** 0.2"
    )
    controlnets: bool = Field(default=True, description="Whether ControlNets can steer it")
    t2i_adapters: bool = Field(default=True, description="Whether T2I-Adapters can steer it")
    ip_adapters: bool = Field(default=True, description="Whether IP-Adapters can show it pictures")
    redux: bool = Field(default=False, description="Whether FLUX Redux can show it pictures")
    freeu: bool = Field(default=True, description="Whether FreeU acts: it has skip connections")
    seamless: bool = Field(
        default=True, description="Whether it draws pictures that tile: it has convolutions"
    )
    cfg_rescale: bool = Field(default=True, description="Whether guidance can be rescaled")
    regions: bool = Field(default=True, description="Whether parts of the picture have their own prompts")
    highres: bool = Field(default=True, description="Whether it draws in two passes, small ones first")
    creative_upscaling: bool = Field(
        default=True, description="Whether it draws large pictures in tiles that a ControlNet holds"
    )
    roles: tuple[str, ...] = Field(
        default=("vae",), description="Fields of a request that name models beside the main one"
    )
    encoders: tuple[EncoderTraits, ...] = (_CLIP,)


SD: Final = FamilyTraits()
_NOT_STEERED: Final = {"controlnets": False, "t2i_adapters": False, "ip_adapters": False}
_SD2_SMALL: Final = FamilyTraits(encoders=(_CLIP_SD2,), t2i_adapters=False, ip_adapters=False)
_SDXL: Final = FamilyTraits(side=1024, roles=("vae", "refiner_model"), encoders=(_CLIP_L, _CLIP_G))
_SD3: Final = FamilyTraits(
    side=1024,
    optimized_denoising=True,
    grid=16,
    steps=28,
    cfg_scale=3.5,
    scheduler="euler",
    schedulers=("euler",),
    loras=False,
    freeu=False,
    seamless=False,
    cfg_rescale=False,
    regions=False,
    creative_upscaling=False,
    roles=("vae", "t5_encoder", "clip_embed", "clip_g"),
    encoders=_SD3_ENCODERS,
    **_NOT_STEERED,
)
_SCHNELL: Final = FamilyTraits(
    side=1024,
    optimized_denoising=True,
    grid=16,
    steps=4,
    cfg_scale=1.0,
    scheduler="euler",
    schedulers=("euler", "heun", "lcm"),
    negative_prompt=False,
    freeu=False,
    seamless=False,
    cfg_rescale=False,
    creative_upscaling=False,
    roles=("vae", "t5_encoder", "clip_embed"),
    encoders=(_CLIP_CUT, _T5.model_copy(update={"tokens": 256})),
    t2i_adapters=False,
    redux=True,
)
_FLUX: Final = _SCHNELL.model_copy(update={"steps": 28, "guidance": 4.0, "encoders": (_CLIP_CUT, _T5)})
_FLUX_FILL: Final = _FLUX.model_copy(
    update={"guidance": 30.0, "image_to_image": False, "controlnets": False, "highres": False}
)
_BY_BASE: Final[dict[BaseModelType, FamilyTraits]] = {
    BaseModelType.SD1: SD,
    BaseModelType.SD2: _SD2_SMALL.model_copy(update={"side": 768}),
    BaseModelType.SDXL: _SDXL,
    BaseModelType.SDXL_REFINER: _SDXL.model_copy(
        update={"encoders": (_CLIP_G,), "creative_upscaling": False}
    ),
    BaseModelType.SD3: _SD3,
    BaseModelType.FLUX: _FLUX,
}


def traits_of(model: ModelRecord | None) -> FamilyTraits:
    """The traits of a model's family; those of Stable Diffusion for a family nobody knows."""
    if model is None:
        return SD
    if model.base is BaseModelType.FLUX and model.variant == "schnell":
        return _SCHNELL
    if model.base is BaseModelType.FLUX and model.variant == FILL:
        return _FLUX_FILL
    if model.base is BaseModelType.SD2 and model.prediction_type == "epsilon":
        return _SD2_SMALL
    return _BY_BASE.get(model.base, SD)
