"""How an enlarged picture is to be drawn again: the part of the upscale window that opens with its switch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Select, Static

from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.request.creative import (
    TILE_STARTERS,
    CreativeRequest,
    denoising_start,
    tile_controlnet,
    tile_count,
)
from invoke_tui.domain.request.parameters import PROMPT_LIMIT
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.form_spec import FieldSpec, spec
from invoke_tui.tui.widgets.choice import Choice
from invoke_tui.tui.widgets.fields import Field, NumberField, Toggle

NUMBERS: Final = {
    "creativity": ("Creativity", "0"),
    "structure": ("Structure", "0"),
    "steps": ("Steps", "as the model"),
    "cfg_scale": ("CFG", "2"),
    "tile_size": ("Drawn tile", "1024"),
    "tile_overlap": ("Overlap", "128"),
    "seed": ("Seed", "random"),
}
"""Label, and what applies while the field is empty."""
TEXTS: Final = {"positive_prompt": "Prompt", "negative_prompt": "Negative"}
AUTOMATIC: Final = "automatic"
NONE: Final = "none"
NO_MODEL: Final = "No model here can: it takes a main model of Stable Diffusion 1, 2 or XL."
NO_TILE: Final = "No tile ControlNet for {base} is installed; without one, keep the creativity low.{install}"


class CreativeForm(Vertical):
    """A switch, and what is drawn when it is on."""

    class Changed(Message):
        """Something else is asked for."""

    def __init__(self, metadata: Mapping[str, Any], *, id: str) -> None:
        super().__init__(id=id)
        self._metadata = metadata
        self._models: list[ModelRecord] = []

    def compose(self) -> ComposeResult:
        """The switch, then models, prompts and numbers."""
        yield Toggle(
            "draw it again, with new details",
            help_text="A main model draws the enlarged picture again, tile by tile; a tile ControlNet holds the shapes",
            id="creative-on",
        )
        with Vertical(id="creative-fields"):
            yield Field("Model", self._choice("main", "The main model that draws. Enter opens the list."))
            for name, label in TEXTS.items():
                own = self._metadata.get(name)
                text = Input(
                    value=safe_text(own, limit=PROMPT_LIMIT) if isinstance(own, str) else "",
                    compact=True,
                    max_length=PROMPT_LIMIT,
                    id=f"creative-{name}",
                )
                text.help_text = f"{CreativeRequest.model_fields[name].description}."  # type: ignore[attr-defined]
                yield Field(label, text)
            yield Field("ControlNet", self._choice("control", "What holds the shapes. Enter opens the list."))
            names = list(NUMBERS)
            for pair in (names[at : at + 2] for at in range(0, len(names), 2)):
                with Horizontal(classes="form-pair"):
                    for name in pair:
                        yield Field(NUMBERS[name][0], NumberField(_spec(name)), id=f"row-creative_{name}")
            yield Field("Scheduler", Choice(_spec("scheduler")))
            yield Static(id="creative-note")

    def on_mount(self) -> None:
        """Closed at first."""
        self.query_one("#creative-fields").display = False

    @property
    def wanted(self) -> bool:
        """Whether a picture is to be drawn again."""
        return self.query_one("#creative-on", Toggle).value

    @property
    def main(self) -> ModelRecord | None:
        """The model that draws."""
        key = self._chosen("main")
        return next((one for one in self._models if one.key == key), None)

    def offer(self, models: Iterable[ModelRecord]) -> None:
        """Let people choose among ``models``, those that can be used here."""
        self._models = [one for one in models if not one.missing]
        mains = [
            one for one in self._models if one.type is ModelType.MAIN and traits_of(one).creative_upscaling
        ]
        choice = self.query_one("#creative-main", Select)
        choice.set_options((Text(safe_text(one.name, limit=100)), one.key) for one in mains)
        if mains:
            choice.value = mains[0].key
        self._offer_controls()

    def note(self, size: tuple[int, int]) -> None:
        """Say how much there is to draw of a picture of ``size``, or what is missing."""
        main, below = self.main, self.query_one("#creative-note", Static)
        if main is None:
            below.update(Content.styled(NO_MODEL, "$text-error"))
            return
        if self.wrong():
            below.update(Content(""))
            return
        asked = self.request()
        tiles = tile_count(*size, asked.tile_size, asked.tile_overlap)
        share = 1 - denoising_start(asked.creativity)
        words = f"{tiles} tile{'s' if tiles > 1 else ''}, {share:.0%} of the steps"
        lines: list[Any] = [(words, "$text-muted")]
        if self._chosen("control") == AUTOMATIC and tile_controlnet(self._models, main.base) is None:
            starter = TILE_STARTERS.get(main.base)
            install = f"\ninvoke-tui models install {starter}" if starter else ""
            lines.append((f"\n{NO_TILE.format(base=main.base.value, install=install)}", "$text-warning"))
        below.update(Content.assemble(*lines))

    def wrong(self) -> str:
        """The first field that cannot be used, by its id; every one says what is wrong with it."""
        first = ""
        for name in NUMBERS:
            control = self.query_one(f"#field-creative_{name}", NumberField)
            message = control.spec.check(control.value)
            self.query_one(f"#row-creative_{name}", Field).complain(message)
            first = first or (f"field-creative_{name}" if message else "")
        if not first and self.main is None:
            return "creative-main"
        return first

    def request(self) -> CreativeRequest:
        """What is asked for, once nothing is wrong."""
        given: dict[str, Any] = {name: self.query_one(f"#creative-{name}", Input).value for name in TEXTS}
        for name in NUMBERS:
            control = self.query_one(f"#field-creative_{name}", NumberField)
            if raw := control.value.strip():
                given[name] = int(raw) if control.spec.kind == "integer" else float(raw)
        scheduler, holds = self.query_one("#field-creative_scheduler", Choice).chosen, self._chosen("control")
        if scheduler:
            given["scheduler"] = scheduler
        return CreativeRequest(
            model=self._chosen("main") or None,
            control=None if holds in (AUTOMATIC, NONE, "") else holds,
            uncontrolled=holds == NONE,
            **given,
        )

    def _choice(self, name: str, help_text: str) -> Select[str]:
        choice: Select[str] = Select([], compact=True, allow_blank=True, id=f"creative-{name}")
        choice.help_text = help_text  # type: ignore[attr-defined]
        return choice

    def _chosen(self, name: str) -> str:
        choice = self.query_one(f"#creative-{name}", Select)
        return "" if choice.is_blank() else str(choice.value)

    def _controls(self, main: ModelRecord) -> list[ModelRecord]:
        return [one for one in self._models if one.type is ModelType.CONTROLNET and one.base is main.base]

    @on(Select.Changed, "#creative-main")
    def _offer_controls(self) -> None:
        """ControlNets of the model's base."""
        main, choice = self.main, self.query_one("#creative-control", Select)
        fitting = [] if main is None else self._controls(main)
        choice.set_options(
            [
                (Text("the tile ControlNet"), AUTOMATIC),
                (Text("none"), NONE),
                *((Text(safe_text(one.name, limit=100)), one.key) for one in fitting),
            ]
        )
        choice.value = AUTOMATIC
        self.post_message(self.Changed())

    @on(Toggle.Changed, "#creative-on")
    def _opened(self, event: Toggle.Changed) -> None:
        event.stop()
        self.query_one("#creative-fields").display = event.value
        if event.value:
            self.query_one("#creative-positive_prompt").focus()
        self.post_message(self.Changed())

    @on(Select.Changed, "#creative-control")
    def _chose(self) -> None:
        self.post_message(self.Changed())


def _spec(name: str) -> FieldSpec:
    """The form's view of a field, under a name of its own: the window has another tile size."""
    label, fallback = NUMBERS.get(name, ("Scheduler", "as the model"))
    step = 64 if name == "tile_size" else 16 if name == "tile_overlap" else 1
    declared = spec(name, CreativeRequest)
    return replace(declared, name=f"creative_{name}", label=label, fallback=fallback, step=step)
