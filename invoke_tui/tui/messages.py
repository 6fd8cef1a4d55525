"""What travels from the link to the app. Samples of something that moves replace each other when the app is busy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.message import Message

from invoke_tui.domain.events import Event, MemoryChanged, Preview, Progress

LinkState = Literal["starting", "connected", "lost"]


@dataclass
class LinkChanged(Message):
    """The connection to the daemon changed."""

    state: LinkState
    detail: str = ""
    """What is wrong, for a person."""


@dataclass
class StudioEvent(Message):
    """The daemon said something."""

    event: Event

    def can_replace(self, message: Message) -> bool:
        """A newer sample of the same thing makes the older one worthless."""
        if not isinstance(message, StudioEvent):
            return False
        mine, other = self.event, message.event
        if isinstance(mine, Progress | Preview):
            return type(other) is type(mine) and other.item_id == mine.item_id
        return isinstance(mine, MemoryChanged) and isinstance(other, MemoryChanged) and other.pid == mine.pid
