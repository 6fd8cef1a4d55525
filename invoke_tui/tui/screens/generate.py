"""Generate: say what to see, watch it form."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Label, Static, TextArea

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.events import (
    Event,
    ImageAdded,
    ItemChanged,
    ModelsChanged,
    Preview,
    Progress,
    Snapshot,
)
from invoke_tui.domain.parameters import GenerationRequest
from invoke_tui.domain.queue import ItemStatus, QueueItem
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.pictures.frames import Picture
from invoke_tui.tui.screens.base import StudioScreen
from invoke_tui.tui.screens.results import Results
from invoke_tui.tui.widgets.fields import SmallButton
from invoke_tui.tui.widgets.image_view import ImageView
from invoke_tui.tui.widgets.launchpad import Launchpad
from invoke_tui.tui.widgets.pane_tabs import PaneTabs
from invoke_tui.tui.widgets.picture_pane import PicturePane
from invoke_tui.tui.widgets.prompt_editor import PromptEditor
from invoke_tui.tui.widgets.results_strip import ResultsStrip
from invoke_tui.tui.widgets.settings_form import SettingsForm

if TYPE_CHECKING:
    from invoke_tui.tui.messages import LinkChanged
    from invoke_tui.tui.session import Session


class GenerateScreen(StudioScreen):
    """Form at the left, picture at the right; on a narrow terminal one of the two."""

    place: ClassVar[actions.Place] = "generate"
    places: ClassVar[tuple[actions.Place, ...]] = ("generate", "strip")
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("generate")
    AUTO_FOCUS = "#prompt"
    help_title = "Generate"
    help_text = (
        "Write the prompt, set what you like, press ^g. While a picture forms you can go on writing; another press "
        "queues another picture. Finished pictures gather in the strip below."
    )

    def __init__(self) -> None:
        super().__init__()
        self._results = Results(self)
        self.following = True
        """The pane shows what is being made, and not an older picture that was chosen."""
        self._shown_item: int | None = None
        self._ready = False
        self._pressed_early = False

    def body(self) -> ComposeResult:
        """Form and picture."""
        yield PaneTabs()
        with Horizontal(id="studio"):
            with VerticalScroll(id="form", can_focus=False):
                yield Label("Prompt", classes="heading")
                yield PromptEditor(placeholder="a red fox in deep snow, soft light", id="prompt")
                yield Static(id="prompt-problem", classes="problem")
                yield Label("Negative prompt", classes="heading")
                yield PromptEditor(
                    placeholder="what it must not show",
                    id="negative",
                    help_text="What the picture must not show. The same weights work here.",
                )
            yield PicturePane()

    def on_mount(self) -> None:
        """Put the last session back and listen."""
        super().on_mount()
        session = self.studio.session
        self.query_one("#prompt", PromptEditor).load_text(session.prompt)
        self.query_one("#negative", PromptEditor).load_text(session.negative)
        self.call_after_refresh(self._add_settings)

    async def _add_settings(self) -> None:
        """The settings come right after the first paint, which need not wait for forty widgets."""
        settings = SettingsForm()
        await self.query_one("#form").mount(settings)
        settings.restore(self.studio.session.settings)
        self.studio.remember.append(self.remember)
        self.studio.studio_events.subscribe(self, self._event)
        if self.studio.state.link == "connected":
            self._catch_up()
        self._ready = True
        if self._pressed_early:
            self.action_generate()

    # -- the session ----------------------------------------------------------------------------------------------

    def remember(self, session: Session) -> None:
        """Note prompt and settings; while the app closes, what was noted last stands."""
        if len(self.query(PromptEditor)) < 2 or not self.query(SettingsForm):
            return
        session.prompt = self.query_one("#prompt", PromptEditor).text
        session.negative = self.query_one("#negative", PromptEditor).text
        session.settings = self.query_one(SettingsForm).values()

    @on(TextArea.Changed)
    @on(SettingsForm.Changed)
    def _changed(self) -> None:
        self.studio.session_changed()

    @on(PromptEditor.ProblemChanged)
    def _problem(self, event: PromptEditor.ProblemChanged) -> None:
        below = self.query_one("#prompt-problem", Static)
        below.update(Content(event.text))
        below.set_class(bool(event.text), "-shown")

    # -- the daemon -----------------------------------------------------------------------------------------------

    def link_changed(self, change: LinkChanged) -> None:
        """Fetch what is new after a break."""
        self.query_one(Launchpad).show_link(change.state)

    def _event(self, event: Event) -> None:
        match event:
            case Snapshot():
                self._catch_up()
            case ModelsChanged():
                self.run_worker(self._load_models(), group="models", exclusive=True)
            case Preview() if self.following:
                self._preview(event)
            case Progress() if self.following:
                self._progress(event)
            case ItemChanged():
                self._item(event.item, event.note)
            case ImageAdded():
                if event.image.image_category == "general" and not event.image.is_intermediate:
                    self.query_one(ResultsStrip).add(event.image)
                    if self.following:
                        self._results.show(event.image)
            case _:
                pass

    def _catch_up(self) -> None:
        self.run_worker(self._load_models(), group="models", exclusive=True)
        self._results.load()
        state = self.studio.state
        for item in state.running.values():
            self._item(item, "")
        for preview in state.previews.values():
            self._preview(preview)

    async def _load_models(self) -> None:
        try:
            client = await self.studio.link.client()
            models = await client.models()
        except StudioError as error:
            self.studio.show_error(error, title="Models")
            return
        self.query_one(SettingsForm).show_models(models)

    @on(SettingsForm.ModelChosen)
    def _model_chosen(self) -> None:
        form = self.query_one(SettingsForm)
        model = form.model
        wide = (model.default_settings.width if model else None) or 512
        high = (model.default_settings.height if model else None) or 512
        self.query_one(Launchpad).show_model(model, f"{wide} × {high}")

    # -- making a picture -----------------------------------------------------------------------------------------

    def action_generate(self) -> None:
        """Enqueue what the form says."""
        if not self._ready:
            self._pressed_early = True
            return
        pane = self.query_one(PicturePane)
        request = self.query_one(SettingsForm).request(
            self.query_one("#prompt", PromptEditor).text, self.query_one("#negative", PromptEditor).text
        )
        if request is None:
            self._show_pane(picture=False)
            return
        pane.leave_error()
        pane.say(
            "sending to the studio…" if self.studio.link.connected else "waiting for the studio to start…"
        )
        self.following = True
        self._show_pane(picture=True)
        self.run_worker(self._enqueue(request), group="enqueue")

    async def _enqueue(self, request: GenerationRequest) -> None:
        pane = self.query_one(PicturePane)
        try:
            client = await self.studio.link.client()
            result = await client.enqueue(request)
        except StudioError as error:
            pane.show_error(error.message, error.hint)
            return
        many = f"{len(result.item_ids)} pictures" if len(result.item_ids) > 1 else "1 picture"
        if not self.studio.state.running:
            pane.say(f"{many} queued")
        else:
            self.notify(f"{many} queued", timeout=2, markup=False)

    def action_cancel(self) -> None:
        """Stop what runs."""
        running = list(self.studio.state.running)
        if not running:
            self.notify("Nothing is running.", timeout=2, markup=False)
            return
        self.query_one(PicturePane).say("canceling…")
        self.run_worker(self._cancel(running), group="cancel")

    async def _cancel(self, item_ids: list[int]) -> None:
        try:
            client = await self.studio.link.client()
            await client.cancel(item_ids)
        except StudioError as error:
            self.studio.show_error(error)

    def _item(self, item: QueueItem, note: str) -> None:
        pane = self.query_one(PicturePane)
        if item.status is ItemStatus.IN_PROGRESS and self.following:
            self._shown_item = item.item_id
            pane.leave_error()
            pane.show_item(item)
            pane.say(safe_text(note) or "starting…")
        elif item.status is ItemStatus.FAILED and self.following:
            pane.show_item(item)
            pane.show_error(item.error or "The picture could not be made.", item.hint or "")
        elif item.status is ItemStatus.CANCELED and item.item_id == self._shown_item:
            pane.say("canceled")
        elif note:
            pane.say(safe_text(note))

    def _progress(self, progress: Progress) -> None:
        self.query_one(PicturePane).show_progress(progress)

    def _preview(self, preview: Preview) -> None:
        try:
            data = base64.b64decode(preview.data, validate=True)
        except (binascii.Error, ValueError):
            return
        text = f"step {preview.step} of {preview.total}"
        self.query_one(PicturePane).show(Picture(data, preview.width, preview.height, final=False, text=text))

    @on(ImageView.Broken)
    def _broken(self, event: ImageView.Broken) -> None:
        self.query_one(PicturePane).show_error(event.error.message, event.error.hint)

    # -- the strip ------------------------------------------------------------------------------------------------

    @on(ResultsStrip.Wanted)
    def _thumbnails(self, event: ResultsStrip.Wanted) -> None:
        self._results.load_thumbnails(event.names)

    @on(ResultsStrip.Chosen)
    def _chosen(self, event: ResultsStrip.Chosen) -> None:
        self._results.use(event.image, event.what)

    # -- other actions --------------------------------------------------------------------------------------------

    def action_swap(self) -> None:
        """Portrait to landscape."""
        self.query_one(SettingsForm).swap()

    def action_reset(self) -> None:
        """Back to the model's own settings."""
        self.query_one(SettingsForm).reset()

    def action_copy_prompt(self) -> None:
        """The prompt to the clipboard, by the terminal."""
        self.app.copy_to_clipboard(self.query_one("#prompt", PromptEditor).text)
        self.notify("Prompt copied.", timeout=2, markup=False)

    def action_editor(self) -> None:
        """The prompt (or the negative prompt, when it has the focus) in the person's editor."""
        from invoke_tui.tui.external import edit

        focused = self.focused
        field = focused if isinstance(focused, PromptEditor) else self.query_one("#prompt", PromptEditor)
        try:
            with self.app.suspend():
                text = edit(field.text, self.studio.studio.settings.editor)
        except SuspendNotSupported:
            self.notify("The editor cannot be opened from here.", severity="warning", markup=False)
        except StudioError as error:
            self.studio.show_error(error, title="Editor")
        else:
            field.load_text(text)
        self.refresh(layout=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The narrow layout's key is shown only there, the editor's only where there is room."""
        if action == "pane":
            return self.has_class("-narrow")
        if action in ("swap", "reset"):
            return self._ready
        return True

    def action_pane(self) -> None:
        """Form or picture."""
        self._show_pane(picture=not self.has_class("-picture"))

    @on(PaneTabs.Chosen)
    def _pane_chosen(self, event: PaneTabs.Chosen) -> None:
        self._show_pane(picture=event.picture)

    def _show_pane(self, *, picture: bool) -> None:
        self.set_class(picture, "-picture")
        self.query_one(PaneTabs).picture = picture
        if self.has_class("-narrow"):
            self.call_after_refresh(self._focus_pane, picture)

    def _focus_pane(self, picture: bool) -> None:
        focused = self.focused
        if picture:
            self.query_one(ResultsStrip).focus()
        elif focused is None or isinstance(focused, ResultsStrip):
            self.query_one("#prompt", PromptEditor).focus()

    @on(SmallButton.Pressed, "#go")
    def _go(self) -> None:
        self.action_generate()

    def on_screen_resume(self) -> None:
        """Bindings depend on the width."""
        self.refresh_bindings()

    def on_resize(self) -> None:
        """Bindings depend on the width."""
        self.call_after_refresh(self.refresh_bindings)
