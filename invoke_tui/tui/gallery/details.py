"""What is known about the picture under the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.recalling.metadata import prompts
from invoke_tui.tui.words import at_home, size

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImageRecord

LABEL: Final = 11
"""Columns of a label."""
LONGEST: Final = 4_000
"""Characters of a prompt that are shown; y and Y copy all of it."""
FOLDED: Final = (8, 3)
"""Lines that a long prompt and negative prompt have here until one goes to the details."""
_SETTINGS: Final = (
    ("steps", "Steps"), ("cfg_scale", "CFG"), ("scheduler", "Scheduler"), ("strength", "Strength"),
    ("init_image", "Drawn from"), ("mask_image", "Mask"), ("hrf_method", "Hires"), ("clip_skip", "CLIP skip"),
)  # fmt: skip
_LISTS: Final = (
    ("controlnets", "Control"), ("t2iAdapters", "Control"), ("ipAdapters", "Reference"), ("regions", "Regions"),
)  # fmt: skip


class PictureDetails(ScrollView, can_focus=True):
    """Shows the record it was given last; prompt and settings come with its metadata.

    Its lines are painted one by one, so that another picture is no new layout, which would repaint the grid.
    """

    ALLOW_SELECT: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("details")
    help_text: ClassVar[str] = "What is known about the picture. Up and down scroll."

    def __init__(self) -> None:
        super().__init__(id="picture-details", classes="place-details")
        self._shown: tuple[ImageRecord, str] | None = None
        self._lines: list[Content] = []

    @property
    def text(self) -> str:
        """What it says."""
        return "\n".join(line.plain for line in self._lines)

    def show(self, image: ImageRecord | None, board: str = "") -> None:
        """A picture's facts; ``board`` is what its board is called."""
        before = self._shown[0].image_name if self._shown else ""
        self._shown = (image, board) if image is not None else None
        if before != (image.image_name if image is not None else ""):
            self.scroll_to(y=0, animate=False, immediate=True)
        self._wrap()

    def on_resize(self) -> None:
        """Lines of another width."""
        self._wrap()

    def on_focus(self) -> None:
        """Who comes here reads."""
        self._wrap()

    def on_blur(self) -> None:
        """Facts come before the rest of a long prompt again."""
        self._wrap()

    def _wrap(self) -> None:
        width = self.scrollable_content_region.width
        self._lines = []
        if self._shown and width > LABEL:
            self._lines = list(_lines(*self._shown, width, folded=self.can_focus and not self.has_focus))
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def action_scroll(self, by: int) -> None:
        """Move the text."""
        self.scroll_relative(y=by, animate=False)

    def render_line(self, y: int) -> Strip:
        """One line."""
        width, at = self.size.width, y + self.scroll_offset.y
        if at >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        return Strip(self._lines[at].render_segments(self.visual_style)).adjust_cell_length(
            width, self.rich_style
        )


def _lines(image: ImageRecord, board: str, width: int, *, folded: bool) -> Iterator[Content]:
    """Prompt, an empty line, and the facts with their labels; a long value goes on below itself."""
    for prompt, most in zip(_prompts(image.metadata), FOLDED, strict=False):
        lines = prompt.wrap(width)
        if folded and len(lines) > most + 1:  # one line more is not worth a line that says so
            yield from lines[:most]
            yield Content.styled(f"… {len(lines) - most} more lines (F6)", "$text-muted")
        else:
            yield from lines
    yield Content("")
    for label, value in _facts(image, board):
        for number, line in enumerate(
            Content(value).wrap(max(10, width - LABEL), overflow="fold") if value else ()
        ):
            yield Content.assemble((("" if number else label).ljust(LABEL), "$text-muted"), line)


def _prompts(metadata: dict[str, Any] | None) -> list[Content]:
    """Prompt and negative prompt, where there is one."""
    both = prompts(metadata)
    if both is None:
        return [Content.styled("…" if metadata is None else "It says no prompt.", "$text-muted")]
    positive, negative = (safe_text(one, limit=LONGEST, multiline=True) for one in both)
    said = [Content.styled(positive or "an empty prompt", "bold" if positive else "$text-muted")]
    return [*said, Content.styled(f"− {negative}", "$text-muted")] if negative else said


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
        told = safe_text(value, limit=200) if isinstance(value, str | int | float) else ""
        yield label, f"{told}  (D)" if told and key == "init_image" else told
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
    yield "Program", safe_text(image.program or "", limit=100) if image.image_origin == "external" else ""
    yield "Kind", _kind(image)
    yield "Made", f"{image.created_at.astimezone():%Y-%m-%d %H:%M}"
    yield "Deleted", f"{image.deleted_at.astimezone():%Y-%m-%d %H:%M}" if image.deleted_at else ""
    yield "File", size(image.file_size) if image.file_size else ""
    yield "Path", safe_text(at_home(image.path), limit=2_000)


def _rated(rating: int) -> str:
    return f"{rating} of 5" if rating else ""


def _named(model: Any) -> str:
    name = model.get("name") or model.get("model_name") if isinstance(model, dict) else model
    return safe_text(name, limit=300) if isinstance(name, str) else ""


def _kind(image: ImageRecord) -> str:
    if image.image_category == "general":
        return "intermediate" if image.is_intermediate else ""
    return {"user": "brought", "control": "control picture"}.get(image.image_category, image.image_category)
