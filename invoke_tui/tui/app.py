"""The app: a thin root that puts state, link, pacer, themes and screens together."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events, on
from textual.app import App
from textual.signal import Signal

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions, session, themes
from invoke_tui.tui.keys import read_alt_keys
from invoke_tui.tui.link import Connect, Link
from invoke_tui.tui.messages import LinkChanged, StudioEvent
from invoke_tui.tui.palette import ActionProvider
from invoke_tui.tui.pictures.detect import TerminalGraphics, detect
from invoke_tui.tui.pictures.pace import Pacer
from invoke_tui.tui.resources import style_sheet
from invoke_tui.tui.screens.generate import GenerateScreen
from invoke_tui.tui.screens.queue import QueueScreen
from invoke_tui.tui.state import StudioState

if TYPE_CHECKING:
    from textual.binding import Binding, BindingType

    from invoke_tui.client import StudioClient
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.events import Event

SAVE_AFTER = 0.8
"""Seconds of quiet before the session is written."""
QUIT_WINDOW = 2.0


class InvokeTuiApp(App[int], inherit_bindings=False):
    """The terminal studio."""

    TITLE = "invoke-tui"
    CSS_PATH = [style_sheet(name) for name in ("app", "generate", "queue", "dialogs")]
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("app")
    COMMANDS: ClassVar[Any] = {ActionProvider}
    MODES: ClassVar[Any] = {"generate": GenerateScreen, "queue": QueueScreen}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-very-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (18, "-short"), (34, "-tall")]
    ENABLE_COMMAND_PALETTE = True

    def __init__(self, studio: Studio, graphics: TerminalGraphics, *, connect: Connect | None = None) -> None:
        read_alt_keys()
        self.studio = studio
        self.graphics = graphics
        self.session = session.load(studio.paths.session_file)
        first = self.session.screen if self.session.screen in self.MODES else "generate"
        self.DEFAULT_MODE = first  # type: ignore[misc]
        super().__init__()
        self.state = StudioState()
        self.link = Link(connect or self._connect, self.post_message)
        self.studio_events: Signal[Event] = Signal(self, "studio-events")
        """Every event, after the state has taken it in."""
        self.link_changes: Signal[LinkChanged] = Signal(self, "link-changes")
        self.remember: list[Callable[[session.Session], None]] = []
        """What screens with something worth keeping add: it notes their part into the session."""
        self._pacer: Pacer | None = None
        self._save_timer: Any = None
        self._interrupted = 0.0
        for theme in themes.THEMES:
            self.register_theme(theme)
        wanted = self.session.theme or themes.chosen(studio.settings.theme, dark_terminal=graphics.dark)
        self.theme = wanted if wanted in self.available_themes else themes.DARK
        self.set_keymap(studio.settings.keymap)

    # -- start and end --------------------------------------------------------------------------------------------

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of the prompt editor for themes that are not ours."""
        theme = self.current_theme
        return themes.default_variables(ansi=theme.ansi, dark=theme.dark)

    def on_mount(self) -> None:
        """Open the line to the daemon once the first paint is out."""
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        self.call_after_refresh(self._open_link)

    def _open_link(self) -> None:
        self.run_worker(self.link.run(), name="link", group="link", exit_on_error=True)

    async def _connect(self) -> StudioClient:
        client_module = await asyncio.to_thread(_import_client)
        return cast("StudioClient", await client_module.StudioClient.connect(self.studio.paths))

    async def action_quit(self) -> None:
        """Leave; the daemon goes on."""
        self.save_session()
        if self._pacer is not None:
            await self._pacer.drain()
        self.exit(0)

    async def action_interrupt(self) -> None:
        """The second press within a moment leaves."""
        now = time.monotonic()
        if now - self._interrupted < QUIT_WINDOW:
            await self.action_quit()
            return
        self._interrupted = now
        self.notify(
            "Press ^c again to leave. Work that was started goes on.", timeout=QUIT_WINDOW, markup=False
        )

    # -- the daemon's messages ------------------------------------------------------------------------------------

    @on(LinkChanged)
    def _link_changed(self, message: LinkChanged) -> None:
        self.state.link, self.state.detail = message.state, message.detail
        self.link_changes.publish(message)

    @on(StudioEvent)
    def _studio_event(self, message: StudioEvent) -> None:
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

    def on_cursor_position(self, _event: events.CursorPosition) -> None:
        """The terminal has drawn the last frame."""
        if self._pacer is not None:
            self._pacer.answered()

    # -- actions --------------------------------------------------------------------------------------------------

    async def action_go(self, screen: str) -> None:
        """Change to a screen."""
        if screen in self.MODES and screen != self.current_mode:
            await self.switch_mode(screen)
            self.session.screen = screen
            self.session_changed()

    def action_help(self) -> None:
        """Explain the place."""
        from invoke_tui.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen, self.focused))

    def action_jump(self) -> None:
        """Letters on every field."""
        from invoke_tui.tui.screens.jump import JumpScreen

        if not self.screen.is_modal:
            self.push_screen(JumpScreen(self.screen), self._jumped)

    def _jumped(self, target: Any) -> None:
        if target is not None:
            target.focus()

    def action_next_theme(self) -> None:
        """The next of our themes, and the terminal's own colours."""
        ours = [theme.name for theme in themes.THEMES] + ["ansi-dark", "ansi-light"]
        at = ours.index(self.theme) if self.theme in ours else -1
        self.theme = ours[(at + 1) % len(ours)]
        self.notify(f"Theme: {self.theme}", timeout=1.5, markup=False)

    def use_theme(self, name: str) -> None:
        """Change the colours."""
        self.theme = name

    def keys_of(self, action: actions.Action) -> list[str]:
        """The keys of an action after the configuration's ``keymap``."""
        return (self._keymap.get(action.id) or action.keys).split(",")

    def get_key_display(self, binding: Binding) -> str:
        """A key as people read it."""
        return binding.key_display or actions.shown(binding.key)

    def _theme_changed(self, _theme: object) -> None:
        if self.theme != self.session.theme and self.is_running:
            self.session.theme = self.theme
            self.session_changed()

    # -- the session ----------------------------------------------------------------------------------------------

    def session_changed(self) -> None:
        """Write the session after a moment of quiet."""
        if self._save_timer is not None:
            self._save_timer.stop()
        self._save_timer = self.set_timer(SAVE_AFTER, self._save_soon)

    def _save_soon(self) -> None:
        """Write the session in a thread: the disk may be slow, the keyboard may not."""
        path, now = self.studio.paths.session_file, replace(self._noted())
        self.run_worker(partial(session.save, path, now), thread=True, group="session", exit_on_error=False)

    def _noted(self) -> session.Session:
        for keep in self.remember:
            keep(self.session)
        return self.session

    def save_session(self) -> None:
        """Write the session now, before leaving."""
        session.save(self.studio.paths.session_file, self._noted())

    # -- errors ---------------------------------------------------------------------------------------------------

    def show_error(self, error: StudioError, *, title: str = "") -> None:
        """Say what happened and what to do next."""
        text = safe_text(error.message)
        if error.hint:
            text = f"{text}\n{safe_text(error.hint)}"
        self.notify(text, title=title, severity="error", timeout=8, markup=False)


def _import_client() -> Any:
    import invoke_tui.client

    return invoke_tui.client


def run(studio: Studio, *, image_protocol: str | None = None) -> int:
    """Run the terminal studio until the person leaves; the exit code."""
    graphics = detect(override=image_protocol or studio.settings.image_protocol)
    if graphics.protocol == "ascii" and os.environ.get("TERM", "") in ("dumb", "unknown", ""):
        print(
            "This terminal cannot move its cursor (TERM is dumb or unset): no screen here.", file=sys.stderr
        )
        print("Use `invoke-tui generate PROMPT`, or set TERM to what the terminal is.", file=sys.stderr)
        return 2
    app = InvokeTuiApp(studio, graphics)
    result = app.run()
    return result if isinstance(result, int) else app.return_code or 0
