"""What a model is: InvokeAI's taxonomy and the record the model manager keeps."""

from __future__ import annotations

from datetime import datetime
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
    FLUX2 = "flux2"
    COGVIEW4 = "cogview4"
    Z_IMAGE = "z-image"
    ERNIE_IMAGE = "ernie-image"
    IDEOGRAM4 = "ideogram-4"
    QWEN_IMAGE = "qwen-image"
    ANIMA = "anima"
    KREA2 = "krea-2"
    WAN = "wan"
    EXTERNAL = "external"
    UNKNOWN = "unknown"


class ModelType(StrEnum):
    """The part a model plays (InvokeAI's ``type`` ids)."""

    ONNX = "onnx"
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
    QWEN3_ENCODER = "qwen3_encoder"
    QWEN_VL_ENCODER = "qwen_vl_encoder"
    QWEN3_VL_ENCODER = "qwen3_vl_encoder"
    MISTRAL_ENCODER = "mistral_encoder"
    WAN_T5_ENCODER = "wan_t5_encoder"
    GEMMA2_ENCODER = "gemma2_encoder"
    SPANDREL = "spandrel_image_to_image"
    SIGLIP = "siglip"
    FLUX_REDUX = "flux_redux"
    LLAVA_ONEVISION = "llava_onevision"
    PROMPT_ENHANCER = "prompt_enhancer"
    TEXT_LLM = "text_llm"
    EXTERNAL_IMAGE_GENERATOR = "external_image_generator"
    PID_DECODER = "pid_decoder"
    PICTURE_TOOL = "picture_tool"
    """Ours: a network that preprocessors or infill look through, see ``tools``. InvokeAI keeps no list of them."""
    UNKNOWN = "unknown"


class ModelFormat(StrEnum):
    """How the weights are stored (InvokeAI's ``format`` ids)."""

    OMI = "omi"
    DIFFUSERS = "diffusers"
    CHECKPOINT = "checkpoint"
    LYCORIS = "lycoris"
    OLORA = "olora"
    ONNX = "onnx"
    OLIVE = "olive"
    EMBEDDING_FILE = "embedding_file"
    EMBEDDING_FOLDER = "embedding_folder"
    INVOKEAI = "invokeai"
    T5_ENCODER = "t5_encoder"
    QWEN3_ENCODER = "qwen3_encoder"
    QWEN_VL_ENCODER = "qwen_vl_encoder"
    QWEN3_VL_ENCODER = "qwen3_vl_encoder"
    MISTRAL_ENCODER = "mistral_encoder"
    WAN_T5_ENCODER = "wan_t5_encoder"
    GEMMA2_ENCODER = "gemma2_encoder"
    BNB_INT8 = "bnb_quantized_int8b"
    BNB_NF4 = "bnb_quantized_nf4b"
    GGUF = "gguf_quantized"
    EXTERNAL_API = "external_api"
    SDNQ = "sdnq_quantized"
    UNKNOWN = "unknown"


PredictionType = Literal["epsilon", "v_prediction", "sample"]
TimestepSpacing = Literal["leading", "linspace", "trailing"]
SourceType = Literal["path", "url", "hf_repo_id", "external"]


class ModelDefaults(Record):
    """Settings a model asks for when it is chosen; ``None`` leaves the person's value alone."""

    vae: str | None = None
    vae_precision: Literal["fp16", "fp32"] | None = None
    scheduler: SchedulerName | None = None
    timestep_spacing: TimestepSpacing | None = Field(
        default=None,
        description="How the steps are spread; trailing = from pure noise on, for models of few steps",
    )
    steps: int | None = Field(default=None, gt=0)
    cfg_scale: float | None = Field(default=None, ge=1)
    cfg_rescale_multiplier: float | None = Field(default=None, ge=0, lt=1)
    guidance: float | None = Field(default=None, ge=1)
    preprocessor: str | None = None
    width: int | None = Field(default=None, ge=64, multiple_of=8)
    height: int | None = Field(default=None, ge=64, multiple_of=8)
    weight: float | None = Field(default=None, description="Of a LoRA: how strongly it is applied")
    weight_min: float | None = None
    weight_max: float | None = None
    cpu_only: bool | None = Field(default=None, description="Run it on the processor, whatever the device")
    fp8_storage: bool | None = Field(default=None, description="Keep its weights in 8 bits in memory")


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
    hash: str = Field(description="InvokeAI's once it was asked for (blake3:…), until then the fingerprint")
    name: str
    base: BaseModelType
    type: ModelType
    format: ModelFormat
    variant: str | None = "normal"
    prediction_type: PredictionType | None = None
    repo_variant: str | None = Field(
        default=None, description="Of a folder: the mark of its weights, e.g. fp16"
    )
    precision: str | None = Field(
        default=None, description="The number type of most weights, e.g. fp16, Q4_K"
    )
    dialect: str | None = Field(default=None, description="Whose key names a LoRA uses")
    algorithms: tuple[str, ...] = ()
    submodels: tuple[str, ...] = Field(default=(), description="The components a main model brings")
    assumed: tuple[str, ...] = Field(
        default=(), description="What a name decided because the weights do not tell"
    )
    path: str
    file_size: int = Field(ge=0, description="bytes")
    fingerprint: str = Field(
        default="", description="Tells the content by size, header and samples of the weights"
    )
    description: str = ""
    source: str = ""
    source_type: SourceType = "path"
    in_place: bool = Field(
        default=True, description="The files are the person's own and never deleted with the record"
    )
    trigger_phrases: tuple[str, ...] = ()
    default_settings: ModelDefaults = ModelDefaults()
    cover_image: str | None = Field(default=None, description="Path of a picture")
    related: tuple[str, ...] = Field(default=(), description="Keys of models that go with it")
    by_hand: tuple[str, ...] = Field(
        default=(), description="The fields a person set: no rescan changes them"
    )
    added_at: datetime | None = Field(default=None, description="When it came on the list")
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
