"""One quiet line below the prompt, there while it is dynamic: how many prompts it stands for, and which."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, Final

from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.text import safe_text
from invoke_tui.prompt.dynamic.scan import is_dynamic
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.places import alike

if TYPE_CHECKING:
    from invoke_tui.domain.request.wildcards import PromptPreview

QUIET: Final = 0.3
"""Seconds without a change before the studio is asked."""
FEW: Final = 5
SHARED: Final = 12
"""Characters that all the prompts may begin with and still be shown from there."""
Ask = Callable[[GenerationRequest], Awaitable["PromptPreview"]]
Tell = Callable[["PromptPreview | None"], None]
"""Told what stands for the prompts; None: they are drawn as they stand."""


class PreviewLine(Static):
    """It asks the studio, where the wildcards are; a plain prompt without a template costs no question."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, ask: Ask, tell: Tell, key: str) -> None:
        super().__init__(id="dynamic-line")
        self._ask_studio, self._tell, self._key = ask, tell, key
        self._request: GenerationRequest | None = None
        self._seen: PromptPreview | None = None

    def prompts_changed(self, request: GenerationRequest) -> None:
        """This is what would be asked for now; of it only the prompt and how it is read matter."""
        if request.template is None:
            request = request.model_copy(update={"negative_prompt": ""})
        if request == self._request:
            return
        self._request = request
        if request.template is not None or is_dynamic(request.positive_prompt):
            beside(self, "preview", self._ask, request)
        else:
            self.workers.cancel_group(self, "preview")
            self._show(None)

    async def _ask(self, request: GenerationRequest) -> None:
        """Ask the studio after a moment of quiet; the next change cancels this."""
        await asyncio.sleep(QUIET)
        try:
            self._show(await self._ask_studio(request))
        except StudioError:
            self._show(None)  # no studio, no such template: both are said elsewhere

    def on_resize(self) -> None:
        """As many prompts as there is room for."""
        self._say()

    def _show(self, seen: PromptPreview | None) -> None:
        self._seen = seen
        self._tell(seen)
        self.set_class(seen is not None and seen.dynamic, "-shown")
        self._say()

    def _say(self) -> None:
        seen, request = self._seen, self._request
        if seen is None or request is None or not seen.dynamic:
            return
        if seen.refused:
            self.update(self._line("! ", safe_text(seen.problems[0].message, limit=300), "$text-warning"))
            return
        head = how_many(seen, combinatorial=request.combinatorial)
        said = safe_text(seen.problems[0].message, limit=200) if seen.problems else ""
        self.update(self._line(head, f" · {said}" if said else f": {samples(seen)}", "$text-muted"))

    def _line(self, head: str, rest: str, colour: str) -> Content:
        room = max(4, self.size.width - len(self._key) - 2)
        style = "$text-warning" if colour == "$text-warning" else "$text-accent"
        line = Content.assemble((head, style), (rest, colour)).truncate(room, ellipsis=True)
        return Content.assemble(
            line.pad_right(max(0, room - line.cell_length)), "  ", (self._key, "$primary")
        )


def how_many(seen: PromptPreview, *, combinatorial: bool) -> str:
    """``12 prompts``, ``100 of 4,096 prompts``, ``20 random prompts``."""
    word = "prompt" if seen.made == 1 else "prompts"
    if not combinatorial:
        return f"{seen.made:,} random {word}"
    if seen.count <= seen.made:
        return f"{seen.made:,} {word}"
    return f"{seen.made:,} of {'' if seen.exact else 'about '}{seen.count:,} prompts"


def samples(seen: PromptPreview) -> str:
    """The first prompts from where they begin to differ, with dots between."""
    first, *rest = seen.prompts
    shared = min((alike(first, prompt) for prompt in rest), default=0)
    begins = first.rfind(" ", 0, shared) + 1 if shared > SHARED else 0
    shown = [("…" if begins else "") + safe_text(prompt[begins:], limit=120) for prompt in seen.prompts]
    return " · ".join([*shown, "…"] if seen.made > len(shown) else shown)
