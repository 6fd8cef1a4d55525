"""Dialogs that leave the pictures behind them as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual.color import TRANSPARENT
from textual.command import CommandPalette
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen as TextualModalScreen

from invoke_tui.tui.pictures.kitty import PLACEHOLDER

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

Answer = TypeVar("Answer")


class _Behind(BackgroundScreen):
    """The screen behind, darkened but for kitty's pictures: the colour of their cells is what names them."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.screen._compositor, options):
            picture = segment.text.startswith(PLACEHOLDER)
            yield from self.process_segments((segment,), TRANSPARENT if picture else self.color)


def _kept(behind: RenderableType) -> RenderableType:
    return _Behind(behind.screen, behind.color) if isinstance(behind, BackgroundScreen) else behind


class ModalScreen(TextualModalScreen[Answer]):
    """A dialog."""

    def render(self) -> RenderableType:
        """What is behind."""
        return _kept(super().render())


class Commands(CommandPalette):
    """The command palette."""

    def render(self) -> RenderableType:
        """What is behind."""
        return _kept(super().render())
