"""The field for a picture: a path, a name of the gallery or the last result; below it how it looks."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from invoke_tui.domain.gallery.images import LAST
from invoke_tui.tui.form_spec import FieldSpec
from invoke_tui.tui.prompts.file_line import FileInput
from invoke_tui.tui.widgets.fields import Field, SmallButton
from invoke_tui.tui.widgets.picture_source import SUFFIXES, PictureSource
from invoke_tui.tui.widgets.thumbnail import Thumbnail

BUTTONS: Final = {
    LAST: ("last result", "Takes the newest picture of the strip, whichever that is when you generate."),
    "": ("remove", "Takes the picture out again."),
}


class PictureLine(Vertical):
    """Label and text in a line; what a path may go on with, or the picture and its facts below."""

    ALLOW_SELECT: ClassVar[bool] = False

    class Left(Message):
        """Enter was pressed in the field, or it was left."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, field: FieldSpec, text: str, *, placeholder: str, offers_last: bool = False) -> None:
        super().__init__(classes="picture-line")
        self._field = field
        self._offers_last = offers_last
        self.input = FileInput(SUFFIXES, placeholder=placeholder, help_text=self._help())
        self.input.id = f"field-{field.name}"
        self.input.value = text

    @property
    def field_name(self) -> str:
        """The field of the request that it is for."""
        return self._field.name

    def _help(self) -> str:
        return f"{self._field.help}. Type a path (tab completes), a name of the gallery, or last."

    def compose(self) -> ComposeResult:
        """Field, offers, picture."""
        name = self._field.name
        yield Field(self._field.label, self.input, id=f"row-{name}")
        yield Static(classes="picture-offers")
        with Horizontal(classes="picture-shown"):
            yield Thumbnail()
            with Vertical(classes="picture-facts"):
                yield Static(classes="picture-words")
                with Horizontal(classes="picture-buttons"):
                    for value, (label, help_text) in BUTTONS.items():
                        if value == "" or self._offers_last:
                            yield SmallButton(label, help_text=help_text, id=f"{name}-{value or 'remove'}")

    def show(self, source: PictureSource, words: Content) -> None:
        """Show what is known of the picture; ``words`` stand beside it."""
        offers = self.query_one(".picture-offers", Static)
        offers.update(Content.styled("  ".join(source.offers), "$text-muted"))
        offers.display = bool(source.offers) and self.input.has_focus
        self.query_one(Thumbnail).show(source.strips)
        told = self.query_one(".picture-words", Static)
        told.update(Content.styled("reading it…", "$text-muted") if source.busy else words)
        told.display = bool(source.text) and (source.busy or source.record is not None)
        self.query_one(f"#{self._field.name}-remove").display = bool(source.text)
        self.query_one(".picture-shown").display = self._offers_last or bool(source.text)

    @on(SmallButton.Pressed)
    def _pressed(self, event: SmallButton.Pressed) -> None:
        """Put ``last`` into the field, or nothing."""
        event.stop()
        self.input.value = LAST if event.button.id == f"{self._field.name}-last" else ""
        self.input.focus()

    def on_descendant_blur(self) -> None:
        """The field was left."""
        self.query_one(".picture-offers").display = False
        self.post_message(self.Left(self._field.name))

    def on_input_submitted(self) -> None:
        """Enter."""
        self.post_message(self.Left(self._field.name))
