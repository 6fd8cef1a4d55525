"""The app: a thin root that puts state, link, pacer, themes and screens together.

It paints first. Whatever the first frame does not need is described in ``late`` and put in its place by ``_furnish``.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.app import App
from textual.reactive import Initialize, Reactive
from textual.signal import Signal
from textual.theme import BUILTIN_THEMES, Theme

from invoke_tui.config.paths import locate
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions, ahead, late, session, themes
from invoke_tui.tui.beside import alongside, beside
from invoke_tui.tui.deletions import Deletions
from invoke_tui.tui.keys import act_in_turn, guard_pastes, read_alt_keys
from invoke_tui.tui.palette import ActionProvider
from invoke_tui.tui.partners import Partners
from invoke_tui.tui.pictures.detect import TerminalGraphics, configured, detect
from invoke_tui.tui.pictures.pace import Pacer
from invoke_tui.tui.resources import style_sheet
from invoke_tui.tui.screens.arriving import ArrivingScreen
from invoke_tui.tui.screens.base import StudioScreen
from invoke_tui.tui.screens.generate import GenerateScreen

if TYPE_CHECKING:
    from textual.binding import Binding, BindingType

    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.events import Event
    from invoke_tui.tui.link import Link
    from invoke_tui.tui.messages import LinkChanged, LinkState, StudioEvent
    from invoke_tui.tui.screens.desk import Desk
    from invoke_tui.tui.state import StudioState

SAVE_AFTER = 0.8
"""Seconds of quiet before the session is written."""
QUIT_WINDOW = 2.0
SWITCH_SECONDS = 0.001
"""How long a thread that reads or counts a prompt may keep the keyboard waiting for its turn."""


class InvokeTuiApp(App[int], inherit_bindings=False):
    """The terminal studio."""

    TITLE = "invoke-tui"
    CSS_PATH = [style_sheet(name) for name in ("app", "generate")]
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("app")
    COMMANDS: ClassVar[Any] = {ActionProvider}
    MODES: ClassVar[Any] = {"generate": GenerateScreen, "arriving": ArrivingScreen}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-very-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (18, "-short"), (34, "-tall")]
    ENABLE_COMMAND_PALETTE = True
    theme: Reactive[str] = Reactive(Initialize(lambda app: cast("InvokeTuiApp", app).first_theme))

    first_theme: str
    studio: Studio
    state: StudioState
    link: Link
    desk: type[Desk]

    def __init__(
        self,
        root: Path | None,
        flags: Mapping[str, Any],
        graphics: TerminalGraphics,
        *,
        connect: late.Connect | None = None,
    ) -> None:
        """``root`` and ``flags`` are what ``config.settings.load`` takes; ``connect`` stands in for the daemon."""
        read_alt_keys()
        guard_pastes()
        act_in_turn()
        ahead.hash_rules_quickly()
        self.graphics = graphics
        self.paths = locate(root)
        self.session = session.load(self.paths.session_file)
        wanted = flags.get("theme") or self.session.theme or "auto"
        self.first_theme = self._theme_for(wanted, BUILTIN_THEMES)
        self.first_screen = self.session.screen
        self.DEFAULT_MODE = "generate" if self.first_screen in ("", "generate") else "arriving"  # type: ignore[misc]
        super().__init__()
        self.ready = False
        """Settings, records and screens are in: ``studio``, ``state``, ``link`` and ``desk`` are there."""
        self.failure: StudioError | None = None
        """Why it ended before it was ready."""
        self._fetch = partial(late.fetch, root, flags, self.post_message, connect)
        self._follow_settings = not (flags.get("theme") or self.session.theme)
        self.studio_events: Signal[Event] = Signal(self, "studio-events")
        """Every event, after the state has taken it in."""
        self.link_changes: Signal[LinkChanged] = Signal(self, "link-changes")
        self.remember: list[Callable[[session.Session], None]] = []
        """What screens with something worth keeping add: it notes their part into the session."""
        self.deletions = Deletions()
        self.partners = Partners()
        self._pacer: Pacer | None = None
        self._save_timer: Any = None
        self._interrupted = 0.0
        self.last_key = 0.0
        """When a key was pressed last (``time.monotonic``): what can wait lets typing pass."""
        for theme in themes.THEMES:
            self.register_theme(theme)

    # -- start and end --------------------------------------------------------------------------------------------

    def get_theme(self, theme_name: str) -> Theme | None:
        """Ours are known from the first moment, so that no style sheet is read twice."""
        return themes.BY_NAME.get(theme_name) or super().get_theme(theme_name)

    def _theme_for(self, wanted: str, known: Container[str]) -> str:
        graphics = self.graphics
        return themes.chosen(
            wanted, dark_terminal=graphics.dark, known=known, few_colours=graphics.few_colours
        )

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of the prompt editor for themes that are not ours."""
        theme = self.current_theme
        return themes.default_variables(ansi=theme.ansi, dark=theme.dark)

    async def on_event(self, event: events.Event) -> None:
        """Every key comes by here, whatever takes it."""
        if isinstance(event, events.Key):
            self.last_key = time.monotonic()
        await super().on_event(event)

    def on_mount(self) -> None:
        """Everything else starts once the first frame is out."""
        self.call_after_refresh(self._first_frame)

    def _first_frame(self) -> None:
        alongside(self, "furnish", self._furnish)

    async def _furnish(self) -> None:
        """Put in what came late, and open the line to the daemon."""
        ahead.keep_small()
        try:
            came = await asyncio.to_thread(self._fetch)
        except StudioError as error:
            self.failure = error
            self.exit(error.exit_code)
            return
        self.studio, self.state, self.link, self.desk = came.studio, came.state, came.link, came.desk
        settings = self.studio.settings
        self.graphics = configured(self.graphics, settings.image_protocol)
        for name in late.STYLES:
            self.stylesheet.read(style_sheet(name))
        self.stylesheet.parse()  # reading alone would leave the next widget to the rules of the first frame
        if self._follow_settings:
            self.theme = self._theme_for(settings.theme, self.available_themes)
        self.set_keymap(settings.keymap)
        self.add_mode("gallery", came.gallery)
        self.add_mode("models", came.models)
        self.add_mode("queue", came.queue)
        self.add_mode("monitor", came.monitor)
        self.ready = True
        for screen in list(self.screen_stack):
            if isinstance(screen, StudioScreen):
                await screen.furnish()
        if self.current_mode == "arriving":
            await self.action_go(self.first_screen)
        alongside(self, "link", self.link.run)
        if not self.is_headless:
            self.last_key = max(self.last_key, time.monotonic())
            alongside(self, "ahead", ahead.open_gallery, self)
        _collect_again()

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
        if os.environ.get("TMUX"):
            beside(self, "clipboard", self._past_tmux, text)

    async def _past_tmux(self, text: str) -> None:
        from invoke_tui.tui.copying import past_tmux

        await past_tmux(self, text)

    def on_cursor_position(self, _event: events.CursorPosition) -> None:
        """The terminal has drawn the last frame."""
        if self._pacer is not None:
            self._pacer.answered()

    # -- actions --------------------------------------------------------------------------------------------------

    async def action_go(self, screen: str) -> None:
        """Change to a screen; one that is still on its way is shown when it comes."""
        if screen != "generate" and not self.ready:
            self.first_screen, screen = screen, "arriving"
        if screen not in self._modes:
            screen = "generate"
        if screen != self.current_mode:
            await self.switch_mode(screen)
        if screen != "arriving" and self.session.screen != screen:
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
        ours = [*themes.BY_NAME, "ansi-dark", "ansi-light"]
        at = ours.index(self.theme) if self.theme in ours else -1
        self.use_theme(ours[(at + 1) % len(ours)])
        self.notify(f"Theme: {self.theme}", timeout=1.5, markup=False)

    def use_theme(self, name: str) -> None:
        """Change the colours, now and for the next start."""
        self._follow_settings = False
        self.theme = self.session.theme = name
        self.session_changed()

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


def _collect_again() -> None:
    """Take up collecting garbage, which ``run`` put off: nearly nothing of what starting made is any."""
    gc.freeze()
    gc.enable()


def _hung_up(app: InvokeTuiApp) -> None:
    """The terminal is gone, and with it whom to say good-bye to: only the last words are kept."""
    try:
        if app.ready:
            app.save_session()
    finally:
        os._exit(128 + signal.SIGHUP)


def run(root: Path | None, flags: Mapping[str, Any]) -> int:
    """Run the terminal studio until the person leaves; the exit code.

    Raises ``StudioError`` when the settings cannot be used.
    """
    graphics = detect()
    if graphics.protocol == "ascii" and os.environ.get("TERM", "") in ("dumb", "unknown", ""):
        print(
            "This terminal cannot move its cursor (TERM is dumb or unset): no screen here.", file=sys.stderr
        )
        print("Use `invoke-tui generate PROMPT`, or set TERM to what the terminal is.", file=sys.stderr)
        return 2
    gc.disable()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        app = InvokeTuiApp(root, flags, graphics)
        signal.signal(signal.SIGHUP, lambda *_: _hung_up(app))
        result = app.run()
    finally:
        gc.enable()
    if app.failure is not None:
        raise app.failure
    return result if isinstance(result, int) else app.return_code or 0
