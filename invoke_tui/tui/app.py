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
from collections.abc import Container, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.reactive import Initialize, Reactive
from textual.theme import BUILTIN_THEMES, Theme

from invoke_tui.config.paths import locate
from invoke_tui.domain.errors import StudioError
from invoke_tui.tui import actions, ahead, late, session, themes
from invoke_tui.tui.base import StudioApp
from invoke_tui.tui.beside import alongside
from invoke_tui.tui.keys import act_in_turn, guard_pastes, read_alt_keys
from invoke_tui.tui.palette import ActionProvider
from invoke_tui.tui.pictures.detect import TerminalGraphics, configured, detect
from invoke_tui.tui.resources import style_sheet
from invoke_tui.tui.screens.arriving import ArrivingScreen
from invoke_tui.tui.screens.base import StudioScreen
from invoke_tui.tui.screens.generate import GenerateScreen

if TYPE_CHECKING:
    from textual.binding import BindingType

    from invoke_tui.tui.link import Connect

QUIT_WINDOW = 2.0
SWITCH_SECONDS = 0.001
"""How long a thread that reads or counts a prompt may keep the keyboard waiting for its turn."""


class InvokeTuiApp(StudioApp, inherit_bindings=False):
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

    def __init__(
        self,
        root: Path | None,
        flags: Mapping[str, Any],
        graphics: TerminalGraphics,
        *,
        connect: Connect | None = None,
    ) -> None:
        """``root`` and ``flags`` are what ``config.settings.load`` takes; ``connect`` stands in for the daemon."""
        read_alt_keys()
        guard_pastes()
        act_in_turn()
        ahead.hash_rules_quickly()
        paths = locate(root)
        kept = session.load(paths.session_file)
        wanted = flags.get("theme") or kept.theme or "auto"
        self.first_theme = _theme_on(graphics, wanted, BUILTIN_THEMES)
        self.first_screen = kept.screen
        self.DEFAULT_MODE = "generate" if self.first_screen in ("", "generate") else "arriving"  # type: ignore[misc]
        super().__init__(paths, kept, graphics)
        self.failure: StudioError | None = None
        """Why it ended before it was ready."""
        self._fetch = partial(late.fetch, root, flags, self.post_message, connect)
        self._asked_theme = flags.get("theme")
        self._interrupted = 0.0
        for theme in themes.THEMES:
            self.register_theme(theme)

    # -- start and end --------------------------------------------------------------------------------------------

    def get_theme(self, theme_name: str) -> Theme | None:
        """Ours are known from the first moment, so that no style sheet is read twice."""
        return themes.BY_NAME.get(theme_name) or super().get_theme(theme_name)

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
        self.studio, self.state, self.link = came.studio, came.state, came.link
        settings = self.studio.settings
        self.graphics = configured(self.graphics, settings.image_protocol)
        for name in late.STYLES:
            self.stylesheet.read(style_sheet(name))
        self.stylesheet.parse()  # reading alone would leave the next widget to the rules of the first frame
        if not (self._asked_theme or self.session.theme):
            self.theme = _theme_on(self.graphics, settings.theme, self.available_themes)
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
            alongside(self, "ahead", ahead.use_the_quiet, self)
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

    def action_command_palette(self) -> None:
        """Find an action by its name."""
        from invoke_tui.tui.modal import Commands

        if not isinstance(self.screen, Commands):
            self.push_screen(Commands())

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


def _theme_on(graphics: TerminalGraphics, wanted: str, known: Container[str]) -> str:
    return themes.chosen(wanted, dark_terminal=graphics.dark, known=known, few_colours=graphics.few_colours)


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
