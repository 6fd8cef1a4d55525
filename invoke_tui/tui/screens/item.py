"""Everything about one queue item."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.running.queue import QueueItem
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.modal import ModalScreen
from invoke_tui.tui.pictures.frames import Picture
from invoke_tui.tui.widgets.image_view import ImageView
from invoke_tui.tui.widgets.queue_list import WORDS

if TYPE_CHECKING:
    from invoke_tui.tui.base import StudioApp


class ItemScreen(ModalScreen[str], inherit_bindings=False):
    """Its picture and its facts."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "close", "Back", id="item.close"),
        Binding("r", "wish('retry')", "Retry", id="item.retry"),
        Binding("c", "wish('cancel')", "Cancel", id="item.cancel"),
        Binding("y", "wish('copy')", "Copy prompt", id="item.copy"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="item.down"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="item.up"),
    ]

    def __init__(self, item: QueueItem) -> None:
        super().__init__()
        self._item = item

    def compose(self) -> ComposeResult:
        """Picture at the left where there is one, facts at the right."""
        mark, word, _ = WORDS[self._item.status]
        with Vertical(classes="dialog -large"):
            yield Static(Content(f"{mark} Item {self._item.item_id} · {word}"), classes="dialog-title")
            with Horizontal(id="item-body"):
                if self._item.images:
                    yield ImageView(id="item-picture")
                with VerticalScroll(id="item-facts", can_focus=False):
                    yield Static(self._facts())
            keys = "esc back   y copy prompt   c cancel   r retry"
            yield Static(Content(keys), classes="dialog-keys")

    def on_mount(self) -> None:
        """Fetch the picture."""
        if self._item.images:
            beside(self, "picture", self._fetch, self._item.images[0])

    async def _fetch(self, name: str) -> None:
        try:
            client = await cast("StudioApp", self.app).link.client()
            data = await client.image_file(name)
        except StudioError as error:
            cast("StudioApp", self.app).show_error(error)
            return
        request = self._item.request
        size = (request.width, request.height) if request else (0, 0)
        for view in self.query(ImageView):
            view.show(Picture(data, *size, text=safe_text(self._item.prompt, limit=300)))

    def _facts(self) -> Content:
        item, request = self._item, self._item.request
        facts: list[tuple[str, str]] = [("prompt", item.prompt)]
        if request is not None:
            facts += [
                ("negative", request.negative_prompt),
                ("model", request.model),
                ("size", f"{request.width} × {request.height}"),
                ("seed", str(request.seed)),
                ("steps", str(request.steps)),
                ("CFG", f"{request.cfg_scale:g}"),
                ("scheduler", request.scheduler),
            ]
        facts += [
            ("attempts", str(item.attempts)),
            ("asked", _time(item.created_at)),
            ("started", _time(item.started_at)),
            ("finished", _time(item.finished_at)),
            ("pictures", " ".join(item.images)),
        ]
        parts: list[tuple[str, str]] = []
        if item.error:
            parts.append((f"{safe_text(item.error, limit=2000, multiline=True)}\n", "$text-error"))
            if item.hint:
                parts.append((f"{safe_text(item.hint, limit=2000, multiline=True)}\n", ""))
            parts.append(("\n", ""))
        for name, value in facts:
            if value:
                parts.append((f"{name:<10}", "$text-muted"))
                parts.append((f"{safe_text(value, limit=4000)}\n", ""))
        return Content.assemble(*parts)

    def action_close(self) -> None:
        """Back to the list."""
        self.dismiss("")

    def action_wish(self, wish: str) -> None:
        """Back to the list, which does it."""
        self.dismiss(wish)

    def action_scroll(self, by: int) -> None:
        """Move the facts."""
        for facts in self.query("#item-facts").results(VerticalScroll):  # none while the screen closes
            facts.scroll_relative(y=by, animate=False)


def _time(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else ""
