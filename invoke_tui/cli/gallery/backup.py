"""``gallery backup`` and ``restore-backup``: copies of the database, which has boards, stars, queue and models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoke_tui.cli.gallery.chosen import ask
from invoke_tui.cli.models.shared import size
from invoke_tui.cli.options import Json, Root, open_studio, run
from invoke_tui.cli.output import Output

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.gallery.keeping import BackupReport


def backup(
    file: Annotated[
        Path | None, typer.Argument(help="Where to; without: beside the database, where five are kept.")
    ] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """Copy the database, whole, while the studio works on. Pictures are not in it."""
    target = None if file is None else str(file.expanduser().absolute())

    async def work(client: StudioClient) -> BackupReport:
        return await client.back_up_database(target)

    report = ask(root, work)
    said = f"{report.path}: {size(report.size)}, {report.pictures} pictures"
    Output(as_json=json).result(report.model_dump(mode="json"), [said])


def restore_backup(
    file: Annotated[Path, typer.Argument(help="A backup: databases/backups has the newest.")],
    root: Root = None,
    json: Json = False,
) -> None:
    """Put a backup in the database's place. The studio is stopped for it; the present database is kept.

    The backup is checked first, and one of an earlier version is brought to this one's schema. Pictures that were made
    since are taken in when the studio starts.
    """
    done = run(_restored(open_studio(root), file.expanduser().absolute()))
    kept = f"; the one before is {done['kept']}" if done["kept"] else ""
    Output(as_json=json).result(done, [f"{done['database']} is restored{kept}"])


async def _restored(studio: Studio, file: Path) -> dict[str, Any]:
    from invoke_tui.cli.studio import end
    from invoke_tui.client.keeping import offline

    await end(studio)
    return await offline(studio.paths, "restore", str(file))
