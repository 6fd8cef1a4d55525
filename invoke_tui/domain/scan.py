"""What a look at a file or folder found: the line of a scan, for the screen, the shell and the model manager."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.models import BaseModelType, ModelDefaults, ModelFormat, ModelType, PredictionType

ScanStatus = Literal["new", "installed", "changed", "unreadable", "unknown"]


class ScanEntry(Record):
    """One model, or what stands in its place. ``reason`` says why it is unreadable or unknown; texts are safe to show,
    ``path`` is as the disk has it."""

    path: str
    status: ScanStatus
    name: str = ""
    type: ModelType = ModelType.UNKNOWN
    base: BaseModelType = BaseModelType.UNKNOWN
    format: ModelFormat = ModelFormat.UNKNOWN
    variant: str | None = None
    prediction_type: PredictionType | None = None
    repo_variant: str | None = None
    precision: str | None = Field(
        default=None, description="The number type of most weights, e.g. fp16, fp8, Q4_K"
    )
    dialect: str | None = Field(default=None, description="Whose key names a LoRA uses")
    algorithms: tuple[str, ...] = ()
    file_size: int = Field(default=0, ge=0, description="bytes")
    fingerprint: str = Field(default="", description="Of the content; only where it was needed")
    description: str = ""
    trigger_phrases: tuple[str, ...] = ()
    preview: str | None = Field(default=None, description="Path of a picture that lies beside the model")
    default_settings: ModelDefaults = ModelDefaults()
    assumed: tuple[str, ...] = Field(
        default=(), description="What a name decided because the weights do not tell"
    )
    reason: str = ""
