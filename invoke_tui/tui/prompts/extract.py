"""Prompts and settings out of a picture: a file of this machine, or the one chosen in the strip."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.prompt.convert.a1111 import from_a1111
from invoke_tui.prompt.extract.found import Found
from invoke_tui.prompt.extract.read import read_picture
from invoke_tui.tui import actions
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.dialog import Either, PromptDialog, told
from invoke_tui.tui.prompts.file_line import FileLine
from invoke_tui.tui.widgets.fields import SmallButton, Toggle
from invoke_tui.tui.widgets.results_strip import ResultsStrip

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImageRecord
    from invoke_tui.tui.screens.desk import Desk

SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp", ".txt")
PROMPTS: Final = ("positive_prompt", "negative_prompt")
NAMES: Final = {
    "cfg_scale": "CFG", "cfg_rescale_multiplier": "CFG rescale", "clip_skip": "CLIP skip", "vae": "VAE",
    "loras": "LoRAs", "generation_mode": "mode", "app_version": "version", "rand_device": "noise from",
}  # fmt: skip
MOST_FACTS: Final = 60


async def use(desk: Desk) -> None:
    """Show what a picture was made with, and put it back where it is wished."""
    image = desk.screen.query_one(ResultsStrip).image
    answer = await desk.screen.app.push_screen_wait(ExtractScreen(image))
    if answer is not None:
        desk.results.recall(*answer)


class ExtractScreen(PromptDialog[tuple[dict[str, Any], str]]):
    """Answers metadata, and whether its ``prompt`` or all of it (``recall``) is to be put back."""

    place: ClassVar[actions.Place] = "extract"
    places: ClassVar[tuple[actions.Place, ...]] = ("extract", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("extract")]
    help_title = "From a picture"
    help_text = (
        "Most programs write into a picture what made it. InvokeAI, A1111, Forge, ComfyUI, SwarmUI, Fooocus, NovelAI, "
        "Draw Things and Easy Diffusion are understood; the picture itself is only read."
    )

    def __init__(self, image: ImageRecord | None) -> None:
        super().__init__()
        chosen = image is not None and bool(image.metadata)
        self._chosen = Found("chosen in the strip", dict(image.metadata or {})) if image and chosen else None
        self._found = self._chosen

    def compose(self) -> ComposeResult:
        """The file, and what it says."""
        with Vertical(classes="dialog -tool", id="extract"):
            yield Static(Content("From a picture"), classes="dialog-title")
            yield FileLine(
                "File",
                SUFFIXES,
                placeholder="a PNG, JPEG or WebP; empty is the picture chosen in the strip",
                help_text="A file of the machine you sit at. Tab completes, enter takes its prompts.",
            )
            yield Either(
                "weights become InvokeAI's",
                "prompts as they are",
                value=True,
                help_text="Other programs write (words:1.3) where InvokeAI writes (words)1.3",
                id="extract-convert",
            )
            with VerticalScroll(id="extract-facts"):
                yield Static(id="extract-text")
            with Horizontal(classes="tool-foot"):
                yield SmallButton(
                    " Take the prompts ", help_text="Both prompts, no setting.", id="extract-prompts"
                )
                yield SmallButton(" Take everything ", help_text="Prompts and settings.", id="extract-all")
            keys = "enter take prompts   ^g take everything   tab complete   esc leave   F1"
            yield Static(Content(keys), classes="dialog-keys")

    def on_mount(self) -> None:
        """Begin with the picture that was chosen."""
        self.set_focus(self.query_one(FileLine).input)
        self._show()

    @on(FileLine.Chosen)
    def _path(self, event: FileLine.Chosen) -> None:
        beside(self, "extract", self._read, event.path)

    async def _read(self, path: Path | None) -> None:
        try:
            typed = self.query_one(FileLine).input.value.strip()
            self._found = self._chosen if not typed else None
            if path is not None:
                self._found = await asyncio.to_thread(read_picture, path)
        except StudioError as error:
            self.query_one("#extract-text", Static).update(told(error))
            self.query_one(Either).display = False
            return
        self._show()

    @on(Toggle.Changed)
    def _show(self) -> None:
        found = self._found
        self.query_one(Either).display = found is not None and found.a1111
        text = self.query_one("#extract-text", Static)
        if found is not None:
            text.update(_facts(self._taken(found)))
        elif self.query_one(FileLine).input.value:
            text.update(Content.styled("no file yet", "$text-muted"))
        else:
            text.update(
                Content.styled("Type the path of a picture that somebody made with a model.", "$text-muted")
            )

    def _taken(self, found: Found) -> Found:
        """With InvokeAI's weights, where that is wished."""
        if not found.a1111 or not self.query_one(Either).value:
            return found
        turned = {name: from_a1111(str(found.metadata.get(name) or "")).text for name in PROMPTS}
        return replace(found, metadata=found.metadata | turned)

    @on(Input.Submitted)
    @on(SmallButton.Pressed, "#extract-prompts")
    def action_prompts(self) -> None:
        """Answer the prompts."""
        self._answer("prompt")

    @on(SmallButton.Pressed, "#extract-all")
    def action_all(self) -> None:
        """Answer everything."""
        self._answer("recall")

    def _answer(self, what: str) -> None:
        if self._found is None:
            self.notify("There is no picture to take it from.", timeout=2, markup=False)
        else:
            self.dismiss((self._taken(self._found).metadata, what))


def _facts(found: Found) -> Content:
    """Program, prompts, settings, notes."""
    parts: list[tuple[str, str]] = [(f"● {safe_text(found.program, limit=60)}\n", "$text-success")]
    parts += [(f"! {safe_text(note, limit=200)}\n", "$text-warning") for note in found.notes]
    for label, text in (("Prompt", found.positive), ("Negative prompt", found.negative)):
        shown = safe_text(text, limit=20_000, multiline=True) or "none"
        parts += [(f"\n{label}\n", "$text-muted"), (f"{shown}\n", "" if text else "$text-muted")]
    settings = [(name, value) for name, value in found.metadata.items() if name not in PROMPTS]
    if settings:
        parts.append(("\nSettings\n", "$text-muted"))
    for name, value in settings[:MOST_FACTS]:
        shown = value if isinstance(value, str) else _short(value)
        label = safe_text(NAMES.get(name, name), limit=24)
        parts += [(f"{label:<14} ", "$text-muted"), (f"{safe_text(shown, limit=300)}\n", "")]
    return Content.assemble(*parts)


def _short(value: Any) -> str:
    """A model by its name, LoRAs with their weights, the rest as JSON."""
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        return str(value["name"])
    if isinstance(value, list) and value and all(isinstance(one, dict) and "model" in one for one in value):
        return ", ".join(f"{_short(one['model'])} {one.get('weight')}" for one in value[:20])
    return json.dumps(value, default=str)[:400]
