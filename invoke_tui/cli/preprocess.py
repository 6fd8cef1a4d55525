"""``preprocess``: what a control picture made of a picture looks like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from invoke_tui.cli.call import show
from invoke_tui.cli.options import Json, Root, attach, open_studio, run
from invoke_tui.cli.output import Output
from invoke_tui.cli.save import Destination, save
from invoke_tui.cli.taking import in_gallery

if TYPE_CHECKING:
    from invoke_tui.config.settings import Studio


def preprocess(
    name: Annotated[
        str, typer.Argument(help="canny, depth_anything, dw_openpose, hed, …", metavar="PREPROCESSOR")
    ],
    picture: Annotated[
        str, typer.Argument(help="A file, a name in the gallery, or last.", metavar="PICTURE")
    ],
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", help="Where it goes; else into this folder.", metavar="FILE_OR_DIR"),
    ] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """Make the control picture of a picture, and show it.

    Nothing is drawn. A preprocessor whose network is not installed says how to install it.
    """
    studio, output = open_studio(root), Output(as_json=json)
    data = run(_made(studio, name, picture))
    made = f"{Path(picture).stem}-{name}.png"
    saved = save(data, Destination.parse(out or made, 1).path(made, 1)).absolute()
    if output.on_terminal:
        show(data, studio)
    output.result({"path": str(saved), "preprocessor": name}, [str(saved)])


async def _made(studio: Studio, name: str, picture: str) -> bytes:
    async with attach(studio) as client:
        image = await in_gallery(client, picture, "user", "preprocess")
        return await client.preprocessed(image, name)
