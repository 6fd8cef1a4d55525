"""The starter bundles and models, and which of them are here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual.content import Content

from invoke_tui.domain.text import safe_text
from invoke_tui.tui.model_words import type_word
from invoke_tui.tui.widgets.model_rows import Rows, cell

if TYPE_CHECKING:
    from invoke_tui.domain.models.installs import StarterList, StarterModel


@dataclass(frozen=True, slots=True)
class Offer:
    """One line that can be installed."""

    source: str
    """What the installer is asked for."""
    name: str
    kind: str
    here: int
    """How many of ``of`` models are installed."""
    of: int
    needs: str = ""

    @property
    def hay(self) -> str:
        """What typed words are looked for in."""
        return f"{self.name} {self.kind} {self.source} {self.needs}".casefold()


FAMILIES: Final = ("sd-1", "sdxl", "flux", "sd-3", "sd-2", "sdxl-refiner", "any")
"""Bases in the order they are offered; all others come after them."""


def offers(starters: StarterList) -> list[Offer]:
    """Bundles first, then models by base, main models before their parts."""
    here, named = set(starters.installed), {model.id: model for model in starters.models}
    found = [
        Offer(
            f"bundle:{bundle.id}",
            safe_text(f"{bundle.name} bundle", limit=100),
            f"{len(bundle.models)} models",
            sum(identity in here for identity in bundle.models),
            len(bundle.models),
            safe_text(", ".join(named[i].name for i in bundle.models if i in named), limit=600),
        )
        for bundle in starters.bundles
    ]
    models = sorted(starters.models, key=_order)
    for model in models:
        needs = ", ".join(named[i].name for i in model.dependencies if i in named)
        kind = f"{model.base.value} · {type_word(model.type)}"
        found.append(Offer(model.id, safe_text(model.name, limit=100), kind, int(model.id in here), 1, needs))
    return found


def _order(model: StarterModel) -> tuple[int, str, bool, str, str]:
    base = model.base.value
    family = FAMILIES.index(base) if base in FAMILIES else len(FAMILIES)
    return family, base, model.type.value != "main", model.type.value, model.name.casefold()


class StarterRows(Rows):
    """What fits the words typed."""

    help_text: ClassVar[str] = (
        "Models that are known to be good. Enter installs one with what it needs; what is here already is skipped."
    )

    def __init__(self) -> None:
        super().__init__(id="install-starters")
        self._all: list[Offer] = []
        self._rows: list[Offer] = []
        self._words = ""

    @property
    def row_count(self) -> int:
        """Offers that fit."""
        return len(self._rows)

    @property
    def fitting(self) -> bool:
        """Whether the words typed fit any."""
        return len(self._rows) < len(self._all)

    @property
    def offer(self) -> Offer | None:
        """The offer under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def show(self, starters: StarterList) -> None:
        """These can be had."""
        self._all = offers(starters)
        self.show_words(self._words)

    def show_words(self, words: str) -> None:
        """Only those with these words; all of them when none has."""
        self._words = words
        parts = words.casefold().split()
        fitting = [offer for offer in self._all if all(part in offer.hay for part in parts)]
        self._rows = fitting or self._all
        self.rearrange(cursor=0)

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """Whether it is here, name, kind, what it needs."""
        offer = self._rows[index]
        mark = "✓" if offer.here == offer.of else "◐" if offer.here else " "
        state = (
            "installed"
            if offer.here == offer.of
            else f"{offer.here} of {offer.of} here"
            if offer.here
            else ""
        )
        room = max(12, min(52, width - 3 - 1 - 24 - 14))
        parts: list[Content] = [
            Content.styled(f" {mark} ", "$text-success"),
            cell(offer.name, room),
            Content(" "),
            cell(offer.kind, 24).stylize("$text-muted"),
            cell(state, 14, right=True).stylize("$text-success"),
        ]
        content = Content.assemble(*parts)
        return Content(content.plain) if plain else content
