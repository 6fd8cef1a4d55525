"""How pictures are to be made larger."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Select, Static

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.request.creative import CREATIVE_SCALE
from invoke_tui.domain.request.upscaling import UpscaleRequest, check_size, target_size
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.form_spec import spec
from invoke_tui.tui.prompts.dialog import PromptDialog, told
from invoke_tui.tui.widgets.creative_form import CreativeForm
from invoke_tui.tui.widgets.fields import Field, NumberField, SmallButton

NONE_INSTALLED: Final = (
    "No upscaler is installed. From a shell:\n\n"
    "  invoke-tui models install starter-upscaler\n"
    "      small, comes with invoke-tui; for flat drawings\n"
    "  invoke-tui models install realesrgan-x4plus\n"
    "      from the network; for photographs\n\n"
    "or on the Models screen (alt+5, then i) by the same names."
)
NUMBERS: Final = ("scale", "tile_size")


class UpscaleScreen(PromptDialog[UpscaleRequest]):
    """Answers what is to be done with one picture, or with several in the same way."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+g,f5", "start", "Make it larger", show=False, priority=True, id="upscale.start"),
    ]
    help_title = "Upscale"
    help_text = (
        "An upscaler draws the picture again in more pixels, tile by tile. Without a scale it does so once; with one "
        "as often as it takes, and then it is brought to size. Smaller tiles need less memory and more time. "
        "Drawn again, the large picture gets new details from a main model, in tiles of their own; creativity says how "
        "much, structure how closely the shapes are kept."
    )

    def __init__(self, image: ImageRecord, *more: ImageRecord) -> None:
        super().__init__()
        self._images = (image, *more)
        self._image = max(self._images, key=lambda one: one.width * one.height)
        self._models: list[ModelRecord] = []

    def compose(self) -> ComposeResult:
        """Model, scale, tiles, and the size that comes of it."""
        with Vertical(classes="dialog -form", id="upscale"):
            several = len(self._images)
            title = f"Make {several} pictures larger" if several > 1 else "Make the picture larger"
            yield Static(Content(title), classes="dialog-title")
            yield Static(Content("looking for upscalers…"), id="upscale-none")
            with VerticalScroll(id="upscale-fields", can_focus=False):
                model: Select[str] = Select([], compact=True, allow_blank=True, id="upscale-model")
                model.help_text = "The upscaler. Enter opens the list."  # type: ignore[attr-defined]
                yield Field("Upscaler", model)
                for name in NUMBERS:
                    field = spec(name, UpscaleRequest)
                    yield Field(field.label, NumberField(field), id=f"row-{name}")
                yield Static(id="upscale-size")
                yield CreativeForm({} if several > 1 else self._image.metadata or {}, id="creative")
                with Horizontal(classes="dialog-buttons"):
                    yield SmallButton(
                        " Make it larger ", help_text="Puts it into the queue.", id="upscale-start"
                    )
            yield Static(Content("enter make it larger   esc back   F1 help"), classes="dialog-keys")

    def on_mount(self) -> None:
        """Look for upscalers."""
        self.query_one("#upscale-fields").display = False
        beside(self, "upscalers", self._load)

    async def _load(self) -> None:
        below = self.query_one("#upscale-none", Static)
        try:
            client = await self.studio.link.client()
            models = await client.models()
        except StudioError as error:
            below.update(told(error))
            return
        self._models = [one for one in models if one.type is ModelType.SPANDREL and not one.missing]
        if not self._models:
            below.update(Content(NONE_INSTALLED))
            self.query_one(".dialog-keys", Static).update(Content("esc back   F1 help"))
            return
        below.display = False
        self.query_one("#upscale-fields").display = True
        choice = self.query_one("#upscale-model", Select)
        choice.set_options((Text(safe_text(one.name, limit=100)), one.key) for one in self._models)
        choice.value = self._models[0].key
        self._creative.offer(models)
        self.query_one("#field-scale").focus()
        self._show_size()

    # -- what is asked for ------------------------------------------------------------------------------------

    @property
    def _creative(self) -> CreativeForm:
        return self.query_one(CreativeForm)

    @property
    def _scale(self) -> float | None:
        raw = self.query_one("#field-scale", NumberField).value.strip()
        usual = CREATIVE_SCALE if self._creative.wanted else None
        return float(raw) if raw else usual

    def _wrong(self) -> str:
        """The first field that cannot be used; every one says what is wrong with it."""
        first = ""
        for name in NUMBERS:
            control = self.query_one(f"#field-{name}", NumberField)
            message = control.spec.check(control.value)
            self.query_one(f"#row-{name}", Field).complain(message)
            first = first or (name if message else "")
        return first

    def _too_large(self) -> BadInputError | None:
        try:
            check_size(*self._target())
        except BadInputError as error:
            return error
        return None

    def _show_size(self) -> None:
        self.query_one("#field-scale", NumberField).placeholder = (
            f"{CREATIVE_SCALE:g}" if self._creative.wanted else "once"
        )
        size = f"{self._image.width} × {self._image.height}"
        words = Content.styled(f"{size} → as large as the upscaler makes it", "$text-muted")
        if self._wrong():
            words = Content("")
        elif (error := self._too_large()) is not None:
            words = told(error)
        elif self._scale is not None:
            width, height = self._target()
            words = Content.assemble((f"{size} → ", "$text-muted"), f"{width} × {height}")
            if self._creative.wanted:
                self._creative.note((width, height))
        self.query_one("#upscale-size", Static).update(words)

    def _target(self) -> tuple[int, int]:
        return target_size(
            self._image.width, self._image.height, self._scale or 1, multiple_of_8=self._creative.wanted
        )

    @on(Input.Changed)
    @on(CreativeForm.Changed)
    def _typed(self) -> None:
        self._show_size()

    @on(Input.Submitted)
    @on(SmallButton.Pressed, "#upscale-start")
    def action_start(self) -> None:
        """Answer, once everything can be used."""
        if not self._models:
            return
        if wrong := self._wrong():
            self.query_one(f"#field-{wrong}").focus()
            return
        if self._creative.wanted and (wrong := self._creative.wrong()):
            self.query_one(f"#{wrong}").focus()
            return
        if self._too_large() is not None:
            self.query_one("#field-scale").focus()
            return
        choice = self.query_one("#upscale-model", Select)
        tile_size = self.query_one("#field-tile_size", NumberField).value.strip()
        request = UpscaleRequest(
            images=[one.image_name for one in self._images],
            model=None if choice.is_blank() else str(choice.value),
            scale=self._scale,
            creative=self._creative.request() if self._creative.wanted else None,
        )
        self.dismiss(request.model_copy(update={"tile_size": int(tile_size)} if tile_size else {}))
