"""``gallery list``: pictures in rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from invoke_tui.cli.options import Json, Root, attach, open_studio, run
from invoke_tui.cli.output import Output

if TYPE_CHECKING:
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.images import ImagePage


def list_(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")] = 20,
    at: Annotated[int, typer.Option("--at", help="Number of the first; -20 begins 20 before the end.")] = 0,
    root: Root = None,
    json: Json = False,
) -> None:
    """List the pictures, newest first."""
    output = Output(as_json=json)
    page = run(_page(open_studio(root), limit, at))
    rows = [
        (image.image_name, f"{image.width}x{image.height}", _when(image.created_at), image.seed, image.path)
        for image in page.images
    ]
    lines = output.table(("name", "size", "made", "seed", "path"), rows) if rows else ["no pictures yet"]
    if page.next:
        lines.append(f"{page.at + 1} to {page.next} of {page.total}; more with --at {page.next}")
    output.result(page.model_dump(mode="json"), lines)


async def _page(studio: Studio, limit: int, at: int) -> ImagePage:
    async with attach(studio) as client:
        return await client.images(limit=limit, at=at)


def _when(moment: object) -> str:
    from datetime import datetime

    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if isinstance(moment, datetime) else ""
