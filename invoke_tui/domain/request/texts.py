"""A prompt and the text encoders it goes through, one kind for each way families read text."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.graph.fields import CLIPField, T5EncoderField
from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.domain.request.parameters import LongPrompts


class CompelText(Record):
    """SD 1 and 2: weighted text states of one CLIP."""

    kind: Literal["compel"] = "compel"
    prompt: str
    clip: CLIPField
    embeddings: tuple[ModelIdentifier, ...] = ()
    """Those that the prompt names."""
    long_prompts: LongPrompts = "chunks"


class SDXLText(Record):
    """SDXL: two encoders side by side; without ``clip`` the refiner's one. Sizes and crops are in pixels.

    ``style`` is what the second encoder reads, where it is not empty. The refiner takes ``aesthetic_score`` in place
    of the target size.
    """

    kind: Literal["sdxl"] = "sdxl"
    prompt: str
    style: str = ""
    clip: CLIPField | None = None
    clip2: CLIPField
    original_width: int
    original_height: int
    crop_top: int = 0
    crop_left: int = 0
    target_width: int = 0
    target_height: int = 0
    aesthetic_score: float | None = None
    embeddings: tuple[ModelIdentifier, ...] = ()
    long_prompts: LongPrompts = "chunks"


class FluxText(Record):
    """FLUX.1: CLIP's summary and T5's states of ``max_length`` tokens."""

    kind: Literal["flux"] = "flux"
    prompt: str
    clip: CLIPField
    t5_encoder: T5EncoderField
    max_length: int = Field(ge=1, le=512)


class SD3Text(Record):
    """Stable Diffusion 3: two CLIPs, and T5 where there is one."""

    kind: Literal["sd3"] = "sd3"
    prompt: str
    clip_l: CLIPField
    clip_g: CLIPField
    t5_encoder: T5EncoderField | None = None


Text = CompelText | SDXLText | FluxText | SD3Text
