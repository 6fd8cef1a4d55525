"""The field for a folder: tab completes it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from invoke_tui.tui.complete import completed


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

    def offer(self, typed: str, names: list[str]) -> None:
        """What ``typed`` may go on with."""
        self._offered_for, self._offered = typed, names

    def action_complete(self) -> None:
        """As far as it is clear; where nothing can be added, to the next field."""
        if self._offered_for == self.value and self._offered:
            longer = completed(self.value, self._offered)
            if longer != self.value:
                self.value = longer
                self.cursor_position = len(longer)
                return
            if len(self._offered) > 1:
                return
        self.app.action_focus_next()
