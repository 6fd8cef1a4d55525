"""What the engine tells whoever runs it, and how it learns that it must stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from PIL.Image import Image

LogLevel = Literal["debug", "info", "warning", "error"]
Log = Callable[[LogLevel, str], None]


class RunHooks(Protocol):
    """Called from the thread that runs the engine, between steps and inside them; must be quick."""

    def check_cancel(self) -> None:
        """Raise ``CanceledError`` when the work is to stop."""

    def progress(self, step: int, total: int, message: str) -> None:
        """``step`` of ``total`` model calls are done."""

    def preview(self, image: Image, step: int, total: int, width: int, height: int) -> None:
        """The picture forming: a small RGB image at latent resolution that fills ``width`` x ``height``."""


class SilentHooks:
    """Hooks for runs that nobody watches and nobody cancels."""

    def check_cancel(self) -> None:
        """Never cancels."""

    def progress(self, step: int, total: int, message: str) -> None:
        """Tells nobody."""

    def preview(self, image: Image, step: int, total: int, width: int, height: int) -> None:
        """Shows nobody."""
