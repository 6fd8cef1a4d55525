"""What to do first, where there is no picture yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from invoke_tui.domain.models.records import ModelRecord
    from invoke_tui.tui.messages import LinkState


class Launchpad(Static):
    """Shown instead of an empty picture."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(id="launchpad")
        self._model: ModelRecord | None = None
        self._known = False
        self._link: LinkState = "starting"
        self._draws = ""

    def on_mount(self) -> None:
        """Paint the first version."""
        self._paint()

    def show_model(self, model: ModelRecord | None, size: str) -> None:
        """Which model is ready to draw what."""
        self._model, self._known, self._draws = model, True, size
        self._paint()

    def show_link(self, link: LinkState) -> None:
        """How the line to the studio is."""
        self._link = link
        self._paint()

    def _paint(self) -> None:
        self.update(
            Content.assemble(
                ("◆\n\n", "$primary"),
                ("Say what you want to see\n", "bold"),
                ("Write it into the prompt, then press ", "$text-muted"),
                ("^g", "bold $primary"),
                (".\n\n", "$text-muted"),
                *_key("^g", "make the picture"),
                *_key("tab", "next field"),
                *_key("^t", "jump to any field"),
                *_key("^p", "every command"),
                *_key("F1", "help, wherever you are"),
                "\n",
                *self._readiness(),
            )
        )

    def _readiness(self) -> list[tuple[str, str]]:
        if self._link == "lost":
            return [("○ ", "$text-warning"), ("The studio does not answer; trying again.", "$text-muted")]
        if not self._known:
            return [("○ ", "$text-muted"), ("The studio is starting.", "$text-muted")]
        if self._model is None:
            return [("○ ", "$text-warning"), ("No model is installed yet.", "$text-warning")]
        name = safe_text(self._model.name, limit=40)
        return [
            ("● ", "$text-success"),
            (name, "bold"),
            (f" is ready · {self._model.base.value} · {self._draws}", "$text-muted"),
        ]


def _key(key: str, what: str) -> list[tuple[str, str]]:
    return [(f"{key:>5}", "bold $primary"), (f"  {what:<24}\n", "")]
