"""What a picture says, line by line, to choose what of it is put into the form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.events import Event, ModelsChanged
from invoke_tui.domain.gallery.recalling import Choice, everything
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.dialog import PromptDialog, told
from invoke_tui.tui.recalling.lines import Line, chosen, lines
from invoke_tui.tui.recalling.missing import look_for
from invoke_tui.tui.recalling.rows import RecallRows
from invoke_tui.tui.widgets.model_rows import Rows

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.replay import Recalled
    from invoke_tui.domain.models.records import ModelRecord
    from invoke_tui.domain.models.wanted import WantedModel
    from invoke_tui.domain.request.parameters import GenerationRequest

AROUND: Final = 11
"""Lines of the dialog that are none of the list's."""


class RecallScreen(PromptDialog[Choice]):
    """Answers what is put into the form. ``now`` is what stands there, where there is a form already."""

    place: ClassVar[actions.Place] = "recall"
    places: ClassVar[tuple[actions.Place, ...]] = ("recall", "list", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("recall")
    AUTO_FOCUS = "#recall-rows"
    help_title = "Recall"
    help_text = (
        "What the picture says, and at the right what the form has where that is something else. Check lines, or only "
        "go to one; enter puts them into the form. LoRAs, control and reference pictures that are checked take the "
        "place of those in the form. ✗ is not here: i looks for a model by its hash at Civitai, or by its name among "
        "the starter models, and installs it after asking."
    )

    def __init__(
        self,
        metadata: dict[str, Any],
        found: Recalled,
        models: list[ModelRecord],
        now: GenerationRequest | None,
    ) -> None:
        super().__init__()
        self._metadata, self._found, self._models, self._now = metadata, found, models, now
        self._substitutes: dict[str, str] = {}
        self._rows = RecallRows(self._lines())

    def compose(self) -> ComposeResult:
        """The lines, and the one under the cursor whole."""
        with Vertical(classes="dialog", id="recall"):
            yield Static(Content("Recall"), classes="dialog-title")
            yield self._rows
            with VerticalScroll(id="recall-whole", can_focus=False):
                yield Static(id="recall-text")
            keys = "enter recall  space check  a all  x all but seed  i install  F1 help"
            yield Static(Content(keys), classes="dialog-keys")

    def on_mount(self) -> None:
        """Listen: a model that comes meanwhile is no longer missing."""
        self._fit()
        self.studio.studio_events.subscribe(self, self._event)

    def on_resize(self) -> None:
        """As many lines as there is room for."""
        self._fit()

    def _fit(self) -> None:
        room = self.app.size.height * 94 // 100 - AROUND
        self._rows.styles.height = max(3, min(self._rows.row_count, room))
        self.call_after_refresh(self._rows.keep_in_sight)

    def _lines(self) -> list[Line]:
        return lines(
            everything(self._found, self._metadata), self._found.differences, self._now, self._models
        )

    @on(Rows.Moved)
    def _moved(self) -> None:
        if (line := self._rows.line) is None:
            return
        parts = [(line.value, "")]
        parts += [(f"\nnow {line.now}", "$text-muted")] if line.now else []
        if line.difference is not None and line.difference.model is not None:
            parts.append((f"\n{line.difference.model.facts} · i looks for it", "$text-muted"))
        self._say(Content.assemble(*parts))

    def _say(self, content: Content) -> None:
        self.query_one("#recall-text", Static).update(content)
        self.query_one("#recall-whole").scroll_home(animate=False)

    # -- choosing -------------------------------------------------------------------------------------------------

    def action_check(self) -> None:
        """The line under the cursor, or not."""
        line = self._rows.line
        if line is not None and not self._rows.toggle(lambda one: one is line):
            self.notify("That cannot be recalled.", timeout=2, markup=False)

    def action_check_all(self, but: str = "") -> None:
        """Everything, or everything but one group."""
        if but:
            self._rows.check_only(lambda line: line.group != but)
        else:
            self._rows.toggle(lambda line: True)

    def action_check_group(self, group: str) -> None:
        """What belongs together."""
        if not self._rows.toggle(lambda line: line.group == group):
            self.notify("The picture does not say.", timeout=2, markup=False)

    @on(Rows.Opened)
    def action_take(self) -> None:
        """Answer what is checked."""
        if wanted := self._rows.wanted:
            self.dismiss(chosen(wanted, self._found.request))
        else:
            self.notify("That cannot be recalled.", timeout=2, markup=False)

    # -- what is missing ------------------------------------------------------------------------------------------

    def action_install(self) -> None:
        """Look for the missing model under the cursor, else for the first."""
        here = [self._rows.line, *self._rows.lines]
        wanted = next(
            (one.difference.model for one in here if one and one.difference and one.difference.model), None
        )
        if wanted is None:
            self.notify("No model is missing.", timeout=2, markup=False)
            return
        self._say(Content.styled(f"looking for {wanted}…", "$text-muted"))
        beside(self, "missing", self._install, wanted)

    async def _install(self, wanted: WantedModel) -> None:
        try:
            said, here = await look_for(self, wanted)
            if here is not None:
                self._substitutes[wanted.name or wanted.key or wanted.hash] = here.key
                await self._read_again()
        except StudioError as error:
            self._say(told(error))
            return
        self._moved()
        self.notify(safe_text(said, limit=600), timeout=6, markup=False)

    def _event(self, event: Event) -> None:
        if isinstance(event, ModelsChanged):
            beside(self, "models", self._changed)

    async def _changed(self) -> None:
        try:
            await self._read_again()
        except StudioError:
            return  # that the studio is away is told elsewhere

    async def _read_again(self) -> None:
        client = await self.studio.link.client()
        self._models = await client.models()
        self._found = await client.recall(self._metadata, self._substitutes)
        self._rows.show(self._lines())
        self._fit()
