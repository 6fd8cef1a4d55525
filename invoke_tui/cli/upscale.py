"""``upscale``: pictures, or whole folders of them, made larger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from invoke_tui.cli.creative import creative_flags
from invoke_tui.cli.options import Json, Root, attach, open_studio, run
from invoke_tui.cli.output import Output
from invoke_tui.cli.progress import ProgressLine
from invoke_tui.cli.save import Destination, save
from invoke_tui.cli.taking import in_gallery
from invoke_tui.cli.wait import Wait, wait_for
from invoke_tui.domain.errors import BadInputError, ExitCode, NotFoundError, StudioError
from invoke_tui.domain.request.creative import CREATIVE_SCALE, CreativeRequest
from invoke_tui.domain.request.upscaling import MOST_PICTURES, MOST_SCALE, TILE_SIZE, UpscaleRequest
from invoke_tui.domain.running.queue import ItemStatus

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.config.settings import Studio

SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"})


@creative_flags
def upscale(
    pictures: Annotated[
        list[str], typer.Argument(help="Files, folders, names in the gallery, or last.", metavar="PICTURE...")
    ],
    model: Annotated[
        str | None, typer.Option("--model", help="Upscaler; the first one when not given.", metavar="NAME")
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            "--scale",
            min=0.01,
            max=MOST_SCALE,
            help="Times as large; else what the upscaler makes, or 4 with --creative.",
        ),
    ] = None,
    tile_size: Annotated[
        int,
        typer.Option(
            "--tile-size",
            min=0,
            max=8192,
            help="Side of the tiles in pixels; 0 is the whole picture at once.",
        ),
    ] = TILE_SIZE,
    multiple_of_8: Annotated[
        bool, typer.Option("--multiple-of-8", help="Round the sides down to multiples of 8.")
    ] = False,
    board: Annotated[str | None, typer.Option("--board", help="Where the gallery puts them.")] = None,
    out: Annotated[
        str | None, typer.Option("--out", help="Copy the pictures to this folder.", metavar="DIR")
    ] = None,
    front: Annotated[bool, typer.Option("--front", help="Before everything that waits.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Enqueue and return.")] = False,
    root: Root = None,
    json: Json = False,
    creative: CreativeRequest | None = None,
) -> None:
    """Make pictures larger, all in one batch; with --creative a model draws details anew, tile by tile."""
    if no_wait and out:
        raise BadInputError("--out waits for the pictures; leave out --no-wait", code="bad_usage")
    folder = Destination.parse(f"{out.rstrip('/')}/", 2).folder if out else None
    given = list(_files(pictures))
    if len(given) > MOST_PICTURES:
        raise BadInputError(f"{len(given)} pictures; the most are {MOST_PICTURES}", code="bad_value")
    wishes = UpscaleRequest(
        images=["?"],
        model=model,
        scale=scale,
        tile_size=tile_size,
        fit_to_multiple_of_8=multiple_of_8,
        creative=creative,
        board=board,
    )
    call = _Call(Output(as_json=json), open_studio(root), given, wishes, folder, front, no_wait)
    code = run(call.work())
    if code:
        raise typer.Exit(code)


@dataclass(frozen=True)
class _Given:
    """A picture by file or by name; one that was found in a folder may turn out to be none."""

    name: str
    in_folder: bool = False

    @property
    def stem(self) -> str:
        return Path(self.name).stem


def _files(named: Sequence[str]) -> Iterator[_Given]:
    """What the words on the command line stand for; folders are taken without their folders."""
    for name in named:
        path = Path(name).expanduser()
        if not path.is_dir():
            yield _Given(name)
            continue
        try:
            found = sorted(
                file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file()
            )
        except OSError as error:
            raise BadInputError(f"{name}: {error.strerror}", code="cannot_read") from error
        if not found:
            raise NotFoundError(
                f"{name}: there is no picture in this folder",
                hint=f"Pictures end in {', '.join(sorted(SUFFIXES))}.",
                code="no_file",
            )
        yield from (_Given(str(file), in_folder=True) for file in found)


@dataclass
class _Call:
    """One call, from the files to the printed result."""

    output: Output
    studio: Studio
    given: Sequence[_Given]
    wishes: UpscaleRequest
    folder: Path | None
    front: bool
    no_wait: bool

    async def work(self) -> int:
        """Do it all and return the exit code."""
        async with attach(self.studio) as client:
            taken, skipped = await self._take_in(client)
            request = self.wishes.model_copy(update={"images": [name for _, name in taken]})
            enqueued = await client.upscale(request, front=self.front)
            wait = Wait(enqueued.item_ids)
            if self.no_wait:
                self._print(wait, taken, {}, skipped)
                return ExitCode.DONE
            with ProgressLine(self.output) as progress:
                await wait_for(wait, client, self.studio.paths, progress)
        async with attach(self.studio) as client:  # the first one may have gone with its daemon
            made = await self._collect(client, wait, taken)
        return self._print(wait, taken, made, skipped)

    async def _take_in(self, client: StudioClient) -> tuple[list[tuple[_Given, str]], list[dict[str, str]]]:
        """Names in the gallery; a bad file in a folder is skipped, one that was named is an error."""
        taken: list[tuple[_Given, str]] = []
        skipped: list[dict[str, str]] = []
        for one in self.given:
            try:
                taken.append((one, await in_gallery(client, one.name, "user", "upscale")))
            except (BadInputError, NotFoundError) as error:  # not found: it has gone meanwhile
                if not one.in_folder:
                    raise
                self.output.note(f"skipped: {error.message}")
                skipped.append({"file": one.name, **error.as_json()})
        if not taken:
            raise BadInputError("none of the files is a picture that can be read", code="not_a_picture")
        return taken, skipped

    async def _collect(
        self, client: StudioClient, wait: Wait, taken: Sequence[tuple[_Given, str]]
    ) -> dict[int, dict[str, Any]]:
        """The finished pictures by item, copied to where they were asked for."""
        made: dict[int, dict[str, Any]] = {}
        for (item_id, item), (one, _) in zip(wait.items.items(), taken, strict=True):
            for name in item.images if item else ():
                record = await client.image(name)
                path = record.path
                if self.folder is not None:
                    scale = self.wishes.scale or (CREATIVE_SCALE if self.wishes.creative else None)
                    times = f"{scale:g}x" if scale else "upscaled"
                    place = _free(self.folder / f"{one.stem}-{times}{Path(name).suffix}", made.values())
                    path = str(save(await client.image_file(name), place).absolute())
                data = record.model_dump(mode="json", include={"image_name", "width", "height", "metadata"})
                made[item_id] = {**data, "path": path}
        return made

    def _print(
        self,
        wait: Wait,
        taken: Sequence[tuple[_Given, str]],
        made: dict[int, dict[str, Any]],
        skipped: list[dict[str, str]],
    ) -> int:
        items = [
            {
                "item_id": item_id,
                "source": one.name,
                "status": wait.status(item_id).value,
                "error": item.error if item else None,
                "hint": item.hint if item else None,
            }
            for (item_id, item), (one, _) in zip(wait.items.items(), taken, strict=True)
        ]
        document: dict[str, Any] = {"items": items, "images": list(made.values()), "skipped": skipped}
        lines = [f"{image['path']}  {image['width']} x {image['height']}" for image in made.values()]
        if self.no_wait:
            self.output.result(document, [f"enqueued {len(items)} pictures"])
            return ExitCode.DONE
        bad = [item for item in items if item["status"] != ItemStatus.COMPLETED]
        if bad:
            reason = bad[0]["error"] or bad[0]["status"]
            error = StudioError(
                f"{len(bad)} of {len(items)} pictures failed: {bad[0]['source']}: {reason}",
                hint=str(bad[0]["hint"] or ""),
            )
            document = {"error": error.as_json(), **document}
            if not self.output.as_json:
                self.output.error(error)
        self.output.result(document, lines)
        if not bad:
            return ExitCode.FAILED if skipped else ExitCode.DONE
        return ExitCode.CANCELED if bad[0]["status"] == ItemStatus.CANCELED else ExitCode.FAILED


def _free(place: Path, made: Any) -> Path:
    """Two files of one name in this call get two places."""
    used = {str(image["path"]) for image in made}
    number, found = 2, place
    while str(found.absolute()) in used:
        found, number = place.with_stem(f"{place.stem}-{number}"), number + 1
    return found
