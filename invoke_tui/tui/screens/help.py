"""Where am I, and what do the keys do?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from invoke_tui.tui import actions
from invoke_tui.tui.modal import ModalScreen

if TYPE_CHECKING:
    from invoke_tui.tui.base import StudioApp

KEYMAP_HELP = (
    "At the right stands each action's id. `keymap` in invokeai.yaml gives it other keys, for example "
    "keymap: {generate.run: f5}"
)
HEADINGS = {
    "app": "Everywhere",
    "generate": "Generate",
    "prompt": "In the prompts",
    "entry": "On an entry of a list",
    "control": "In a control picture",
    "strip": "Latest pictures",
    "queue": "Queue",
    "models": "Models",
    "details": "In the details",
    "jobs": "In what is on its way",
    "list": "In lists",
    "scan": "Scan",
    "folders": "Remembered folders",
    "install": "Install",
    "edit": "Edit",
    "monitor": "Monitor",
    "log": "In the log",
    "dynamic": "Dynamic prompts",
    "wildcards": "Wildcards",
    "import": "Prompts from a file",
    "convert": "Convert",
    "extract": "From a picture",
    "pick": "In the list",
    "history": "Prompts you used",
    "templates": "Templates",
    "presets": "Presets",
    "dialog": "In this window",
    "gallery": "Gallery",
    "grid": "On a picture",
    "boards": "In the boards",
    "viewer": "Viewer",
}


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
            yield Static(
                Content(f"Help · {getattr(self._about, 'help_title', '') or 'invoke-tui'}"),
                classes="dialog-title",
            )
            with VerticalScroll(id="help-text", can_focus=False):
                yield Static(self._text())
            yield Static(Content("esc back   ↑ ↓ scroll   ^p every command"), classes="dialog-keys")

    def _text(self) -> Group:
        app = cast("StudioApp", self.app)
        colours = app.theme_variables
        title, here = f"bold {_rich(colours['primary'])}", f"bold {_rich(colours['accent'])}"
        parts: list[RenderableType] = []
        if text := getattr(self._about, "help_text", ""):
            parts += [Text(text), Text()]
        if text := getattr(self._focused, "help_text", ""):
            parts += [Text.assemble(("Here  ", here), text), Text()]
        for place in (*getattr(self._about, "places", ()), "app"):
            table = Table.grid(padding=(0, 2))
            table.add_column(width=22)
            table.add_column(ratio=1)
            table.add_column(style="dim", justify="right", no_wrap=True)
            for action in actions.at(place):
                keys = " ".join(actions.shown(key) for key in app.keys_of(action))
                table.add_row(Text(keys, style="bold"), Text(action.help), Text(action.id))
            table.expand = True
            parts += [Text(HEADINGS.get(place, place), style=title), table, Text()]
        parts.append(Text(KEYMAP_HELP, style="dim"))
        return Group(*parts)

    def action_scroll(self, by: int) -> None:
        """Move the text."""
        for text in self.query("#help-text").results(VerticalScroll):  # none while the screen closes
            text.scroll_relative(y=by, animate=False)


def _rich(colour: str) -> str:
    """Textual's name of one of the terminal's own colours, as rich writes it."""
    return colour.removeprefix("ansi_") if colour.startswith("ansi_") else colour
