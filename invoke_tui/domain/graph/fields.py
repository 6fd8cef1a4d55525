"""The values that flow along a graph's edges, in InvokeAI's shapes. Tensors and pictures travel by name."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from invoke_tui.domain.base import Document
from invoke_tui.domain.models.records import ModelIdentifier

ControlMode = Literal["balanced", "more_prompt", "more_control", "unbalanced"]
ResizeMode = Literal["just_resize", "crop_resize", "fill_resize", "just_resize_simple"]
ReferenceMethod = Literal["full", "style", "composition", "style_strong", "style_precise"]
SeamlessAxis = Literal["x", "y"]
LatentResize = Literal["nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact"]


class ImageField(Document):
    """A picture by its gallery name."""

    image_name: str


class LatentsField(Document):
    """Latents (or noise) by name. ``seed`` is the seed of the noise they came from, where known."""

    latents_name: str
    seed: int | None = None


class TensorField(Document):
    """A mask of yes and no by name."""

    tensor_name: str


class DenoiseMaskField(Document):
    """Which part of a picture is drawn, by name; for inpainting models with the latents of what is not."""

    mask_name: str
    masked_latents_name: str | None = None
    gradient: bool = False


class FluxFillConditioningField(Document):
    """The picture that FLUX.1 Fill fills, and where."""

    image: ImageField
    mask: TensorField


class ControlField(Document):
    """A ControlNet and the picture it follows. ``union`` is the kind of picture, for models that know several."""

    image: ImageField
    control_model: ModelIdentifier
    control_weight: float | list[float] = 1.0
    begin_step_percent: float = Field(default=0, ge=0, le=1)
    end_step_percent: float = Field(default=1, ge=0, le=1)
    control_mode: ControlMode = "balanced"
    resize_mode: ResizeMode = "just_resize"
    union: int | None = None


class FluxControlNetField(Document):
    """A ControlNet of FLUX.1 and the picture it follows. A control mode of -1 is none."""

    image: ImageField
    control_model: ModelIdentifier
    control_weight: float | list[float] = 1.0
    begin_step_percent: float = Field(default=0, ge=0, le=1)
    end_step_percent: float = Field(default=1, ge=0, le=1)
    resize_mode: ResizeMode = "just_resize"
    instantx_control_mode: int | None = -1

    def plain(self) -> ControlField:
        """As the denoise loop is asked for any family's."""
        mode = self.instantx_control_mode
        given = self.model_dump(exclude={"instantx_control_mode"})
        return ControlField.model_validate({**given, "union": None if mode is None or mode < 0 else mode})


class T2IAdapterField(Document):
    """A T2I-Adapter and the picture it follows."""

    image: ImageField
    t2i_adapter_model: ModelIdentifier
    weight: float | list[float] = 1.0
    begin_step_percent: float = Field(default=0, ge=0, le=1)
    end_step_percent: float = Field(default=1, ge=0, le=1)
    resize_mode: ResizeMode = "just_resize"


class IPAdapterField(Document):
    """An IP-Adapter, the pictures it shows and the image encoder it looks through."""

    image: ImageField | list[ImageField]
    ip_adapter_model: ModelIdentifier
    image_encoder_model: ModelIdentifier
    weight: float | list[float] = 1.0
    method: ReferenceMethod = "full"
    begin_step_percent: float = Field(default=0, ge=0, le=1)
    end_step_percent: float = Field(default=1, ge=0, le=1)
    mask: TensorField | None = None


class FluxReduxConditioningField(Document):
    """What FLUX Redux made of a picture, by name, for the part of the picture that ``mask`` says."""

    conditioning: TensorField
    mask: TensorField | None = None


class ColorField(Document):
    """A colour, each part 0 to 255."""

    r: int = Field(ge=0, le=255)
    g: int = Field(ge=0, le=255)
    b: int = Field(ge=0, le=255)
    a: int = Field(ge=0, le=255)


class EncodedPromptField(Document):
    """What every family's encoded prompt has: a name."""

    conditioning_name: str


class ConditioningField(EncodedPromptField):
    """An encoded prompt by name, for the part of the picture that ``mask`` says."""

    mask: TensorField | None = None


class LoRAField(Document):
    """A LoRA to apply, with its weight."""

    lora: ModelIdentifier
    weight: float = 1.0


class UNetField(Document):
    """The denoiser, the scheduler that came with it, and what is patched onto it."""

    unet: ModelIdentifier
    scheduler: ModelIdentifier
    loras: list[LoRAField] = Field(default_factory=list)
    seamless_axes: list[SeamlessAxis] = Field(default_factory=list)
    freeu_config: dict[str, Any] | None = None


class CLIPField(Document):
    """Tokenizer and text encoder, with the number of final layers to leave out."""

    tokenizer: ModelIdentifier
    text_encoder: ModelIdentifier
    skipped_layers: int = 0
    loras: list[LoRAField] = Field(default_factory=list)


class TransformerField(Document):
    """The denoiser of a transformer family, with what is patched onto it."""

    transformer: ModelIdentifier
    loras: list[LoRAField] = Field(default_factory=list)


class T5EncoderField(Document):
    """A T5 text encoder and its tokenizer."""

    tokenizer: ModelIdentifier
    text_encoder: ModelIdentifier
    loras: list[LoRAField] = Field(default_factory=list)


class FluxConditioningField(EncodedPromptField):
    """A prompt encoded for FLUX, by name, for the part of the picture that ``mask`` says."""

    mask: TensorField | None = None


class SD3ConditioningField(EncodedPromptField):
    """A prompt encoded for Stable Diffusion 3, by name."""


class VAEField(Document):
    """The autoencoder."""

    vae: ModelIdentifier
    seamless_axes: list[SeamlessAxis] = Field(default_factory=list)


class MetadataField(Document):
    """Metadata travelling to the node that writes the picture: a plain JSON object."""
