"""Installing a model: what is asked for, and the job that does it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import ExitCode, StudioError, error_from_json
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType, SourceType


class InstallStatus(StrEnum):
    """How far a job is (InvokeAI's words). ``running`` verifies, identifies and registers what lies here whole."""

    WAITING = "waiting"
    DOWNLOADING = "downloading"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Whether nothing happens any more unless somebody asks for it."""
        return self in (InstallStatus.COMPLETED, InstallStatus.ERROR, InstallStatus.CANCELLED)


class InstallRequest(Record):
    """A model to install. ``source`` is a path, an address, a repository, a page, or a starter model's name."""

    source: str = Field(min_length=1, max_length=4096)
    name: str | None = Field(default=None, max_length=200)
    description: str | None = Field(default=None, max_length=4096)
    type: ModelType | None = Field(
        default=None, description="Set by hand; needed for what nobody can identify"
    )
    base: BaseModelType | None = None
    in_place: bool = Field(default=False, description="Use a local file where it lies instead of copying it")
    use_tokens: bool = Field(default=True, description="Send the configuration's token where one fits")


class InstallFile(Record):
    """One file of a job; ``done`` and ``size`` in bytes, ``size`` is None until the server tells."""

    path: str
    done: int = 0
    size: int | None = None


class InstallError(Record):
    """Why a job failed, in a form that becomes the same exception again on the other side."""

    code: str
    message: str
    hint: str = ""
    exit_code: int = ExitCode.FAILED

    @classmethod
    def of(cls, error: StudioError) -> InstallError:
        """The record of an error."""
        return cls(code=error.code, message=error.message, hint=error.hint, exit_code=int(error.exit_code))

    def as_error(self) -> StudioError:
        """The error again."""
        return error_from_json(
            {"code": self.code, "message": self.message, "hint": self.hint}, self.exit_code
        )


class InstallJob(Record):
    """One model on its way. ``rate`` in bytes per second, ``eta`` in seconds; texts are safe to show."""

    job_id: str
    source: str
    source_type: SourceType
    status: InstallStatus = InstallStatus.WAITING
    name: str = ""
    files: tuple[InstallFile, ...] = ()
    bytes_done: int = 0
    bytes_total: int | None = None
    rate: float | None = None
    eta: float | None = None
    note: str = Field(default="", description='For people: "again in 8 s: the server is busy"')
    error: InstallError | None = None
    model: ModelRecord | None = Field(default=None, description="Set exactly when the job is completed")
    created_at: datetime


class InstallAnswer(Record):
    """What became of a request: the jobs it started, that of the model itself last, and what was there already."""

    jobs: list[InstallJob] = []
    installed: list[ModelRecord] = []


class SourceReading(Record):
    """What a source was understood as; ``text`` is a sentence, safe to show."""

    kind: Literal["path", "hub", "civitai", "url", "starter", "bundle"]
    text: str
    there: bool = Field(default=True, description="Of a path: whether something lies there")


class StarterModel(Record):
    """A model that is known to be good, and what it needs beside it."""

    id: str
    name: str
    source: str
    base: BaseModelType
    type: ModelType
    dependencies: tuple[str, ...] = Field(default=(), description="Ids of other starter models")


class StarterBundle(Record):
    """Starter models that make a family usable."""

    id: str
    name: str
    models: tuple[str, ...]


class StarterList(Record):
    """Everything there is to start with; ``installed`` holds the ids of what is here."""

    models: tuple[StarterModel, ...]
    bundles: tuple[StarterBundle, ...]
    installed: tuple[str, ...] = ()
