"""The wildcards as a tree that folds: folders above, their files below, each with the number of its values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content

from invoke_tui.domain.text import safe_text
from invoke_tui.tui.widgets.model_rows import Rows, cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from invoke_tui.domain.request.wildcards import WildcardName


@dataclass
class Node:
    """A wildcard, a folder of them, or both."""

    path: str
    depth: int = 0
    values: int | None = None
    children: dict[str, Node] = field(default_factory=dict)
    open: bool = False

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def pattern(self) -> str:
        """What stands between the underscores in a prompt; of a folder, all that is in it."""
        return self.path if self.values is not None else f"{self.path}/**"

    @property
    def total(self) -> int:
        """Values here and below."""
        return (self.values or 0) + sum(child.total for child in self.children.values())

    def shown(self) -> Iterator[Node]:
        """What is on the screen of it: itself, and what is below while it is open."""
        yield self
        if self.open:
            for child in self.children.values():
                yield from child.shown()


def tree(wildcards: Iterable[WildcardName]) -> Node:
    """The root of a tree of names."""
    root = Node("", -1, open=True)
    for wildcard in wildcards:
        at = root
        parts = wildcard.name.split("/")[:32]
        for depth, part in enumerate(parts):
            path = "/".join(parts[: depth + 1])
            at = at.children.setdefault(part, Node(path, depth))
        at.values = wildcard.values or 0
    return root


class WildcardRows(Rows):
    """Folded, or all that fits what is looked for."""

    help_text: ClassVar[str] = (
        "The wildcards, by folder. Enter puts the one under the cursor into the prompt; left and right close and open "
        "a folder."
    )

    def __init__(self) -> None:
        super().__init__(id="wildcard-rows")
        self._all: list[WildcardName] = []
        self._root = Node("")
        self._rows: list[Node] = []
        self._words: list[str] = []

    @property
    def row_count(self) -> int:
        """Rows that are shown."""
        return len(self._rows)

    @property
    def node(self) -> Node | None:
        """What is under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def show(self, wildcards: list[WildcardName]) -> None:
        """These there are; a single folder at the top is open."""
        self._all, self._root = wildcards, tree(wildcards)
        if len(self._root.children) == 1:
            next(iter(self._root.children.values())).open = True
        self._arrange(0)

    def look_for(self, text: str) -> None:
        """Only names that hold every word."""
        self._words = text.casefold().split()
        self._arrange(0)

    def _arrange(self, cursor: int | None = None) -> None:
        if self._words:
            named = (w for w in self._all if all(word in w.name.casefold() for word in self._words))
            self._rows = [Node(w.name, 0, w.values or 0) for w in named]
        else:
            self._rows = list(self._root.shown())[1:]
        self.rearrange(cursor=cursor)

    def fold(self, *, shut: bool) -> None:
        """Close or open the folder under the cursor; from within a folder, go to it."""
        node = self.node
        if node is None or self._words:
            return
        if node.children and node.open == shut:
            node.open = not shut
            self._arrange()
        elif shut and (above := node.path.rpartition("/")[0]):
            self.move_to(next(i for i, row in enumerate(self._rows) if row.path == above))

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """Fold mark, name, number of values."""
        node = self._rows[index]
        mark = " " if not node.children else "▾" if node.open else "▸"
        name = safe_text(node.path if self._words else node.name, limit=200)
        number = f"{node.total:,} "
        room = width - 2 * node.depth - 4 - len(number)
        return Content.assemble(
            "  " * node.depth,
            (f" {mark} ", "" if plain else "$text-accent"),
            cell(name + ("/" if node.children else ""), max(4, room)),
            (f" {number}", "" if plain else "$text-muted"),
        )
