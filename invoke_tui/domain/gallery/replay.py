"""Making a picture again: what is asked for, and what differs from the picture that is there."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.models.wanted import WantedModel
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.upscaling import UpscaleRequest
from invoke_tui.domain.running.queue import EnqueueResult

DifferenceKind = Literal["missing", "changed", "unsure", "substituted", "named", "setting", "unsupported"]
HOLDS_BACK: Final[tuple[DifferenceKind, ...]] = ("missing", "unsupported")
"""Kinds for which nothing is made, unless a person wants it anyway; nothing helps against what is not supported."""
MADE_ON: Final = "made_on"
"""The metadata key of the device, the precision and the torch that drew a picture; InvokeAI has none for them."""


class Difference(Record):
    """Something that is not as it was: ``key`` is the metadata's, ``kind`` what it means for the picture.

    ``missing``: not there. ``changed``: another content under the same name. ``unsure``: the contents cannot be
    compared. ``substituted``: as it was asked for. ``named``: the same under another name. ``setting``: skipped, or
    taken with a change. ``unsupported``: cannot be drawn here.
    """

    key: str
    message: str
    kind: DifferenceKind = "setting"
    model: WantedModel | None = Field(default=None, description="The model that is missing")


class Recalled(Record):
    """The settings in a picture's metadata, and what could not be taken of them.

    Of the request those fields are set (``model_fields_set``) that the metadata says.
    """

    request: GenerationRequest
    differences: list[Difference] = Field(default_factory=list)


class ReplayOrder(Record):
    """A picture to be made again.

    ``substitutes`` are names (or keys, or hashes) of models and pictures with what takes their place; an empty text
    leaves a model out. ``anyway`` goes on without what is missing.
    """

    metadata: dict[str, Any]
    graph: dict[str, Any] | None = Field(default=None, description="The graph in the picture, if any")
    substitutes: dict[str, str] = Field(default_factory=dict, max_length=200)
    anyway: bool = False
    dry_run: bool = Field(default=False, description="Enqueue nothing")
    front: bool = False


class ReplayPlan(Record):
    """What is made, and how it differs from the picture. Nothing is ``enqueued`` where something holds it back."""

    request: GenerationRequest | None = None
    upscale: UpscaleRequest | None = None
    graph: bool = Field(default=False, description="The picture's graph is run again as it stands")
    differences: list[Difference] = Field(default_factory=list)
    enqueued: EnqueueResult | None = None

    @property
    def held_back(self) -> bool:
        """Whether something is missing."""
        return any(one.kind in HOLDS_BACK for one in self.differences)
