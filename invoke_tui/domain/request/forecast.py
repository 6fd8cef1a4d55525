"""What a run will take, before it is started."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from invoke_tui.domain.base import Record


class Forecast(Record):
    """One picture of a request on the studio's device. It learns from what ran here before."""

    model: str = Field(description="The model's name")
    device: str
    bytes_needed: int = Field(description="weights of the part that draws, and working memory")
    bytes_available: int = Field(description="on the device, or of RAM where it has none of its own")
    sizes: Literal["measured", "estimated"] = Field(description="whether the model was loaded here before")
    streamed_share: float = Field(
        default=0, description="0 to 1: of the weights that pass through the device"
    )
    fits: bool = Field(description="false where it will fail or swap")
    seconds_per_step: float | None = Field(default=None, description="None: never measured here")
    seconds: float | None = Field(default=None, description="all steps together")
    speed: Literal["measured", "scaled", "unknown"] = "unknown"
    sentence: str
