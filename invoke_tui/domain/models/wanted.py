"""Models that a picture names and that may not be here, and where they are to be had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.text import safe_text

CALLED: Final = {
    ModelType.MAIN: "model",
    ModelType.VAE: "VAE",
    ModelType.LORA: "LoRA",
    ModelType.SPANDREL: "upscaler",
    ModelType.CONTROLNET: "ControlNet",
    ModelType.T2I_ADAPTER: "T2I-Adapter",
    ModelType.IP_ADAPTER: "IP-Adapter",
    ModelType.FLUX_REDUX: "FLUX Redux model",
    ModelType.EMBEDDING: "embedding",
    ModelType.T5_ENCODER: "T5 encoder",
    ModelType.CLIP_EMBED: "CLIP encoder",
}
_PARTS: Final = ("key", "hash", "name", "base")
_LONGEST: Final = 500


class WantedModel(Record):
    """A model as metadata names it; what was not said is empty."""

    type: ModelType = ModelType.MAIN
    key: str = Field(default="", max_length=_LONGEST)
    hash: str = Field(default="", max_length=_LONGEST, description="blake3:…, or an A1111's short sha256")
    name: str = Field(default="", max_length=_LONGEST)
    base: str = Field(default="", max_length=_LONGEST)

    @classmethod
    def read(cls, value: Any, type_: ModelType = ModelType.MAIN) -> WantedModel | None:
        """A name, or an object as InvokeAI writes it now or wrote it before version 4; None for anything else."""
        if isinstance(value, str):
            value = {"name": value}
        if not isinstance(value, Mapping):
            return None
        said = {part: _whole(text) for part in _PARTS if isinstance(text := value.get(part), str)}
        if not any(said.get(part) for part in _PARTS[:3]) and isinstance(old := value.get("model_name"), str):
            said["name"] = _whole(old)
        return cls(type=type_, **said) if any(said.get(part) for part in _PARTS[:3]) else None

    def __str__(self) -> str:
        return safe_text(self.name or self.key or self.hash, limit=80)

    @property
    def facts(self) -> str:
        """What is known of it besides its name."""
        known = safe_text(f"hash {self.hash}", limit=90) if self.hash else "the picture tells no hash"
        return f"{safe_text(self.base, limit=40)} {self.called}, {known}".strip()

    @property
    def called(self) -> str:
        """What it is, in a word."""
        return CALLED.get(self.type, self.type.value)


def _whole(text: str) -> str:
    """Text that can be sent on: of a length, and without halves of characters."""
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8")


class FoundModel(Record):
    """Where a model is to be had: ``source`` is what an install takes. ``here`` is set where it is installed."""

    source: str
    name: str
    by: Literal["hash", "name"] = Field(description="The same content, or one that is only called so")
    size: int | None = Field(default=None, description="bytes")
    hash: str = Field(default="", description="InvokeAI's, where the site tells it")
    page: str = Field(default="", description="What the source of a model that was installed from there is")
    here: ModelRecord | None = None
