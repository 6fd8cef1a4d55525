"""The command palette's source: every action of where we are, and every theme."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from invoke_tui.tui import actions

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from invoke_tui.tui.base import StudioApp


class ActionProvider(Provider):
    """Actions of the app, of the screen, and of the widgets on it."""

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        app = cast("StudioApp", self.app)
        places = getattr(self.screen, "places", ())
        for action in actions.at("app", *places):
            if not action.title:
                continue
            node = self._node(action)
            if node is None or node.check_action(*_name(action.do)) is False:
                continue
            keys = " ".join(actions.shown(key) for key in app.keys_of(action))
            yield action.title, f"{keys}  {action.help}", partial(app.run_action, action.do, node)
        for name in sorted(app.available_themes):
            yield (
                f"Theme: {name}",
                "Changes the colours now and for the next start.",
                partial(app.use_theme, name),
            )

    def _node(self, action: actions.Action) -> DOMNode | None:
        if action.where == "app":
            return self.app
        if action.where == getattr(self.screen, "place", ""):
            return self.screen
        return next(iter(self.screen.query(f".place-{action.where}")), None)

    async def discover(self) -> Hits:
        """Everything, before a letter is typed."""
        for title, help_text, run in self._commands():
            if not title.startswith("Theme:"):
                yield DiscoveryHit(title, run, help=help_text)

    async def search(self, query: str) -> Hits:
        """What matches the letters typed."""
        matcher = self.matcher(query)
        for title, help_text, run in self._commands():
            if (score := matcher.match(title)) > 0:
                yield Hit(score, matcher.highlight(title), run, help=help_text)


def _name(do: str) -> tuple[str, tuple[object, ...]]:
    return do.partition("(")[0].removeprefix("app."), ()
