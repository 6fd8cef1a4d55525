"""The models as a table, and its heading."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.content import Content
from textual.widget import Widget

from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.model_words import SORTS, Filter, format_word, place_word, type_word
from invoke_tui.tui.widgets.model_rows import Rows, cell
from invoke_tui.tui.words import size

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMNS: Final[tuple[tuple[str, int, int], ...]] = (
    ("base", 12, 0),
    ("type", 13, 0),
    ("format", 11, 84),
    ("size", 8, 0),
    ("where", 9, 64),
)
"""Name, width, and how wide the list must be for the column to be shown. The name has what is left."""
_CELLS: Final[dict[str, Callable[[ModelRecord], str]]] = {
    "base": lambda model: model.base.value,
    "type": lambda model: type_word(model.type),
    "format": lambda model: format_word(model.format),
    "size": lambda model: size(model.file_size),
    "where": place_word,
}


def columns(width: int) -> tuple[list[tuple[str, int]], int]:
    """The columns there is room for with their widths, and the width of the name before them."""
    shown = [(name, cells) for name, cells, wanted in COLUMNS if width >= wanted]
    if width < 54:  # a telephone, or a list beside its details
        shown = [(name, cells - 3 if name != "size" else cells) for name, cells in shown]
    return shown, max(8, width - 4 - sum(cells + 1 for _, cells in shown))


class ModelList(Rows):
    """Every model that fits the filter, in the order chosen."""

    help_text: ClassVar[str] = (
        "The models. ● marks the one that draws when none is chosen, ! one whose files are not where they were."
    )

    def __init__(self) -> None:
        super().__init__(id="model-list")
        self._all: list[ModelRecord] = []
        self._rows: list[ModelRecord] = []
        self._hay: dict[str, str] = {}
        self._filter = Filter()
        self.sort = "name"
        self.backwards = False

    @property
    def row_count(self) -> int:
        """Models that fit the filter."""
        return len(self._rows)

    @property
    def models(self) -> list[ModelRecord]:
        """Every model, whatever the filter says; the default one first."""
        return self._all

    @property
    def model(self) -> ModelRecord | None:
        """The model under the cursor."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    @property
    def default_key(self) -> str:
        """The key of the model that draws when none is chosen: the studio tells it first."""
        first = self._all[0] if self._all else None
        return first.key if first is not None and first.type is ModelType.MAIN and not first.missing else ""

    def show(self, models: list[ModelRecord]) -> None:
        """These are the models now."""
        known = {model.key: model for model in self._all}
        for model in models:
            if known.get(model.key) != model:
                self._hay.pop(model.key, None)
        self._all = models
        self._again()

    def show_filter(self, text: str) -> None:
        """Only what fits ``text``."""
        self._filter = Filter(text)
        self._again()

    def show_sorted(self, sort: str, *, backwards: bool) -> None:
        """Another order."""
        self.sort, self.backwards = sort, backwards
        self._again()

    def choose(self, key: str) -> bool:
        """Put the cursor on a model; false when the filter hides it."""
        index = next((i for i, model in enumerate(self._rows) if model.key == key), None)
        if index is not None:
            self.move_to(index)
        return index is not None

    def _again(self) -> None:
        chosen = self.model
        rows = self._filter.pick(self._all, self._hay)
        rows.sort(key=SORTS[self.sort], reverse=self.backwards)
        self._rows = rows
        at = next((i for i, model in enumerate(rows) if model.key == chosen.key), None) if chosen else None
        self.rearrange(cursor=at)

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """Mark, name, and the columns there is room for."""
        model = self._rows[index]
        shown, room = columns(width)
        mark = "!" if model.missing else "●" if model.key == self.default_key else " "
        colour = "$text-warning" if model.missing else "$text-accent"
        name = cell(safe_text(model.name, limit=300), room)
        parts: list[Content | tuple[str, str]] = [(f" {mark} ", "" if plain else colour)]
        parts.append(name.stylize("$text-muted") if model.missing and not plain else name)
        for title, cells in shown:
            text = cell(_CELLS[title](model), cells, right=title == "size")
            lit = "$text-warning" if title == "where" and model.missing else "$text-muted"
            parts += [(" ", ""), text if plain else text.stylize(lit)]
        return Content.assemble(*parts)


class ModelHead(Widget):
    """Names of the columns; the one the list is sorted by has an arrow."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, rows: ModelList) -> None:
        super().__init__(id="model-head")
        self._rows = rows

    def render(self) -> Content:
        """As wide as the rows below, which leave a cell for the scroll bar."""
        shown, room = columns(self.size.width - 1)
        arrow = "↑" if self._rows.backwards else "↓"
        parts: list[Content] = [Content("   ")]
        for title, cells in [("name", room), *shown]:
            if title != "name":
                parts.append(Content(" "))
            text = cell(
                f"{title} {arrow}" if title == self._rows.sort else title, cells, right=title == "size"
            )
            parts.append(text.stylize("bold $primary" if title == self._rows.sort else "$text-muted"))
        return Content.assemble(*parts)
