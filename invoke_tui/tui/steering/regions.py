"""Regions: prompts for parts of the picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from invoke_tui.domain.gallery.images import ImageCategory
from invoke_tui.domain.models.families import FamilyTraits
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.regions import MOST_REGIONS, PROMPT_LIMIT, RegionRequest
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.steering.entry import Entry, first_words
from invoke_tui.tui.steering.entry_group import EntryGroup
from invoke_tui.tui.widgets.form_group import Trouble

PROMPTS: Final = ("positive_prompt", "negative_prompt")
SIDES: Final = ("left", "top", "right", "bottom")
SKETCH: Final = (20, 5)
"""Columns and rows of the drawing that shows where a rectangle is."""
_SHARE: Final = {"step": 0.05}
_WIDE: Final = 24
"""The most letters of a prompt in a heading."""


class RegionEntry(Entry):
    """What is drawn in a part of the picture, and which part."""

    record = RegionRequest
    names: ClassVar[tuple[str, ...]] = (*PROMPTS, "auto_negative", "mask_image", *SIDES)
    pictures: ClassVar[Mapping[str, ImageCategory]] = {"mask_image": "mask"}
    begins: ClassVar[str] = "positive_prompt"
    said: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "positive_prompt": {"label": "Prompt", "help": "What is drawn there"},
        "negative_prompt": {"label": "Negative", "help": "What is not drawn there"},
        "auto_negative": {"label": "and nowhere else"},
        "mask_image": {
            "label": "Mask",
            "help": "Where the region is: what is white; of a transparent picture, opaque",
        },
        "left": {"label": "Left", "fallback": "0", "help": "Share of the width, 0 to 1", **_SHARE},
        "top": {"label": "Top", "fallback": "0", "help": "Share of the height, 0 to 1", **_SHARE},
        "right": {"label": "to", "fallback": "1", "help": "Share of the width, 0 to 1", **_SHARE},
        "bottom": {"label": "to", "fallback": "1", "help": "Share of the height, 0 to 1", **_SHARE},
    }

    def fields(self) -> Iterator[Widget]:
        """What, and where."""
        yield self.row("positive_prompt")
        yield self.row("negative_prompt")
        yield self.row("auto_negative")
        yield self.picture("mask_image", placeholder="none: the rectangle below")
        yield self.pair(self.row("left"), self.row("right"))
        yield self.pair(self.row("top"), self.row("bottom"))
        yield Static(classes="region-sketch")
        yield self.remover()

    # -- what counts ------------------------------------------------------------------------------------------

    @property
    def sides(self) -> tuple[float, float, float, float] | None:
        """Left, top, right and bottom as shares; None while one of them is none."""
        if any(self.specs[name].check(str(self.raw[name])) for name in SIDES):
            return None
        left, top, right, bottom = (float(self.raw[name] or self.specs[name].fallback) for name in SIDES)
        return left, top, right, bottom

    def used(self) -> Iterable[str]:
        """The fields that count as things stand."""
        return [name for name in self.names if name not in SIDES or not self.raw["mask_image"]]

    def unfit(self) -> Trouble | None:
        """A family that reads one prompt for the whole picture."""
        if self.main is None or self.group.taken:
            return None
        return "positive_prompt", f"not with {self.main.base}"

    def misfits(self) -> Iterator[Trouble]:
        """Nothing to draw; a rectangle without a place."""
        if not any(str(self.raw[name]).strip() for name in PROMPTS):
            yield "positive_prompt", "What is to be seen there, or not to be?"
        for name in PROMPTS:
            if len(str(self.raw[name])) > PROMPT_LIMIT:
                yield name, f"at most {PROMPT_LIMIT} characters"
        if self.sides is None or self.raw["mask_image"]:
            return
        left, top, right, bottom = self.sides
        if left >= right:
            yield "right", f"more than {left:g}"
        if top >= bottom:
            yield "bottom", f"more than {top:g}"

    # -- what is shown ----------------------------------------------------------------------------------------

    @property
    def called(self) -> str:
        """The beginning of its prompt."""
        wished, avoided = (safe_text(self.raw[name], limit=_WIDE).strip() for name in PROMPTS)
        return wished or (f"no {avoided}" if avoided else "no prompt")

    @property
    def _place(self) -> str:
        if self.raw["mask_image"]:
            return self.sources["mask_image"].called
        if self.sides is None:
            return ""
        left, top, right, bottom = self.sides
        across = "" if (left, right) == (0, 1) else f"{left:g} to {right:g} ↔"
        down = "" if (top, bottom) == (0, 1) else f"{top:g} to {bottom:g} ↕"
        return f"{across} {down}".strip() or "everywhere"

    def summary(self) -> str:
        """What, and where."""
        return first_words((self.called, self._place))

    def look_again(self) -> None:
        """The rectangle, where there is no mask."""
        super().look_again()
        if not self.made:
            return
        for name in SIDES:
            self.query_one(f"#row-{name}").display = not self.raw["mask_image"]
        drawing = self.query_one(".region-sketch", Static)
        drawing.display = self.sides is not None and not self.raw["mask_image"]
        if self.sides is not None:
            drawing.update(sketch(*self.sides))


class RegionGroup(EntryGroup):
    """Prompts for parts of the picture."""

    title: ClassVar[str] = "regions"
    help_title: ClassVar[str] = "Prompts for parts of the picture: rectangles, or what is white in a mask."
    field: ClassVar[str] = "regions"
    most: ClassVar[int] = MOST_REGIONS
    word: ClassVar[str] = "a region"
    explained: ClassVar[str] = "Prompts for parts of the picture"
    kind: ClassVar[type[Entry]] = RegionEntry

    def __init__(self) -> None:
        super().__init__(id="regions")

    def takes(self, family: FamilyTraits) -> bool:
        """Attention that can be masked."""
        return family.regions

    def missing(self, main: ModelRecord) -> str:
        """Why the main model can use no entry."""
        return "" if self.taken else f"{main.base} models read one prompt for the whole picture."


def sketch(left: float, top: float, right: float, bottom: float) -> Content:
    """Where a rectangle is, in a drawing of a few lines."""
    columns, rows = SKETCH
    first, last = round(left * columns), max(round(right * columns), round(left * columns) + 1)
    above, below = round(top * rows), max(round(bottom * rows), round(top * rows) + 1)
    parts: list[tuple[str, str]] = []
    for row in range(rows):
        inside = above <= row < below
        for column in range(columns):
            parts.append(("█", "$accent") if inside and first <= column < last else ("·", "$text-muted"))
        parts.append(("\n", ""))
    return Content.assemble(*parts[:-1])
