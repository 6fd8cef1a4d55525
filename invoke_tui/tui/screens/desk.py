"""The working half of Generate: the settings, what is asked of the studio, and what it answers."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

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
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.running.queue import ItemStatus, QueueItem
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import alongside, beside
from invoke_tui.tui.pictures.frames import Picture
from invoke_tui.tui.prompts.aids import PromptAids
from invoke_tui.tui.prompts.options import PromptOptions, restored
from invoke_tui.tui.prompts.preview_line import PreviewLine
from invoke_tui.tui.prompts.template_line import TemplateLine
from invoke_tui.tui.prompts.tools import TOOLS
from invoke_tui.tui.screens.results import Results
from invoke_tui.tui.widgets.forecast_line import ForecastLine
from invoke_tui.tui.widgets.launchpad import Launchpad
from invoke_tui.tui.widgets.picture_pane import PicturePane
from invoke_tui.tui.widgets.results_strip import ResultsStrip
from invoke_tui.tui.widgets.settings_form import SettingsForm

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.request.forecast import Forecast
    from invoke_tui.domain.request.upscaling import UpscaleRequest
    from invoke_tui.domain.request.wildcards import PromptPreview
    from invoke_tui.tui.screens.generate import GenerateScreen
    from invoke_tui.tui.session import Session


class Desk:
    """Works for one Generate screen; what takes time runs in the screen's workers."""

    def __init__(self, screen: GenerateScreen) -> None:
        self.screen = screen
        self._options = PromptOptions()
        self._studio = screen.studio
        self.form = SettingsForm()
        self.forecast = ForecastLine(self._forecast)
        self.aids = PromptAids(self)
        self.dynamic = PreviewLine(
            self._preview_prompts, self.aids.heard, self._studio.key_of("generate.dynamic")
        )
        self.template = TemplateLine(lambda: self.use_tool("templates"), lambda: self.choose_template(None))
        self.following = True
        """The pane shows what is being made, and not an older picture that was chosen."""
        self.results = Results(self, screen)
        self._shown_item: int | None = None

    async def open(self) -> None:
        """Put the form with the last session's settings in its place, and listen to the studio."""
        with self._studio.batch_update():  # a form of many parts is laid out once
            await self.screen.query_one("#form").mount(self.form, self.forecast)
            await self.screen.query_one("#prompt-notes").mount(self.dynamic, self.template)
        self.form.restore(self._studio.session.settings)
        self.options = restored(self._studio.session.prompt_options)
        self._studio.studio_events.subscribe(self.screen, self._event)
        if self._studio.state.link == "connected":
            self._catch_up()

    @property
    def options(self) -> PromptOptions:
        """How the prompts are read."""
        return self._options

    @options.setter
    def options(self, options: PromptOptions) -> None:
        self._options = options
        self.template.show(options.template)
        self._studio.session_changed()
        self.prompts_changed()

    def remember(self, session: Session) -> None:
        """Note the settings; while the app closes, what was noted last stands."""
        if self.form.is_attached and self.form.query("#random-seed"):
            session.settings = self.form.values()
            session.prompt_options = self.options.model_dump()

    @property
    def _pane(self) -> PicturePane:
        return self.screen.query_one(PicturePane)

    # -- the studio -----------------------------------------------------------------------------------------------

    def _event(self, event: Event) -> None:
        match event:
            case Snapshot():
                self._catch_up()
            case ModelsChanged():
                beside(self.screen, "models", self._load_models)
            case Preview() if self.following:
                self._preview(event)
            case Progress() if self.following:
                self._progress(event)
            case ItemChanged():
                self._item(event.item, event.note)
                if event.item.status is ItemStatus.COMPLETED:
                    self.forecast.ask()  # it has learned something
            case ImageAdded():
                if event.image.image_category == "general" and not event.image.is_intermediate:
                    self.screen.query_one(ResultsStrip).add(event.image)
                    self.newest(event.image)
                    self._studio.partners.made(event.image.image_name)
                    if self.following:
                        self.results.show(event.image)
            case _:
                pass

    def _catch_up(self) -> None:
        beside(self.screen, "models", self._load_models)
        self.results.load()
        state = self._studio.state
        for item in state.running.values():
            self._item(item, "")
        for preview in state.previews.values():
            self._preview(preview)

    async def _load_models(self) -> None:
        try:
            client = await self.client()
            models = await client.models()
        except StudioError as error:
            self._studio.show_error(error, title="Models")
            return
        self.form.show_models(models)
        self.aids.show_models(models)
        self.settings_changed()
        self.forecast.ask()

    def newest(self, image: ImageRecord) -> None:
        """The last result is this one now."""
        for group in self.form.groups:
            group.newest(image)

    def settings_changed(self) -> None:
        """Say what the next picture will take, and what the seed draws."""
        self.prompts_changed()
        self.aids.model_chosen()
        if self.form.query("#random-seed"):
            self.forecast.settings_changed(self.form.values())

    async def _forecast(self, request: GenerationRequest) -> Forecast:
        client = await self.client()
        return await client.forecast(request)

    def model_chosen(self) -> None:
        """Say on the launchpad what is ready to draw."""
        model = self.form.model
        side = traits_of(model).side
        wide = (model.default_settings.width if model else None) or side
        high = (model.default_settings.height if model else None) or side
        self.screen.query_one(Launchpad).show_model(model, f"{wide} × {high}")
        self.aids.model_chosen()

    async def client(self) -> StudioClient:
        """The studio, once it can be reached."""
        return await self._studio.link.client()

    # -- the prompts ----------------------------------------------------------------------------------------------

    def use_tool(self, name: str) -> None:
        """Open one of the tools that work on the prompts."""
        beside(self.screen, "tool", TOOLS[name], self)

    def choose_template(self, name: str | None) -> None:
        """Put this template, or none, around every prompt from now on."""
        self.options = self.options.model_copy(update={"template": name})

    def request(self) -> GenerationRequest | None:
        """What prompts, options and form ask for; None when a field is wrong, which the form then shows."""
        prompts = self.screen.prompts
        request = self.form.request(prompts.positive.text, prompts.negative.text)
        return request and request.model_copy(update=self.options.asked())

    def now(self) -> GenerationRequest:
        """The same as far as it can be asked for; no field is complained of."""
        prompts = self.screen.prompts
        request = self.form.now(prompts.positive.text, prompts.negative.text)
        return request.model_copy(update=self.options.asked())

    def prompts_changed(self) -> None:
        """Say what the prompt stands for, and how many tokens it is."""
        self.aids.prompts_changed()
        if self.dynamic.is_attached:
            self.dynamic.prompts_changed(self.prompt_request())

    def prompt_request(self) -> GenerationRequest:
        """The prompts and how they are read, whatever the fields of the form say."""
        prompts = self.screen.prompts
        seed = self.form.seed if self.form.query("#random-seed") else None
        return GenerationRequest(
            positive_prompt=prompts.positive.text,
            negative_prompt=prompts.negative.text,
            seed=seed,
            **self.options.asked(),
        )

    async def _preview_prompts(self, request: GenerationRequest) -> PromptPreview:
        client = await self.client()
        return await client.preview_prompts(request)

    # -- making a picture -----------------------------------------------------------------------------------------

    def generate(self) -> None:
        """Enqueue what the form says, once the pictures it names are in the gallery."""
        if any(group.busy for group in self.form.groups):
            self._pane.say("reading the pictures it names…")
            beside(self.screen, "settle", self._generate_later)
        else:
            self._generate()

    async def _generate_later(self) -> None:
        for group in self.form.groups:
            await group.settled()
        self._generate()

    def _generate(self) -> None:
        request = self.request()
        if request is None:
            self.screen.show_pane(picture=False)
        else:
            self.enqueue(request)

    def enqueue(self, *requests: GenerationRequest) -> None:
        """Enqueue requests as one batch, and follow it."""
        pane = self._pane
        pane.leave_error()
        pane.say(
            "sending to the studio…" if self._studio.link.connected else "waiting for the studio to start…"
        )
        self.following = True
        self.screen.show_pane(picture=True)
        alongside(self.screen, "enqueue", self._enqueue, *requests)

    def upscale(self, request: UpscaleRequest) -> None:
        """Enqueue a picture to be made larger, and follow it."""
        self.following = True
        alongside(self.screen, "enqueue", self._upscale, request)

    async def _upscale(self, request: UpscaleRequest) -> None:
        pane = self._pane
        try:
            client = await self.client()
            await client.upscale(request)
        except StudioError as error:
            pane.show_error(error.message, error.hint)
            return
        pane.say("1 picture queued")

    async def _enqueue(self, *requests: GenerationRequest) -> None:
        pane = self._pane
        try:
            client = await self.client()
            result = await client.enqueue(*requests)
        except StudioError as error:
            pane.show_error(error.message, error.hint)
            for group in self.form.groups:
                group.refused(error)
            return
        self.aids.words_changed()
        if result.warnings:
            said = safe_text(result.warnings[0], limit=300)
            more = f" (and {len(result.warnings) - 1} more)" if len(result.warnings) > 1 else ""
            self.screen.notify(f"{said}{more}", title="Prompt", severity="warning", markup=False)
        many = f"{len(result.item_ids)} pictures" if len(result.item_ids) > 1 else "1 picture"
        state = self._studio.state
        if state.worker is None or state.worker.state in ("starting", "warming"):
            pane.say(f"{many} queued · the engine is warming up; that takes a while")
        elif not state.running:
            pane.say(f"{many} queued")
        else:
            self.screen.notify(f"{many} queued", timeout=2, markup=False)

    def cancel(self) -> None:
        """Stop what runs."""
        running = list(self._studio.state.running)
        if not running:
            self.screen.notify("Nothing is running.", timeout=2, markup=False)
            return
        self._pane.say("canceling…")
        alongside(self.screen, "cancel", self._cancel, running)

    async def _cancel(self, item_ids: list[int]) -> None:
        try:
            client = await self.client()
            await client.cancel(item_ids)
        except StudioError as error:
            self._studio.show_error(error)

    def _item(self, item: QueueItem, note: str) -> None:
        pane = self._pane
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
        self._pane.show_progress(progress)

    def _preview(self, preview: Preview) -> None:
        try:
            data = base64.b64decode(preview.data, validate=True)
        except (binascii.Error, ValueError):
            return
        text = f"step {preview.step} of {preview.total}"
        self._pane.show(Picture(data, preview.width, preview.height, final=False, text=text))
