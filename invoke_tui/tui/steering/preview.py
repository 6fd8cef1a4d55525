"""A picture and what a preprocessor makes of it, side by side."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.request.controls import PREPROCESSORS
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.pictures.frames import Picture
from invoke_tui.tui.prompts.dialog import PromptDialog, told
from invoke_tui.tui.widgets.image_view import ImageView


class ControlPreview(PromptDialog[None]):
    """The control picture a request would make, before it is made. ``name`` is a preprocessor's, or ``none``."""

    help_title = "Control picture"
    help_text = (
        "At the left the picture, at the right what the preprocessor makes of it, which is what the model reads. "
        "Nothing is drawn yet."
    )

    def __init__(self, image: ImageRecord, name: str) -> None:
        super().__init__()
        self._image, self._made_by = image, name

    def compose(self) -> ComposeResult:
        """Two pictures, a line about each."""
        made = PREPROCESSORS.get(self._made_by)
        with Vertical(classes="dialog -large", id="control-preview"):
            title = f"{safe_text(self._made_by, limit=60)} makes {made.makes}" if made else "Read as it is"
            yield Static(Content(title), classes="dialog-title")
            with Horizontal(id="control-pictures"):
                yield ImageView(id="control-source")
                yield ImageView(id="control-made")
            yield Static(Content.styled("making it…", "$text-muted"), id="control-said")
            yield Static(Content("esc back   F1 help"), classes="dialog-keys")

    def on_mount(self) -> None:
        """Fetch both."""
        beside(self, "preview", self._fetch)

    async def _fetch(self) -> None:
        said = self.query_one("#control-said", Static)
        image = self._image
        try:
            client = await self.studio.link.client()
            source = await client.image_file(image.image_name)
            self.query_one("#control-source", ImageView).show(Picture(source, image.width, image.height))
            made = await client.preprocessed(image.image_name, self._made_by)
        except StudioError as error:
            said.update(told(error))
            return
        self.query_one("#control-made", ImageView).show(Picture(made, image.width, image.height))
        said.update(Content.styled("the picture, and what the model reads", "$text-muted"))
