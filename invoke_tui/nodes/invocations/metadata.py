"""What is written into pictures."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from invoke_tui import __version__
from invoke_tui.domain.gallery.metadata import LoRAMetadata
from invoke_tui.domain.graph.fields import MetadataField
from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.nodes.base import COMMON_FIELDS, Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.registry import node, output

APP_VERSION = f"invoke-tui {__version__}"


@output("metadata_output")
class MetadataOutput(Output):
    """Metadata for the node that saves a picture."""

    metadata: MetadataField


@node("core_metadata", title="Core Metadata", version="2.2.0", category="metadata", classification="internal")
class CoreMetadataInvocation(Invocation):
    """InvokeAI's picture metadata. Keys of other families and of the future pass through as they are."""

    model_config = ConfigDict(extra="allow")

    generation_mode: str | None = Input(None)
    positive_prompt: str | None = Input(None)
    negative_prompt: str | None = Input(None)
    width: int | None = Input(None)
    height: int | None = Input(None)
    seed: int | None = Input(None)
    rand_device: str | None = Input(None)
    cfg_scale: float | None = Input(None)
    cfg_rescale_multiplier: float | None = Input(None)
    steps: int | None = Input(None)
    scheduler: str | None = Input(None)
    seamless_x: bool | None = Input(None)
    seamless_y: bool | None = Input(None)
    clip_skip: int | None = Input(None)
    model: ModelIdentifier | None = Input(None)
    loras: list[LoRAMetadata] | None = Input(None)
    strength: float | None = Input(None)
    init_image: str | None = Input(None)
    vae: ModelIdentifier | None = Input(None)

    def invoke(self, ctx: InvocationContext) -> MetadataOutput:
        known: dict[str, Any] = self.model_dump(mode="json", exclude_none=True, exclude=set(COMMON_FIELDS))
        return MetadataOutput(metadata=MetadataField.model_validate({**known, "app_version": APP_VERSION}))
