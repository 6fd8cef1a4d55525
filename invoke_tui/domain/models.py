"""What a model is: InvokeAI's taxonomy and the record the model manager keeps."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from invoke_tui.domain.base import Document, Record
from invoke_tui.domain.schedulers import SchedulerName


class BaseModelType(StrEnum):
    """The architecture a model belongs to (InvokeAI's ``base`` ids)."""

    ANY = "any"
    SD1 = "sd-1"
    SD2 = "sd-2"
    SD3 = "sd-3"
    SDXL = "sdxl"
    SDXL_REFINER = "sdxl-refiner"
    FLUX = "flux"
    UNKNOWN = "unknown"


class ModelType(StrEnum):
    """The part a model plays (InvokeAI's ``type`` ids)."""

    MAIN = "main"
    VAE = "vae"
    LORA = "lora"
    CONTROL_LORA = "control_lora"
    CONTROLNET = "controlnet"
    T2I_ADAPTER = "t2i_adapter"
    IP_ADAPTER = "ip_adapter"
    EMBEDDING = "embedding"
    CLIP_VISION = "clip_vision"
    CLIP_EMBED = "clip_embed"
    T5_ENCODER = "t5_encoder"
    SPANDREL = "spandrel_image_to_image"
    UNKNOWN = "unknown"


class ModelFormat(StrEnum):
    """How the weights are stored (InvokeAI's ``format`` ids)."""

    DIFFUSERS = "diffusers"
    CHECKPOINT = "checkpoint"
    LYCORIS = "lycoris"
    UNKNOWN = "unknown"


PredictionType = Literal["epsilon", "v_prediction", "sample"]


class ModelDefaults(Record):
    """Settings a model asks for when it is chosen; ``None`` leaves the person's value alone."""

    vae: str | None = None
    vae_precision: Literal["fp16", "fp32"] | None = None
    scheduler: SchedulerName | None = None
    steps: int | None = Field(default=None, gt=0)
    cfg_scale: float | None = Field(default=None, ge=1)
    cfg_rescale_multiplier: float | None = Field(default=None, ge=0, lt=1)
    width: int | None = Field(default=None, ge=64, multiple_of=8)
    height: int | None = Field(default=None, ge=64, multiple_of=8)


class ModelIdentifier(Document):
    """How graphs and metadata name a model (InvokeAI's ``ModelIdentifierField``)."""

    key: str
    hash: str = ""
    name: str
    base: str = BaseModelType.UNKNOWN
    type: str = ModelType.MAIN
    submodel_type: str | None = None


class ModelRecord(Record):
    """One installed model. ``path`` is absolute; ``missing`` is set when nothing lies there any more."""

    key: str
    hash: str
    name: str
    base: BaseModelType
    type: ModelType
    format: ModelFormat
    variant: str | None = "normal"
    prediction_type: PredictionType | None = None
    path: str
    file_size: int = Field(ge=0, description="bytes")
    description: str = ""
    source: str = ""
    trigger_phrases: tuple[str, ...] = ()
    default_settings: ModelDefaults = ModelDefaults()
    installed: bool = True
    missing: bool = False

    def identifier(self, submodel_type: str | None = None) -> ModelIdentifier:
        """The reference that graphs and metadata carry."""
        return ModelIdentifier(
            key=self.key,
            hash=self.hash,
            name=self.name,
            base=self.base.value,
            type=self.type.value,
            submodel_type=submodel_type,
        )
