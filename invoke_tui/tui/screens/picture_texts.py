"""What a picture's file says: which program wrote it, what could not be used of it and why, and all its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.modal import ModalScreen

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImageRecord
    from invoke_tui.domain.gallery.importing import FileTexts
    from invoke_tui.tui.base import StudioApp

LONGEST = 20_000
"""Characters of a text that are shown."""


class PictureTextsScreen(ModalScreen[None], inherit_bindings=False):
    """Reads the file when it is opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,T", "close", "Back", id="texts.close"),
        Binding("down,j,J", "scroll(1)", "Down", show=False, id="texts.down"),
        Binding("up,k,K", "scroll(-1)", "Up", show=False, id="texts.up"),
        Binding("pagedown,space", "scroll(20)", "Page down", show=False, id="texts.page_down"),
        Binding("pageup", "scroll(-20)", "Page up", show=False, id="texts.page_up"),
    ]

    def __init__(self, image: ImageRecord) -> None:
        super().__init__()
        self._image = image

    def compose(self) -> ComposeResult:
        """One text below the other."""
        with Vertical(classes="dialog -large"):
            yield Static(Content("What the file says"), classes="dialog-title")
            with VerticalScroll(id="texts-body", can_focus=False):
                yield Static(Content("…"), id="texts-said")
            yield Static(Content("esc back   j k scroll"), classes="dialog-keys")

    def on_mount(self) -> None:
        """Fetch them."""
        beside(self, "texts", self._fetch)

    async def _fetch(self) -> None:
        studio = cast("StudioApp", self.app)
        try:
            client = await studio.link.client()
            said = await client.image_texts(self._image.image_name)
        except StudioError as error:
            self.query_one("#texts-said", Static).update(Content(error.message))
            return
        self.query_one("#texts-said", Static).update(_content(said))

    def action_close(self) -> None:
        """Back to the picture."""
        self.dismiss(None)

    def action_scroll(self, by: int) -> None:
        """Move the text."""
        self.query_one("#texts-body").scroll_relative(y=by, animate=False)


def _content(said: FileTexts) -> Content:
    program = safe_text(said.program or "", limit=100)
    parts = [("Written by ", "$text-muted"), (f"{program}\n", "bold")] if program else []
    if not program:
        parts.append(("It does not say what it was made with.\n", "$text-muted"))
    parts += [(f"Note: {safe_text(note, limit=300)}.\n", "$text-warning") for note in said.notes]
    for text in said.texts:
        shown = safe_text(text.text, limit=LONGEST, multiline=True)
        more = f" · {text.length:,} characters" if text.length > len(shown) else ""
        parts += [
            ("\n", ""),
            (f"{safe_text(text.keyword, limit=100)}{more}\n", "bold $text-accent"),
            (f"{shown}\n", ""),
        ]
    if not said.texts:
        parts.append(("The file holds no texts.", "$text-muted"))
    return Content.assemble(*parts)
