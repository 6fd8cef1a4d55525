"""Where am I, and what do the keys do?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

from invoke_tui.tui import actions

if TYPE_CHECKING:
    from invoke_tui.tui.app import InvokeTuiApp

HEADINGS = {"app": "Everywhere", "generate": "Generate", "strip": "Latest pictures", "queue": "Queue"}


class HelpScreen(ModalScreen[None], inherit_bindings=False):
    """The focused thing, then the keys of the place, then those that work everywhere."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1,question_mark,enter", "app.pop_screen", "Back", id="help.close"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="help.down"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="help.up"),
        Binding("pagedown,space", "scroll(12)", "Page down", show=False, id="help.page_down"),
        Binding("pageup", "scroll(-12)", "Page up", show=False, id="help.page_up"),
        Binding("home,g", "scroll(-10000)", "Top", show=False, id="help.top"),
        Binding("end,G", "scroll(10000)", "Bottom", show=False, id="help.bottom"),
    ]

    def __init__(self, about: Screen[Any], focused: Widget | None) -> None:
        super().__init__()
        self._about = about
        self._focused = focused

    def compose(self) -> ComposeResult:
        """One column of text."""
        with Vertical(classes="dialog -large"):
            yield Static(Content(f"Help · {getattr(self._about, 'help_title', '') or 'invoke-tui'}"), classes="dialog-title")
            with VerticalScroll(id="help-text", can_focus=False):
                yield Static(self._text())
            yield Static(Content("esc back   ↑ ↓ scroll   ^p every command"), classes="dialog-keys")

    def _text(self) -> Content:
        app = cast("InvokeTuiApp", self.app)
        parts: list[tuple[str, str]] = []
        if text := getattr(self._about, "help_text", ""):
            parts.append((f"{text}\n\n", ""))
        if text := getattr(self._focused, "help_text", ""):
            parts.append(("Here  ", "bold $accent"))
            parts.append((f"{text}\n\n", ""))
        places = getattr(self._about, "places", ())
        for place in (*places, "app"):
            parts.append((f"{HEADINGS.get(place, place)}\n", "bold $primary"))
            for action in actions.at(place):
                keys = " ".join(actions.shown(key) for key in app.keys_of(action))
                parts.append((f"  {keys:<22} ", "bold"))
                parts.append((f"{action.help} ", ""))
                parts.append((f"{action.id}\n", "$text-disabled"))
            parts.append(("\n", ""))
        parts.append(("The word at the end of a line is the action's id; ", "$text-muted"))
        parts.append(("keymap", "bold"))
        parts.append((" in invokeai.yaml gives it other keys, for example ", "$text-muted"))
        parts.append(("keymap: {generate.run: f5}", "bold"))
        parts.append((".\n", "$text-muted"))
        return Content.assemble(*parts)

    def action_scroll(self, by: int) -> None:
        """Move the text."""
        self.query_one("#help-text", VerticalScroll).scroll_relative(y=by, animate=False)
