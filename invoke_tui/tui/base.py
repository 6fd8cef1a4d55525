"""What every screen and widget stands on: the studio behind the app, the terminal before it, and the session."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.signal import Signal

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions, session
from invoke_tui.tui.beside import beside
from invoke_tui.tui.deletions import Deletions
from invoke_tui.tui.partners import Partners
from invoke_tui.tui.pictures.pace import Pacer

if TYPE_CHECKING:
    from textual.binding import Binding

    from invoke_tui.config.paths import StudioPaths
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.events import Event
    from invoke_tui.tui.link import Link
    from invoke_tui.tui.messages import LinkChanged, LinkState, StudioEvent
    from invoke_tui.tui.pictures.detect import TerminalGraphics
    from invoke_tui.tui.state import StudioState

SAVE_AFTER = 0.8
"""Seconds of quiet before the session is written."""


class StudioApp(App[int]):
    """The app as screens and widgets know it; what screens there are, ``app`` says."""

    first_screen: str
    studio: Studio
    state: StudioState
    link: Link

    def __init__(self, paths: StudioPaths, kept: session.Session, graphics: TerminalGraphics) -> None:
        """``kept`` is what the last session left."""
        self.paths, self.session, self.graphics = paths, kept, graphics
        super().__init__()
        self.ready = False
        """Settings, records and screens are in: ``studio``, ``state`` and ``link`` are there."""
        self.studio_events: Signal[Event] = Signal(self, "studio-events")
        """Every event, after the state has taken it in."""
        self.link_changes: Signal[LinkChanged] = Signal(self, "link-changes")
        self.remember: list[Callable[[session.Session], None]] = []
        """What screens with something worth keeping add: it notes their part into the session."""
        self.deletions = Deletions()
        self.partners = Partners()
        self.last_key = 0.0
        """When a key was pressed last (``time.monotonic``): what can wait lets typing pass."""
        self._pacer: Pacer | None = None
        self._save_timer: Any = None

    async def action_go(self, screen: str) -> None:
        """Change to a screen."""
        raise NotImplementedError

    # -- the daemon's messages ------------------------------------------------------------------------------------

    @property
    def link_state(self) -> LinkState:
        """How the line to the daemon is."""
        return self.state.link if self.ready else "starting"

    def on_link_changed(self, message: LinkChanged) -> None:
        """The line to the daemon changed."""
        self.state.link, self.state.detail = message.state, message.detail
        self.link_changes.publish(message)

    def on_studio_event(self, message: StudioEvent) -> None:
        """The daemon said something."""
        self.state.apply(message.event)
        self.studio_events.publish(message.event)

    # -- the terminal ---------------------------------------------------------------------------------------------

    @property
    def pacer(self) -> Pacer:
        """Paces every picture frame of this terminal."""
        if self._pacer is None:
            headless = self._driver is None or self._driver.is_headless or self._driver.is_web
            low = self.studio.settings.low_bandwidth
            self._pacer = Pacer(self.write_terminal, answers=not headless, low_bandwidth=low)
        return self._pacer

    def write_terminal(self, data: str) -> None:
        """Write our own sequences behind everything Textual has written."""
        if self._driver is not None and not self._driver.is_headless:
            self._driver.write(data)
            self._driver.flush()

    def copy_to_clipboard(self, text: str) -> None:
        """Into our own clipboard, and by the terminal into that of the machine in front of the person."""
        super().copy_to_clipboard(text)
        beside(self, "clipboard", self._copy, text)

    async def _copy(self, text: str) -> None:
        try:
            await self._past_tmux(text)
        except StudioError as error:
            self.show_error(error, title="Copy")

    async def copy(self, text: str) -> None:
        """The same; raises ``StudioError`` where tmux keeps it."""
        super().copy_to_clipboard(text)
        await self._past_tmux(text)

    async def _past_tmux(self, text: str) -> None:
        if os.environ.get("TMUX"):
            from invoke_tui.tui.pictures.handover import clipboard_sequence

            self.write_terminal(await asyncio.to_thread(clipboard_sequence, text))

    def on_cursor_position(self, _event: events.CursorPosition) -> None:
        """The terminal has drawn the last frame."""
        if self._pacer is not None:
            self._pacer.answered()

    def use_theme(self, name: str) -> None:
        """Change the colours, now and for the next start."""
        self.theme = self.session.theme = name
        self.session_changed()

    # -- keys -----------------------------------------------------------------------------------------------------

    def keys_of(self, action: actions.Action) -> list[str]:
        """The keys of an action after the configuration's ``keymap``."""
        return (self._keymap.get(action.id) or action.keys).split(",")

    def key_of(self, action_id: str) -> str:
        """The first key of an action, as people read it."""
        action = next(action for action in actions.ACTIONS if action.id == action_id)
        return actions.shown(self.keys_of(action)[0])

    def get_key_display(self, binding: Binding) -> str:
        """A key as people read it."""
        return binding.key_display or actions.shown(binding.key)

    # -- the session ----------------------------------------------------------------------------------------------

    def session_changed(self) -> None:
        """Write the session after a moment of quiet, and never before the settings are known to be right."""
        if not self.ready:
            return
        if self._save_timer is not None:
            self._save_timer.stop()
        self._save_timer = self.set_timer(SAVE_AFTER, self._save_soon)

    def _save_soon(self) -> None:
        """Write the session in a thread: the disk may be slow, the keyboard may not."""
        path, now = self.paths.session_file, replace(self._noted())
        self.run_worker(partial(session.save, path, now), thread=True, group="session", exit_on_error=False)

    def _noted(self) -> session.Session:
        for keep in self.remember:
            keep(self.session)
        return self.session

    def save_session(self) -> None:
        """Write the session now, before leaving."""
        session.save(self.paths.session_file, self._noted())

    # -- errors ---------------------------------------------------------------------------------------------------

    def show_error(self, error: StudioError, *, title: str = "") -> None:
        """Say what happened and what to do next."""
        text = safe_text(error.message)
        if error.hint:
            text = f"{text}\n{safe_text(error.hint)}"
        self.notify(text, title=title, severity="error", timeout=8, markup=False)
