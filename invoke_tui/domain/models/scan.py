"""What a look at a file or folder found: the line of a scan, for the screen, the shell and the model manager."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.models.records import (
    BaseModelType,
    ModelDefaults,
    ModelFormat,
    ModelType,
    PredictionType,
)

ScanStatus = Literal["new", "installed", "changed", "unreadable", "unknown"]


class ScanEntry(Record):
    """One model, or what stands in its place. ``reason`` says why it is unreadable or unknown; texts are safe to show,
    ``path`` is as the disk has it."""

    path: str
    status: ScanStatus
    key: str = Field(default="", description="Of the installed model that it is")
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
    submodels: tuple[str, ...] = Field(default=(), description="The components a main model brings")
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


RootKind = Literal["invokeai", "comfyui", "a1111", "folder"]


class ScanRoot(Record):
    """A folder as a scan understood it: whose it is, where in it models are looked for, and what else was read."""

    path: str
    kind: RootKind
    folders: tuple[str, ...]
    notes: tuple[str, ...] = ()


class ScanOrder(Record):
    """What to look through: folders or files, or the remembered folders when none is given."""

    paths: tuple[str, ...] = Field(default=(), max_length=1000)
    install: Literal["none", "all"] = "none"
    copy_files: bool = Field(default=False, description="Copy into the models folder, else use in place")


class InstallOrder(Record):
    """Models a person chose in a scan."""

    paths: tuple[str, ...] = Field(min_length=1, max_length=100_000)
    copy_files: bool = False
    overrides: dict[str, Any] = Field(
        default={}, description="For one model: what is known better, e.g. its type"
    )


class ScanSummary(Record):
    """The end of a scan: how many of each status, bytes of models, seconds, and whether it was canceled."""

    roots: tuple[ScanRoot, ...] = ()
    total: int = 0
    new: int = 0
    installed: int = 0
    changed: int = 0
    unreadable: int = 0
    unknown: int = 0
    added: int = Field(default=0, description="Registered by this scan")
    read: int = Field(default=0, description="Files that were opened; the others were known and unchanged")
    file_size: int = Field(default=0, description="bytes")
    seconds: float = 0.0
    canceled: bool = False


class ScanFolder(Record):
    """A folder that was scanned once and is scanned again with all the others."""

    path: str
    kind: RootKind
    scanned_at: str
    summary: ScanSummary
