"""InvokeAI's picture metadata: the same keys with the same meanings, tolerant of what others wrote."""

from __future__ import annotations

from typing import Any, Final

from invoke_tui.domain.base import Document
from invoke_tui.domain.models.records import ModelIdentifier

METADATA_KEY: Final = "invokeai_metadata"
GRAPH_KEY: Final = "invokeai_graph"
WORKFLOW_KEY: Final = "invokeai_workflow"
NAME_KEY: Final = "invoke_tui_name"
"""The picture's name in the gallery, which its file need not have."""
INFOTEXT_KEY: Final = "parameters"
"""A1111's text."""


class LoRAMetadata(Document):
    """A LoRA used for a picture."""

    model: ModelIdentifier
    weight: float


class CoreMetadata(Document):
    """What made a picture (InvokeAI's ``CoreMetadata``); absent keys were not recorded."""

    generation_mode: str | None = None
    positive_prompt: str | None = None
    negative_prompt: str | None = None
    width: int | None = None
    height: int | None = None
    seed: int | None = None
    rand_device: str | None = None
    cfg_scale: float | None = None
    cfg_rescale_multiplier: float | None = None
    steps: int | None = None
    scheduler: str | None = None
    seamless_x: bool | None = None
    seamless_y: bool | None = None
    clip_skip: int | None = None
    model: ModelIdentifier | None = None
    vae: ModelIdentifier | None = None
    loras: list[LoRAMetadata] | None = None
    strength: float | None = None
    init_image: str | None = None
    app_version: str | None = None

    def written(self) -> dict[str, Any]:
        """The dictionary that goes into the PNG: nothing that was not recorded."""
        return self.model_dump(mode="json", exclude_none=True)
