"""The field for a folder: tab completes it."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.widgets import Input

from invoke_tui.tui.complete import completed

PATHS: Final = ("/", "~", ".")
"""What a path that can be completed begins with."""


class ScanPath(Input):
    """A path. Whoever owns it looks for the folders it may become and brings them to ``offer``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False, id="scan_path.complete"),
        Binding("down", "app.focus_next", "List", show=False, id="scan_path.down"),
    ]

    def __init__(self) -> None:
        super().__init__(
            placeholder="a folder; empty looks through the remembered ones", compact=True, id="scan-path"
        )
        self.help_text = (
            "A folder with models, of A1111, ComfyUI, InvokeAI or any other; also an extra_model_paths.yaml. Tab "
            "completes, enter scans; empty looks through the remembered folders again."
        )
        self._offered: list[str] = []
        self._offered_for = ""
        self._waiting = False

    def offer(self, typed: str, names: list[str]) -> None:
        """What ``typed`` may go on with."""
        self._offered_for, self._offered = typed, names
        if self._waiting and typed == self.value:
            self.action_complete()

    def action_complete(self) -> None:
        """As far as it is clear; where nothing can be added, to the next field."""
        self._waiting = self._offered_for != self.value and self.value.startswith(PATHS)
        if self._waiting:
            return  # it is being looked up
        longer = completed(self.value, self._offered) if self._offered_for == self.value else self.value
        if longer != self.value:
            self.value = longer
            self.cursor_position = len(longer)
        elif len(self._offered) < 2 or not self.value:
            self.app.action_focus_next()
