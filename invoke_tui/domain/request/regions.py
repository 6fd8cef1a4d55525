"""Prompts for parts of the picture."""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator

from invoke_tui.domain.base import Record

MOST_REGIONS: Final = 20
PROMPT_LIMIT: Final = 200_000


class RegionRequest(Record):
    """What is drawn, and what is not, in a part of the picture: where ``mask_image`` is white (of a transparent one:
    opaque), without one in a rectangle whose sides are shares of the picture, 0 left and top, 1 right and bottom."""

    positive_prompt: str = Field(default="", max_length=PROMPT_LIMIT)
    negative_prompt: str = Field(default="", max_length=PROMPT_LIMIT)
    auto_negative: bool = Field(default=False, description="Keep what it shows away from everywhere else")
    mask_image: str | None = Field(default=None, min_length=1, max_length=4096)
    left: float = Field(default=0.0, ge=0, le=1)
    top: float = Field(default=0.0, ge=0, le=1)
    right: float = Field(default=1.0, ge=0, le=1)
    bottom: float = Field(default=1.0, ge=0, le=1)

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if not self.positive_prompt.strip() and not self.negative_prompt.strip():
            raise ValueError("a region needs a prompt")
        if self.left >= self.right or self.top >= self.bottom:
            raise ValueError("a region has left before right, and top before bottom")
        return self


class ResolvedRegion(RegionRequest):
    """A region with every choice made."""

    mask_alpha: bool = Field(default=False, description="The mask is what is opaque in its picture")
