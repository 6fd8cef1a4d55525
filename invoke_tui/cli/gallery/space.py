"""``gallery space``: what the gallery takes on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from invoke_tui.cli.gallery.chosen import ask
from invoke_tui.cli.models.shared import size
from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.keeping import SpaceReport


def space(root: Root = None, json: Json = False) -> None:
    """Say what pictures, thumbnails, trash, database and backups take."""
    report = ask(root, lambda client: client.gallery_space())
    Output(as_json=json).result(report.model_dump(mode="json"), _lines(report))


def _lines(report: SpaceReport) -> Iterator[str]:
    yield f"{report.images_dir}: {size(report.free)} free"
    kinds = {
        "pictures": report.pictures,
        "of them elsewhere": report.elsewhere,
        "in the trash": report.trash,
        "thumbnails": report.thumbnails,
        "set aside": report.set_aside,
    }
    for name, held in kinds.items():
        yield f"{name:<18}{held.count:>9,}  {size(held.size)}"
    yield f"{'database':<27}  {size(report.database)}"
    yield f"{'backups':<18}{len(report.backups):>9,}  {size(sum(one.size for one in report.backups))}"
