"""What is said about the gallery's files."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from textual.content import Content

from invoke_tui.client.keeping import Report
from invoke_tui.domain.gallery.keeping import (
    ArrangeReport,
    BackupFile,
    CheckReport,
    FindingKind,
    Held,
    MoveReport,
    RebuildReport,
    SpaceReport,
    Step,
    ThumbnailReport,
)
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.words import at_home, bar, size, when

PLURAL: dict[FindingKind, str] = {
    "missing": "without their files",
    "damaged": "damaged",
    "orphan": "not listed",
    "duplicate": "twice there",
    "thumbnail": "thumbnails of no picture",
    "unfinished": "unfinished",
    "texts": "without their texts",
    "search": "search out of step",
}
"""For a number before it."""


def space(report: SpaceReport) -> Content:
    """Where the pictures are, and what everything takes."""
    facts = [_held("pictures", report.pictures)]
    facts += [_held("of them elsewhere", report.elsewhere)] if report.elsewhere.count else []
    facts += [_held("in the trash", report.trash), _held("thumbnails", report.thumbnails)]
    facts += [_held("set aside", report.set_aside)] if report.set_aside.count else []
    facts += [f"database {size(report.database)}", f"{size(report.free)} free"]
    where = safe_text(at_home(report.images_dir), limit=300)
    return Content.assemble((where, "$text-accent"), (f"\n{' · '.join(facts)}", "$text-muted"))


def _held(what: str, held: Held) -> str:
    return f"{held.count:,} {what} {size(held.size)}"


def progress(step: Step) -> Content:
    """A bar, where it is known how much there is."""
    if not step.total:
        return Content.styled(f"{step.doing}…", "$text-accent")
    filled, rest = bar(step.done / step.total, 20)
    return Content.assemble(
        (filled, "$text-accent"), (rest, "$text-disabled"), f" {step.doing} {step.done:,} of {step.total:,}"
    )


def ended(report: Report) -> str:
    """What came of a work, in a line or two."""
    match report:
        case CheckReport():
            return _checked(report)
        case RebuildReport():
            known = f"{report.taken_in:,} taken in; {report.listed_before:,} were listed already."
            if report.backup:
                known += f" The newest backup knew {report.remembered:,} of them."
            return " ".join([known, *report.unknown])
        case ArrangeReport():
            left = f"; {report.left:,} were left: checking says why" if report.left else ""
            return f"{report.moved:,} moved, {report.in_place:,} lay right{left}."
        case MoveReport():
            return f"{report.files:,} files are in {at_home(report.outputs_dir)} now."
        case ThumbnailReport():
            failed = f", {report.failed:,} could not be made" if report.failed else ""
            return f"{report.made:,} thumbnails made{failed}."


def _checked(report: CheckReport) -> str:
    if not report.findings:
        return f"Nothing is wrong: {report.pictures:,} pictures, {report.files:,} files."
    if report.backup is None:
        return f"Found: {kinds(report)}."
    mended = len(report.findings) - report.left
    return f"{mended:,} repaired, {report.left:,} left. The database before: {at_home(report.backup)}."


def kinds(report: CheckReport) -> str:
    """How many of each kind are as they were."""
    counts = Counter(finding.kind for finding in report.findings if not finding.repaired)
    return ", ".join(f"{counts[kind]:,} {PLURAL[kind]}" for kind in PLURAL if counts[kind])


def backup_time(backup: BackupFile) -> str:
    """When a backup was made, as its name says."""
    digits = "".join(letter for letter in Path(backup.path).stem if letter.isdigit())[-14:]
    try:
        made = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return ""
    return when(made.astimezone(), datetime.now().astimezone())
