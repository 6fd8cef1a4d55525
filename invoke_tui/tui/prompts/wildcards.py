"""The wildcards there are: what each stands for, and putting one into the prompt."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.beside import alongside, beside
from invoke_tui.tui.prompts.dialog import Finder, PromptDialog, told
from invoke_tui.tui.prompts.wildcard_tree import Node, WildcardRows
from invoke_tui.tui.widgets.model_rows import Rows, cell

if TYPE_CHECKING:
    from invoke_tui.domain.request.wildcards import WildcardList, WildcardValues
    from invoke_tui.tui.screens.desk import Desk

SHOWN = 1_000
"""Values of a wildcard that are fetched."""
QUIET = 0.08


async def use(desk: Desk) -> None:
    """Browse; what is chosen goes to the cursor of the editor that was worked in."""
    editor = desk.screen.prompts.current
    name = await desk.screen.app.push_screen_wait(WildcardsScreen())
    if name:
        editor.put(f"__{name}__")
        editor.focus()


class ValueRows(Rows):
    """The values of one wildcard."""

    help_text: ClassVar[str] = "What the wildcard stands for: one of these, each time the prompt is expanded."

    def __init__(self) -> None:
        super().__init__(id="wildcard-values")
        self._found: WildcardValues | None = None

    @property
    def row_count(self) -> int:
        """Values that are here, and a last line where there are more."""
        return len(self._found.values) + self._more if self._found else 0

    @property
    def _more(self) -> bool:
        return self._found is not None and self._found.total > len(self._found.values)

    def show(self, found: WildcardValues | None) -> None:
        """These are the values."""
        self._found = found
        self.rearrange(cursor=0)

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """The value, and its weight where it has one."""
        assert self._found is not None
        if index >= len(self._found.values):
            left = self._found.total - len(self._found.values)
            return Content.styled(f" … and {left:,} more", "" if plain else "$text-muted")
        value = self._found.values[index]
        weight = "" if value.weight == 1 else f"×{value.weight:g} "
        name = cell(f" {safe_text(value.text, limit=500)}", width - len(weight))
        return Content.assemble(name, (weight, "" if plain else "$text-muted"))


class WildcardsScreen(PromptDialog[str]):
    """Answers the name, or the pattern of a folder."""

    place: ClassVar[actions.Place] = "wildcards"
    places: ClassVar[tuple[actions.Place, ...]] = ("wildcards", "list", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("wildcards")]
    help_title = "Wildcards"
    help_text = (
        "A wildcard is a text file with one value a line, or a list in a YAML or JSON file. __name__ in a prompt "
        "stands for one of its values. The files lie with the studio, which may be another machine than this one."
    )

    def __init__(self) -> None:
        super().__init__()
        self._list: WildcardList | None = None

    def compose(self) -> ComposeResult:
        """Search, tree, values; where the files are."""
        rows = WildcardRows()
        with Vertical(classes="dialog -tool", id="wildcards"):
            yield Static(Content("Wildcards"), classes="dialog-title")
            yield Finder(
                rows,
                placeholder="search",
                id="wildcard-search",
                help_text="Parts of the name. Up and down go through what fits, enter puts it into the prompt.",
            )
            with Horizontal(id="wildcard-body"):
                yield rows
                with Vertical(id="wildcard-right"):
                    yield Static(id="wildcard-head")
                    yield ValueRows()
            yield Static(id="wildcard-none")
            yield Static(id="wildcard-word")
            keys = "enter insert   ↑ ↓ choose   tab next list   ← → fold   esc back   F1"
            yield Static(Content(keys), classes="dialog-keys")

    def on_mount(self) -> None:
        """Fetch the names."""
        self.set_focus(self.query_one(Finder))
        alongside(self, "wildcards", self._fetch)

    async def _fetch(self) -> None:
        try:
            client = await self.studio.link.client()
            self._list = found = await client.wildcards(counts=True)
        except StudioError as error:
            self.query_one("#wildcard-word", Static).update(told(error))
            return
        self.set_class(not found.wildcards, "-nothing")
        self.query_one("#wildcard-none", Static).update(_how_to(found))
        self.query_one("#wildcard-word", Static).update(_about(found))
        self.query_one(WildcardRows).show(found.wildcards)

    @on(Input.Changed, "#wildcard-search")
    def _typed(self, event: Input.Changed) -> None:
        self.query_one(WildcardRows).look_for(event.value)

    @on(Rows.Moved, "#wildcard-rows")
    def _moved(self) -> None:
        node = self.query_one(WildcardRows).node
        beside(self, "wildcard-values", self._values, node)

    async def _values(self, node: Node | None) -> None:
        head, rows = self.query_one("#wildcard-head", Static), self.query_one(ValueRows)
        if node is None:
            head.update(Content("nothing is called so" if self._list and self._list.wildcards else ""))
            rows.show(None)
            return
        await asyncio.sleep(QUIET)
        try:
            client = await self.studio.link.client()
            found = await client.wildcard_values(node.pattern, limit=SHOWN)
        except StudioError as error:
            self.query_one("#wildcard-word", Static).update(told(error))
            return
        head.update(Content(f"__{safe_text(node.pattern, limit=200)}__"))
        rows.show(found)

    @on(Input.Submitted)
    @on(Rows.Opened)
    def action_insert(self) -> None:
        """Answer what is under the cursor."""
        if (node := self.query_one(WildcardRows).node) is not None:
            self.dismiss(node.pattern)

    def action_search(self) -> None:
        """To the search."""
        self.set_focus(self.query_one(Finder))

    def action_fold(self, shut: int) -> None:
        """Close or open a folder."""
        self.query_one(WildcardRows).fold(shut=bool(shut))


def _about(found: WildcardList) -> Content:
    """What could not be read, else where the files lie."""
    if found.problems:
        more = f"  (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
        return Content.styled(f"! {safe_text(found.problems[0], limit=300)}{more}", "$text-warning")
    folders = ", ".join(safe_text(folder, limit=200) for folder in found.folders)
    return Content.styled(f"files in {folders}" if found.wildcards else "", "$text-muted")


def _how_to(found: WildcardList) -> Content:
    folder = safe_text(found.folders[0], limit=300) if found.folders else "the wildcards folder"
    return Content.assemble(
        ("◆\n\n", "$primary"),
        ("Words to draw from\n", "bold"),
        ("No wildcard file is here yet.\n\n", "$text-muted"),
        ("Put a text file with one value a line into\n", ""),
        (f"{folder}\n\n", "$text-accent"),
        ("colour.txt", "bold"),
        (" becomes ", "$text-muted"),
        ("__colour__", "bold"),
        (", art/style.txt ", "$text-muted"),
        ("__art/style__", "bold"),
        (".\nYAML and JSON lists work, too.\nOther folders: ", "$text-muted"),
        ("wildcards_dirs", "bold"),
        (" in invokeai.yaml.", "$text-muted"),
    )
