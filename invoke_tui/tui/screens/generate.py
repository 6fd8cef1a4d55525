"""Generate: say what to see, watch it form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import ActiveBinding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import TextArea

from invoke_tui.domain.errors import StudioError
from invoke_tui.tui import actions
from invoke_tui.tui.prompts.editor import PromptEditor
from invoke_tui.tui.prompts.panel import PromptPanel
from invoke_tui.tui.prompts.quiet import Quiet
from invoke_tui.tui.screens.base import StudioScreen
from invoke_tui.tui.widgets.image_view import ImageView
from invoke_tui.tui.widgets.launchpad import Launchpad
from invoke_tui.tui.widgets.pane_tabs import PaneTabs
from invoke_tui.tui.widgets.picture_pane import PicturePane
from invoke_tui.tui.widgets.results_strip import ResultsStrip

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImageRecord
    from invoke_tui.domain.gallery.recalling import Choice
    from invoke_tui.domain.models.records import ModelRecord
    from invoke_tui.domain.request.parameters import GenerationRequest
    from invoke_tui.tui.messages import LinkChanged
    from invoke_tui.tui.screens.desk import Desk
    from invoke_tui.tui.session import Session

PROMPTS_QUIET: Final = 0.15
"""Seconds without a key before what the prompts ask for is looked at, ..."""
A_SECOND_MORE: Final = 50_000
"""... and the characters for which that is a second more."""
FOOTER: Final = (
    "generate.run", "generate.pane", "prompt.raise", "generate.history", "generate.templates",
    "strip.recall", "strip.seed", "strip.start_from", "strip.control", "strip.upscale",
    "generate.cancel", "app.palette", "app.help",
)  # fmt: skip
"""The keys below, in this order wherever the focus is."""
NO_ROOM: Final[dict[str, tuple[str, ...]]] = {
    "form": ("generate.templates", "generate.cancel"),
    "picture": ("generate.templates", "generate.history"),
}
"""What a narrow terminal has no room for."""
FOR_PICTURES: Final[dict[str, tuple[str, ...]]] = {
    "wide": ("generate.history", "generate.templates", "generate.cancel"),
    "narrow": ("strip.seed", "strip.start_from", "strip.control", "strip.upscale"),
}
"""What makes room for the keys of the pictures while one of them is chosen."""


class GenerateScreen(StudioScreen):
    """Form at the left, picture at the right; on a narrow terminal one of the two.

    This is the part of it that is in the first frame. What it does with the studio is the ``Desk``'s.
    """

    place: ClassVar[actions.Place] = "generate"
    places: ClassVar[tuple[actions.Place, ...]] = ("generate", "prompt", "entry", "control", "strip")
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("generate")
    AUTO_FOCUS = "#prompt"
    help_title = "Generate"
    help_text = (
        "Write the prompt, set what you like, press ^g. While a picture forms you can go on writing; another press "
        "queues another picture. Finished pictures gather in the strip below."
    )

    def __init__(self) -> None:
        super().__init__()
        self._desk: Desk | None = None
        self._pressed_early = False
        self._waiting: list[Callable[[Desk], None]] = []
        self._prompts = Quiet(self, PROMPTS_QUIET, self._prompts_changed)

    def body(self) -> ComposeResult:
        """Form and picture."""
        yield PaneTabs()
        with Horizontal(id="studio"):
            with VerticalScroll(id="form", can_focus=False):
                yield PromptPanel()
            yield PicturePane()

    @property
    def prompts(self) -> PromptPanel:
        """Both prompts."""
        return self.query_one(PromptPanel)

    async def on_mount(self) -> None:
        """Put the prompt of the last session back."""
        session = self.studio.session
        for editor, text in (
            (self.prompts.positive, session.prompt),
            (self.prompts.negative, session.negative),
        ):
            editor.load_text(text)
            editor.move_cursor(editor.document.end)
        self.set_class(session.beside, "-beside")
        self.studio.remember.append(self.remember)

    async def furnish(self) -> None:
        """The settings, the latest pictures, and whatever was asked for before they were there."""
        from invoke_tui.tui.screens.desk import Desk

        desk = Desk(self)
        await desk.open()
        self._desk = desk
        self.refresh_bindings()
        for do in self._waiting:
            do(desk)
        if self._pressed_early:
            desk.generate()

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """What the keys do here; the footer shows them in its order, and no more than it has room for."""
        pane = "picture" if self.has_class("-picture") else "form"
        narrow = self.has_class("-narrow")
        left_out = NO_ROOM[pane] if narrow else ()
        if self.focused is not None and self.focused.id == "strip":
            left_out += FOR_PICTURES["narrow" if narrow else "wide"]

        def place(entry: tuple[str, ActiveBinding]) -> int:
            name = entry[1].binding.id
            return FOOTER.index(name) if name in FOOTER else len(FOOTER)

        return {
            key: active._replace(binding=replace(active.binding, show=False))
            if active.binding.id in left_out
            else active
            for key, active in sorted(super().active_bindings.items(), key=place)
        }

    # -- the session ----------------------------------------------------------------------------------------------

    def remember(self, session: Session) -> None:
        """Note prompt and settings; while the app closes, what was noted last stands."""
        if len(self.query(PromptEditor)) < 2:
            return
        session.prompt = self.prompts.positive.text
        session.negative = self.prompts.negative.text
        session.beside = self.has_class("-beside")
        if self._desk is not None:
            self._desk.remember(session)

    @on(TextArea.Changed)
    def _changed(self) -> None:
        self.studio.session_changed()
        self._prompts.pause = PROMPTS_QUIET + len(self.prompts.positive.text) / A_SECOND_MORE
        self._prompts.stir()

    @on(PromptEditor.TemplateChosen)
    def _template_chosen(self, event: PromptEditor.TemplateChosen) -> None:
        if self._desk is not None:
            self._desk.choose_template(event.name)

    def _prompts_changed(self) -> None:
        if self._desk is not None:
            self._desk.prompts_changed()

    def on_settings_form_changed(self) -> None:
        """A setting changed."""
        self.studio.session_changed()
        if self._desk is not None:
            self._desk.settings_changed()

    def on_settings_form_model_chosen(self) -> None:
        """Another model is to draw."""
        if self._desk is not None:
            self._desk.model_chosen()

    def link_changed(self, change: LinkChanged) -> None:
        """Say it where there is no picture."""
        self.query_one(Launchpad).show_link(change.state)

    @on(ImageView.Broken)
    def _broken(self, event: ImageView.Broken) -> None:
        self.query_one(PicturePane).show_error(event.error.message, event.error.hint)

    @on(ResultsStrip.Wanted)
    def _thumbnails(self, event: ResultsStrip.Wanted) -> None:
        if self._desk is not None:
            self._desk.results.load_thumbnails(event.names)

    @on(ResultsStrip.Chosen)
    def _chosen(self, event: ResultsStrip.Chosen) -> None:
        if self._desk is not None:
            self._desk.results.use(event.image, event.what)

    def choose_part(self, field: str, key: str) -> None:
        """Another screen chose a model for a field of the form; a form still to come finds it in the session."""
        if self._desk is not None:
            self._desk.form.restore({field: key})
            self.studio.session_changed()

    def add_lora(self, record: ModelRecord) -> bool:
        """Another screen chose a LoRA; false while there is no form to take it."""
        if self._desk is None:
            return False
        self._desk.form.add_lora(record)
        return True

    def use_picture(self, image: ImageRecord, what: str) -> None:
        """Another screen chose a picture: to recall something of, to start from, to be steered by."""
        self._with_desk(lambda desk: desk.results.use(image, what))

    def put(self, choice: Choice) -> None:
        """Settings of a picture were chosen for the form."""
        self._with_desk(lambda desk: desk.results.put(choice))

    def now(self) -> GenerationRequest | None:
        """What prompts and form say; none while there is no form."""
        return self._desk.now() if self._desk is not None else None

    def _with_desk(self, do: Callable[[Desk], None]) -> None:
        """Do it once there is a form."""
        if self._desk is None:
            self._waiting.append(do)
        else:
            do(self._desk)

    # -- actions --------------------------------------------------------------------------------------------------

    def action_generate(self) -> None:
        """Enqueue what the form says; a press that comes before the form is kept."""
        if self._desk is None:
            self._pressed_early = True
        else:
            self._desk.generate()

    def action_cancel(self) -> None:
        """Stop what runs."""
        if self._desk is not None:
            self._desk.cancel()

    def action_swap(self) -> None:
        """Portrait to landscape."""
        if self._desk is not None:
            self._desk.form.swap()

    def action_reset(self) -> None:
        """Back to the model's own settings."""
        if self._desk is not None:
            self._desk.form.reset()

    def action_copy_prompt(self) -> None:
        """The prompt to the clipboard, by the terminal."""
        self.app.copy_to_clipboard(self.prompts.positive.text)
        self.notify("Prompt copied.", timeout=2, markup=False)

    def action_tool(self, name: str) -> None:
        """One of the tools that work on the prompts."""
        if self._desk is not None:
            self._desk.use_tool(name)

    def action_editor(self) -> None:
        """The prompt (or the negative prompt, when it has the focus) in the person's editor."""
        from invoke_tui.tui.external import away, edit

        field = self.prompts.current
        try:
            with away(self.app):
                text = edit(field.text, self.studio.studio.settings.editor)
        except SuspendNotSupported:
            self.notify("The editor cannot be opened from here.", severity="warning", markup=False)
        except StudioError as error:
            self.studio.show_error(error, title="Editor")
        else:
            field.rewrite(text)
        self.refresh(layout=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The narrow layout's key is shown only there, and no key before it can do something."""
        if action == "pane":
            return self.has_class("-narrow")
        if action in ("swap", "reset", "cancel", "editor", "tool"):
            return self._desk is not None
        return True

    def action_beside(self) -> None:
        """The prompts side by side, or one below the other."""
        self.toggle_class("-beside")
        self.studio.session_changed()

    def action_pane(self) -> None:
        """Form or picture."""
        self.show_pane(picture=not self.has_class("-picture"))

    @on(PaneTabs.Chosen)
    def _pane_chosen(self, event: PaneTabs.Chosen) -> None:
        self.show_pane(picture=event.picture)

    def show_pane(self, *, picture: bool) -> None:
        """On a narrow terminal, form or picture."""
        self.set_class(picture, "-picture")
        self.query_one(PaneTabs).picture = picture
        if self.has_class("-narrow"):
            self.call_after_refresh(self._focus_pane, picture)

    def _focus_pane(self, picture: bool) -> None:
        focused = self.focused
        if picture:
            self.query_one(ResultsStrip).focus()
        elif focused is None or isinstance(focused, ResultsStrip):
            self.prompts.positive.focus()

    def on_screen_resume(self) -> None:
        """Bindings depend on the width."""
        self.refresh_bindings()

    def on_resize(self) -> None:
        """Bindings depend on the width."""
        self.call_after_refresh(self.refresh_bindings)
