"""A Textual application with about the widgets of our first screen and nothing behind them."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer, Input, Select, Static, Switch, TextArea


class BareApp(App[None]):
    """Two editors, a form, a picture's place, a status line."""

    CSS: ClassVar[str] = """
    #bar, #status { height: 1; }
    #bar Static { width: auto; }
    #left { width: 48; }
    TextArea { height: 6; }
    Horizontal.row { height: 3; }
    Horizontal.row Input { width: 1fr; }
    """
    BINDINGS: ClassVar = [("ctrl+q", "quit", "Quit"), ("ctrl+g", "nothing", "Generate")]

    def compose(self) -> ComposeResult:
        with Horizontal(id="bar"):
            yield Static(" bare ")
            yield Static(" 1 Generate ")
            yield Static(" 6 Queue ")
        with Horizontal():
            with Vertical(id="left"):
                yield TextArea()
                yield TextArea()
                yield Select([("one", 1), ("two", 2)])
                for _ in range(3):
                    with Horizontal(classes="row"):
                        yield Input("512")
                        yield Input("512")
                with Horizontal(classes="row"):
                    yield Switch()
                    yield Static("Seed")
            yield Static("picture")
        yield Static("ready", id="status")
        yield Footer()


if __name__ == "__main__":
    BareApp().run()
