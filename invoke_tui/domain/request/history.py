"""Prompts that were used."""

from __future__ import annotations

from datetime import datetime

from invoke_tui.domain.base import Record


class RememberedPrompt(Record):
    """A prompt and its negative as they were typed, before templates and dynamic prompts."""

    id: int
    positive_prompt: str
    negative_prompt: str = ""
    used_at: datetime
    uses: int = 1
    pinned: bool = False
