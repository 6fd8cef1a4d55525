"""The prompts that were used: found by a few letters, put back into the editors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.binding import BindingType
from textual.content import Content

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.request.history import RememberedPrompt
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.beside import alongside, beside
from invoke_tui.tui.prompts.dialog import told
from invoke_tui.tui.prompts.picker import Picker, line, marked
from invoke_tui.tui.words import when

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.tui.screens.desk import Desk

LIMIT: Final = 500
TYPED: Final = 0.06
"""Seconds of quiet before the studio is asked."""
_WHEN: Final = 17
_SHOWN: Final = 4_000


async def use(desk: Desk) -> None:
    """Put what is chosen into the editors."""
    chosen = await desk.screen.app.push_screen_wait(HistoryScreen())
    if chosen is not None:
        prompt, both = chosen
        prompts = desk.screen.prompts
        prompts.positive.rewrite(prompt.positive_prompt)
        if both:
            prompts.negative.rewrite(prompt.negative_prompt)
        desk.screen.show_pane(picture=False)
        prompts.positive.focus()


class HistoryScreen(Picker[tuple[RememberedPrompt, bool]]):
    """Answers a prompt, and whether its negative prompt is wanted too."""

    place: ClassVar[actions.Place] = "history"
    places: ClassVar[tuple[actions.Place, ...]] = ("history", "pick", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("history")
    help_title = "Prompts you used"
    help_text = (
        "Every prompt that was made is here, as it was typed, the newest first; what is pinned stays on top and is "
        "never forgotten. Type words, or some of their letters in any order: they are looked for in the negative "
        "prompt, too."
    )
    placeholder = "type to search, e.g. fox snow"
    keys = "enter use   tab the prompt only   alt+p pin   del forget   esc back   F1"
    stacked = True

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        super().__init__()
        self._now = now or (lambda: datetime.now().astimezone())

    def on_mount(self) -> None:
        """What there is before anything is typed."""
        self.look("")

    def look(self, query: str) -> None:
        """Ask the studio."""
        beside(self, "history", self._find, query, TYPED if query else 0.0)

    async def _find(self, query: str, quiet: float, cursor: int = 0) -> None:
        await asyncio.sleep(quiet)
        try:
            client = await self.studio.link.client()
            found = await client.prompt_history(query, LIMIT)
        except StudioError as error:
            self.say(told(error))
            return
        many = f"{len(found)}{'+' if len(found) == LIMIT else ''}"
        nothing = (
            "Nothing like it was made."
            if query.strip()
            else "Nothing was made yet. Every prompt will be here, from the first on."
        )
        self.nothing = Content.styled(nothing, "$text-muted")
        self.show(found, f"{many} {'prompt' if many == '1' else 'prompts'}", cursor=cursor)

    # -- what is shown --------------------------------------------------------------------------------------------

    def paint(self, entry: RememberedPrompt, width: int, *, plain: bool) -> Content:
        """Pin, when, prompt, and the negative prompt dim."""
        positive, negative = _shown(entry.positive_prompt), _shown(entry.negative_prompt)
        text = f"{positive}  − {negative}" if negative else positive
        star = ("★ ", "" if plain else "$text-warning") if entry.pinned else ("  ", "")
        used = when(entry.used_at.astimezone(), self._now())
        return Content.assemble(
            star,
            (used.ljust(_WHEN), "" if plain else "$text-muted"),
            line(text, self.wanted, max(1, width - _WHEN - 3), plain=plain, dim_from=len(positive)),
        )

    def about(self, entry: RememberedPrompt) -> Content:
        """Both prompts whole."""
        parts: list[Content | tuple[str, str]] = [self._whole(entry.positive_prompt)]
        if entry.negative_prompt:
            parts += [
                ("\n− ", "$text-muted"),
                self._whole(entry.negative_prompt).stylize_before("$text-muted"),
            ]
        times = f"used {entry.uses} times, last " if entry.uses > 1 else "used "
        said = f"\n{times}{when(entry.used_at.astimezone(), self._now())}"
        parts.append((f"{said} · pinned" if entry.pinned else said, "$text-muted"))
        return Content.assemble(*parts)

    def _whole(self, prompt: str) -> Content:
        text = safe_text(prompt, limit=_SHOWN, multiline=True)
        return marked(text, self.wanted.letters(text))

    # -- what can be done -----------------------------------------------------------------------------------------

    def opened(self) -> None:
        """Both prompts."""
        self._answer(both=True)

    def action_only_positive(self) -> None:
        """The prompt, and the negative one that stands in the editor stays."""
        self._answer(both=False)

    def _answer(self, *, both: bool) -> None:
        if self.chosen is not None:
            self.dismiss((self.chosen, both))

    def action_pin(self) -> None:
        """Pin, or let it go again."""
        entry: RememberedPrompt | None = self.chosen
        if entry is not None:
            self._change(lambda client: client.pin_prompt(entry.id, not entry.pinned), follow=entry)

    def action_forget(self) -> None:
        """Remove it."""
        entry: RememberedPrompt | None = self.chosen
        if entry is not None:
            self._change(lambda client: client.forget_prompt(entry.id))
            self.notify("Forgotten.", timeout=1.5, markup=False)

    delete_pressed = action_forget

    def _change(
        self,
        change: Callable[[StudioClient], Awaitable[Any]],
        follow: RememberedPrompt | None = None,
    ) -> None:
        alongside(self, "history-change", self._changed, change, follow)

    async def _changed(
        self, change: Callable[[StudioClient], Awaitable[Any]], follow: RememberedPrompt | None
    ) -> None:
        """Do it, and show the list anew; the cursor stays, or goes with what was pinned."""
        try:
            await change(await self.studio.link.client())
        except StudioError as error:
            self.studio.show_error(error)
        at = self.rows.cursor
        await self._find(self.search.value, 0.0, at)
        if follow is not None:
            ids = [one.id for one in self.rows.entries]
            self.rows.move_to(ids.index(follow.id) if follow.id in ids else at)


def _shown(prompt: str) -> str:
    """On one line."""
    return safe_text(prompt, limit=_SHOWN)
