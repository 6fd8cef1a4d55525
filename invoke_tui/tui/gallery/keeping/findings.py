"""What a check found or mended, kind by kind."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.gallery.keeping import FINDINGS, REPAIRS, CheckReport, Finding, FindingKind
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.dialog import PromptDialog
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.widgets.model_rows import Rows, cell

_NAMED: Final = 8
"""Files of a kind that are named."""


class FindingRows(Rows):
    """A kind a line."""

    def __init__(self, report: CheckReport) -> None:
        super().__init__(id="findings")
        self._kinds = [
            (kind, [finding for finding in report.findings if finding.kind == kind]) for kind in REPAIRS
        ]
        self._kinds = [(kind, found) for kind, found in self._kinds if found]

    @property
    def row_count(self) -> int:
        """How many kinds there are."""
        return len(self._kinds)

    @property
    def chosen(self) -> tuple[FindingKind, list[Finding]]:
        """The kind under the cursor, and what is of it."""
        return self._kinds[self.cursor]

    @property
    def all(self) -> list[tuple[FindingKind, list[Finding]]]:
        """Every kind."""
        return self._kinds

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """How many, what, and what was done."""
        kind, found = self._kinds[index]
        mended = sum(finding.repaired for finding in found)
        done = f"{mended:,} repaired" if mended else ""
        label = cell(f"{len(found):>7,}  {FINDINGS[kind]}", max(1, width - len(done) - 2))
        return Content.assemble(label, (f"{done}  ", "" if plain else "$text-success"))


class FindingsScreen(PromptDialog[list[FindingKind]]):
    """Answers the kinds that are to be mended."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "repair(True)", "All", show=False, id="findings.all"),
        Binding("enter,r", "repair", "Repair", show=False, id="findings.repair"),
    ]
    AUTO_FOCUS = "FindingRows"
    help_title = "What was found"
    help_text = (
        "Nothing that could be a picture is deleted, and the database is backed up before anything is mended. Mend "
        "pictures that are not listed before those whose file is gone: one may be the other, moved by hand."
    )

    def __init__(self, report: CheckReport) -> None:
        super().__init__()
        self._report = report
        self._rows = FindingRows(report)

    def compose(self) -> ComposeResult:
        """Kinds, and the first files of the one under the cursor."""
        with Vertical(classes="dialog -form", id="keeping-findings"):
            done = "done" if self._report.backup else "found"
            yield Static(Content(f"What was {done}"), classes="dialog-title")
            yield self._rows
            yield Static(id="finding-files")
            yield Static(
                Content("enter repair these   a repair all   esc back   F1 help"), classes="dialog-keys"
            )

    def on_mount(self) -> None:
        """As high as there are kinds."""
        self._rows.styles.height = self._rows.row_count
        self._rows.rearrange(cursor=0)

    @on(Rows.Moved)
    def _moved(self) -> None:
        kind, found = self._rows.chosen
        lines = [_line(finding) for finding in found[:_NAMED]]
        if len(found) > _NAMED:
            lines.append(f"and {len(found) - _NAMED:,} more; 'invoke-tui gallery verify' names all")
        mends = "" if all(finding.repaired for finding in found) else f"Repairing {REPAIRS[kind]}."
        self.query_one("#finding-files", Static).update(
            Content.assemble((mends, "$text-accent"), ("\n" + "\n".join(lines), "$text-muted"))
        )

    @on(Rows.Opened)
    def _opened(self) -> None:
        self.action_repair()

    def action_repair(self, everything: bool = False) -> None:
        """Ask, and answer."""
        chosen = self._rows.all if everything else [self._rows.chosen]
        left = [(kind, sum(not one.repaired for one in found)) for kind, found in chosen]
        beside(self, "repair", self._repair, [(kind, count) for kind, count in left if count])

    async def _repair(self, chosen: list[tuple[FindingKind, int]]) -> None:
        if not chosen:
            self.notify("That is repaired.", timeout=2, markup=False)
            return
        lines = [f"{count:,} {FINDINGS[kind]}: {REPAIRS[kind]}." for kind, count in chosen]
        question = "\n".join([*lines, "The database is backed up first. Files are checked once more."])
        if await self.app.push_screen_wait(ConfirmScreen(question, "Repair")):
            self.dismiss([kind for kind, _ in chosen])


def _line(finding: Finding) -> str:
    file = safe_text(finding.file or finding.image_name or "the database", limit=200)
    reason = f" ({safe_text(finding.reason, limit=120)})" if finding.reason else ""
    done = f": {safe_text(finding.repair, limit=160)}" if finding.repair else ""
    return f"{file}{reason}{done}"
