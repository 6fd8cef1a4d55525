"""A picture on the screen, as sharp as the terminal can show it, never at the keyboard's cost."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from textual import events
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import alongside
from invoke_tui.tui.pictures.fit import Cells
from invoke_tui.tui.pictures.frames import Frame, Showable
from invoke_tui.tui.pictures.pace import Quality

if TYPE_CHECKING:
    from invoke_tui.tui.base import StudioApp

TYPING: Final = 0.4
"""Seconds after a key in which the next is likely."""
LONGEST_WAIT: Final = 2.0
"""Seconds a forming picture waits for a pause in the typing."""


class ImageView(Widget, can_focus=False):
    """Shows the latest picture it was given; those it had no time for are dropped."""

    ALLOW_SELECT: ClassVar[bool] = False

    class Shown(Message):
        """A picture is on the screen."""

        def __init__(self, picture: Showable) -> None:
            super().__init__()
            self.picture = picture

    class Broken(Message):
        """The bytes were no picture."""

        def __init__(self, error: BadInputError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._current: Showable | None = None
        self._next: Showable | None = None
        self._wake = asyncio.Event()
        self._frame: Frame | None = None
        self._overlay_due = False

    @property
    def _studio(self) -> StudioApp:
        return cast("StudioApp", self.app)

    @property
    def picture(self) -> Showable | None:
        """What was asked to be shown last."""
        return self._next or self._current

    def on_mount(self) -> None:
        """Wait for pictures."""
        alongside(self, f"image-{id(self)}", self._pump)

    def on_unmount(self) -> None:
        """Give the terminal its memory back."""
        self._release(self._frame)

    def show(self, picture: Showable) -> None:
        """Show ``picture`` as soon as the line is free."""
        self._next = picture
        self._wake.set()

    def clear(self) -> None:
        """Show nothing."""
        self._next = self._current = None
        self._release(self._frame)
        self._frame = None
        self.refresh()

    def on_resize(self, _event: events.Resize) -> None:
        """Fit again; the old frame stays, cut, until the new one is ready."""
        if self._next is None and self._current is not None:
            self._next = self._current
            self._wake.set()

    # -- frames ---------------------------------------------------------------------------------------------------

    async def _pump(self) -> None:
        while True:
            await self._wake.wait()
            pacer = self._studio.pacer
            await pacer.ready()
            await self._let_keys_pass()
            self._wake.clear()
            picture, self._next = self._next, None
            room = Cells(self.size.width, self.size.height)
            if picture is None:
                continue
            self._current = picture
            if room.columns < 1 or room.rows < 1 or self._studio.graphics.protocol == "none":
                self.refresh()
                continue
            if pacer.quality is Quality.FINAL_ONLY and not picture.final:
                continue
            try:
                frame = await asyncio.to_thread(picture.frame, room, self._studio.graphics, pacer.quality)
            except BadInputError as error:
                self.post_message(self.Broken(error))
                continue
            if self._current is picture:
                self._swap(frame, picture)

    async def _let_keys_pass(self) -> None:
        """A forming picture waits while someone types, though not for ever: a key pressed is a key shown."""
        latest = time.monotonic() + LONGEST_WAIT
        while self._next is not None and not self._next.final:
            now = time.monotonic()
            if now > latest or now - self._studio.last_key > TYPING:
                return
            await asyncio.sleep(TYPING / 4)

    def _swap(self, frame: Frame, picture: Showable) -> None:
        old, self._frame = self._frame, frame
        if frame.before:  # in one piece: the terminal's writer holds few, and then the keyboard waits for it
            self._studio.write_terminal("".join(frame.before))
        self.refresh()
        self.call_after_refresh(self._painted, old, frame, picture)

    def _painted(self, old: Frame | None, frame: Frame, picture: Showable) -> None:
        self._release(old)
        self._studio.pacer.sent(frame.cost)
        self.post_message(self.Shown(picture))

    def _release(self, frame: Frame | None) -> None:
        if frame is not None and frame.image_id is not None:
            from invoke_tui.tui.pictures import kitty, tmux

            sequence = kitty.free(frame.image_id)
            self._studio.write_terminal(tmux.wrap(sequence) if self._studio.graphics.tmux else sequence)

    # -- painting -------------------------------------------------------------------------------------------------

    def render(self) -> Content:
        """Nothing: lines are rendered one by one."""
        return Content("")

    def render_line(self, y: int) -> Strip:
        """One line of the picture, centred."""
        width, height = self.size
        blank = self.rich_style
        frame = self._frame
        if frame is None or self._studio.graphics.protocol == "none":
            return self._words(y, width, height)
        top = max(0, (height - frame.cells.rows) // 2)
        if not top <= y < top + len(frame.strips):
            return Strip.blank(width, blank)
        if frame.overlay and y == top:
            self._overlay_soon()
        left = max(0, (width - frame.cells.columns) // 2)
        line = Strip.join([Strip.blank(left, blank), frame.strips[y - top]])
        return line.adjust_cell_length(width, blank)

    def _words(self, y: int, width: int, height: int) -> Strip:
        text = self._current.text if self._current else ""
        if not text or y != height // 2:
            return Strip.blank(width, self.rich_style)
        content = Content(safe_text(text, limit=max(1, width))).center(width)
        return Strip(content.render_segments(self.visual_style), width).adjust_cell_length(
            width, self.rich_style
        )

    # -- pictures drawn over the cells ----------------------------------------------------------------------------

    def _overlay_soon(self) -> None:
        if not self._overlay_due:
            self._overlay_due = True
            self.call_after_refresh(self._draw_overlay)

    def _draw_overlay(self) -> None:
        """The cells were painted blank: draw over them, unless something else lies on top."""
        self._overlay_due = False
        frame = self._frame
        if frame is None or not frame.overlay or self.app.screen is not self.screen or not self.is_attached:
            return
        from invoke_tui.tui.pictures import iterm2

        region: Any = self.content_region
        column = region.x + max(0, (region.width - frame.cells.columns) // 2)
        row = region.y + max(0, (region.height - frame.cells.rows) // 2)
        if frame.cells.columns <= region.width and frame.cells.rows <= region.height:
            self._studio.write_terminal(iterm2.at(frame.overlay, column, row))
