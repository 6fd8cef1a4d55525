"""The line with the keys."""

from __future__ import annotations

from textual.binding import Binding
from textual.widgets import Footer


class KeyLine(Footer):
    """The keys that count here, made anew only when they are other ones.

    Each change of the focus or the size asks for it, and nearly always the keys stay what they are.
    """

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)
        self._shown: list[tuple[Binding, bool]] | None = None

    async def recompose(self) -> None:
        """Make the keys anew, if there is a reason."""
        bindings = self.screen.active_bindings.values() if self.is_attached else ()
        shown = [(active.binding, active.enabled) for active in bindings if active.binding.show]
        if shown != self._shown:
            self._shown = shown
            await super().recompose()
