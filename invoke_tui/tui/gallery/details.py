"""What is known about the picture under the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions, recall
from invoke_tui.tui.widgets.model_details import ModelFacts
from invoke_tui.tui.words import size

if TYPE_CHECKING:
    from invoke_tui.domain.images import ImageRecord

LONGEST: Final = 4_000
"""Characters of a prompt that are shown; y and Y copy all of it."""
_SETTINGS: Final = (
    ("steps", "Steps"), ("cfg_scale", "CFG"), ("scheduler", "Scheduler"), ("strength", "Strength"),
    ("init_image", "Drawn from"), ("mask_image", "Mask"), ("hrf_method", "Hires"), ("clip_skip", "CLIP skip"),
)  # fmt: skip
_LISTS: Final = (
    ("controlnets", "Control"), ("t2iAdapters", "Control"), ("ipAdapters", "Reference"), ("regions", "Regions"),
)  # fmt: skip


class PictureDetails(VerticalScroll, can_focus=True):
    """Shows the record it was given last; prompt and settings come with its metadata."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("details")
    help_text: ClassVar[str] = "What is known about the picture. Up and down scroll."

    def __init__(self) -> None:
        super().__init__(id="picture-details", classes="place-details")
        self._name = ""

    def compose(self) -> ComposeResult:
        """Prompt, facts."""
        yield Static(id="picture-prompt")
        yield ModelFacts()

    def show(self, image: ImageRecord | None, board: str = "") -> None:
        """A picture's facts; ``board`` is what its board is called."""
        if (name := image.image_name if image else "") != self._name:
            self._name = name
            self.scroll_home(animate=False)
        prompt, facts = self.query_one("#picture-prompt", Static), self.query_one(ModelFacts)
        if image is None:
            prompt.update(Content(""))
            facts.show([], [])
            return
        prompt.update(_prompt(image.metadata))
        facts.show([], [(label, value) for label, value in _facts(image, board) if value])

    def action_scroll(self, by: int) -> None:
        """Move the text."""
        self.scroll_relative(y=by, animate=False)


def _prompt(metadata: dict[str, Any] | None) -> Content:
    both = recall.prompts(metadata)
    if both is None:
        return Content.styled("…" if metadata is None else "It says no prompt.", "$text-muted")
    positive, negative = (safe_text(one, limit=LONGEST, multiline=True) for one in both)
    parts = [(positive or "an empty prompt", "bold" if positive else "$text-muted")]
    return Content.assemble(*parts, (f"\n− {negative}" if negative else "", "$text-muted"))


def _facts(image: ImageRecord, board: str) -> Iterator[tuple[str, str]]:
    found = image.metadata or {}
    yield (
        "Rating",
        "★" * image.starred + (" " if image.starred and image.rating else "") + _rated(image.rating),
    )
    yield "Notes", safe_text(image.notes, limit=LONGEST, multiline=True)
    yield "Size", f"{image.width} × {image.height}"
    yield "Seed", str(image.seed) if image.seed is not None else ""
    yield "Model", _named(found.get("model"))
    for key, label in _SETTINGS:
        value = found.get(key)
        yield label, safe_text(value, limit=200) if isinstance(value, str | int | float) else ""
    loras = found.get("loras")
    for lora in loras[:20] if isinstance(loras, list) else ():
        if isinstance(lora, dict):
            yield (
                "LoRA",
                f"{_named(lora.get('model') or lora.get('lora'))} {safe_text(lora.get('weight', ''), limit=12)}",
            )
    for key, label in _LISTS:
        if isinstance(entries := found.get(key), list) and entries:
            yield label, str(len(entries))
    yield "Board", safe_text(board, limit=300)
    yield "Kind", _kind(image)
    yield "Made", f"{image.created_at.astimezone():%Y-%m-%d %H:%M}"
    yield "Deleted", f"{image.deleted_at.astimezone():%Y-%m-%d %H:%M}" if image.deleted_at else ""
    yield "File", size(image.file_size) if image.file_size else ""
    yield "Path", safe_text(image.path, limit=2_000)


def _rated(rating: int) -> str:
    return f"{rating} of 5" if rating else ""


def _named(model: Any) -> str:
    name = model.get("name") or model.get("model_name") if isinstance(model, dict) else model
    return safe_text(name, limit=300) if isinstance(name, str) else ""


def _kind(image: ImageRecord) -> str:
    if image.image_category == "general":
        return "intermediate" if image.is_intermediate else ""
    return {"user": "brought", "control": "control picture"}.get(image.image_category, image.image_category)
