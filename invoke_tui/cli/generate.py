"""``generate``: from a prompt to files."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from invoke_tui.cli.forecast import print_forecast
from invoke_tui.cli.options import Json, Root, attach, open_studio, run
from invoke_tui.cli.output import Output
from invoke_tui.cli.parameters import explain, flag, loras
from invoke_tui.cli.pictures import picture_flags, with_uploads
from invoke_tui.cli.progress import ProgressLine
from invoke_tui.cli.prompts_file import read_prompts
from invoke_tui.cli.save import Destination, save
from invoke_tui.cli.sheet import Cell, contact_sheet
from invoke_tui.cli.vary import dynamic_values, last_axis, matrix, over_preset
from invoke_tui.cli.wait import Wait, wait_for
from invoke_tui.domain.errors import BadInputError, ExitCode, StudioError
from invoke_tui.domain.parameters import PROMPT_LIMIT, GenerationRequest, LongPrompts
from invoke_tui.domain.queue import ItemStatus
from invoke_tui.prompt.dynamic.scan import is_dynamic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke_tui.client import StudioClient
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.images import ImageRecord
    from invoke_tui.domain.queue import EnqueueResult


@picture_flags
def generate(
    prompt: Annotated[
        str, typer.Argument(help="What the picture shows; - reads it from stdin.", show_default=False)
    ] = "",
    negative: Annotated[str, flag("negative_prompt", "--negative", "-n", metavar="TEXT")] = "",
    model: Annotated[str | None, flag("model", metavar="NAME")] = None,
    vae: Annotated[str | None, flag("vae", metavar="NAME")] = None,
    width: Annotated[int | None, flag("width")] = None,
    height: Annotated[int | None, flag("height")] = None,
    steps: Annotated[int | None, flag("steps")] = None,
    cfg_scale: Annotated[float | None, flag("cfg_scale")] = None,
    cfg_rescale: Annotated[float | None, flag("cfg_rescale_multiplier")] = None,
    guidance: Annotated[float | None, flag("guidance")] = None,
    scheduler: Annotated[str | None, flag("scheduler", metavar="NAME")] = None,
    seed: Annotated[int | None, flag("seed")] = None,
    count: Annotated[int, flag("count")] = 1,
    clip_skip: Annotated[int, flag("clip_skip")] = 0,
    long_prompts: Annotated[LongPrompts, flag("long_prompts")] = "chunks",
    ignored_to_negative: Annotated[bool, flag("ignored_to_negative")] = False,
    seamless: Annotated[
        str,
        typer.Option(
            "--seamless", help="Tile without a seam along x, y or x,y.", show_default=False, metavar="AXES"
        ),
    ] = "",
    t5_encoder: Annotated[str | None, flag("t5_encoder", metavar="NAME")] = None,
    clip_embed: Annotated[str | None, flag("clip_embed", metavar="NAME")] = None,
    clip_g: Annotated[str | None, flag("clip_g", metavar="NAME")] = None,
    lora: Annotated[
        list[str] | None,
        typer.Option(
            "--lora",
            help="A LoRA and how strongly it is applied, -10 to 10; can be given several times.",
            show_default=False,
            metavar="NAME:W",
        ),
    ] = None,
    refiner: Annotated[str | None, flag("refiner_model", metavar="NAME")] = None,
    refiner_steps: Annotated[int, flag("refiner_steps")] = 20,
    refiner_cfg_scale: Annotated[float, flag("refiner_cfg_scale")] = 7.5,
    refiner_scheduler: Annotated[str, flag("refiner_scheduler", metavar="NAME")] = "euler",
    refiner_start: Annotated[float, flag("refiner_start")] = 0.8,
    template: Annotated[str | None, flag("template", metavar="NAME")] = None,
    preset: Annotated[
        str | None,
        typer.Option("--preset", help="Begin with the settings of this preset.", metavar="NAME"),
    ] = None,
    prompts_file: Annotated[
        str | None,
        typer.Option(
            "--prompts-file", help="One prompt a line, # begins a comment; - reads stdin.", metavar="FILE"
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            help="Make pictures for each of these values, e.g. steps=20,30 or cfg=5:9:2; several multiply.",
            show_default=False,
            metavar="NAME=VALUES",
        ),
    ] = None,
    max_prompts: Annotated[int | None, flag("max_prompts")] = None,
    combinatorial: Annotated[
        bool | None,
        typer.Option(
            "--combinatorial/--random", help="Dynamic prompts: all combinations, or --count random draws."
        ),
    ] = None,
    dynamic: Annotated[
        bool | None, typer.Option("--dynamic/--no-dynamic", help="Expand {a|b} and wildcards in the prompt.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", help="Copy the pictures to this file or folder.", metavar="FILE_OR_DIR"),
    ] = None,
    front: Annotated[
        bool, typer.Option("--front", help="Before everything that waits in the queue.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Enqueue and leave; the studio goes on.")
    ] = False,
    wait_cancel: Annotated[bool, typer.Option("--wait-cancel", help="Ctrl-C cancels the work.")] = False,
    forecast: Annotated[
        bool, typer.Option("--forecast", help="Say what one picture will take, and make none.")
    ] = False,
    preview: Annotated[
        bool | None, typer.Option("--preview/--no-preview", help="Show the pictures in this terminal.")
    ] = None,
    root: Root = None,
    json: Json = False,
    picture: dict[str, Any] | None = None,
) -> None:
    """Make pictures and wait for them."""
    output = Output(as_json=json)
    if no_wait and out:
        raise BadInputError("--out needs the pictures and --no-wait does not wait for them", code="bad_usage")
    if forecast and (no_wait or out):
        raise BadInputError(
            "--forecast makes no picture, so there is none for --out or --no-wait", code="bad_usage"
        )
    if bool(prompt) == bool(prompts_file) and not (preset and not prompt):
        raise BadInputError("a prompt or --prompts-file is needed, and not both", code="bad_usage")
    request = _request(
        positive_prompt=_prompt(prompt),
        negative_prompt=negative,
        model=model,
        vae=vae,
        width=width,
        height=height,
        steps=steps,
        cfg_scale=cfg_scale,
        cfg_rescale_multiplier=cfg_rescale,
        guidance=guidance,
        scheduler=scheduler,
        seed=seed,
        **({} if combinatorial is False and max_prompts is None else {"count": count}),
        clip_skip=clip_skip,
        long_prompts=long_prompts,
        ignored_to_negative=ignored_to_negative,
        t5_encoder=t5_encoder,
        clip_embed=clip_embed,
        clip_g=clip_g,
        loras=loras(lora or []),
        refiner_model=refiner,
        refiner_steps=refiner_steps,
        refiner_cfg_scale=refiner_cfg_scale,
        refiner_scheduler=refiner_scheduler,
        refiner_start=refiner_start,
        template=template,
        **dynamic_values(dynamic, combinatorial, max_prompts, count),
        **_axes(seamless),
        **(picture or {}),
    )
    if preset:
        request = over_preset(open_studio(root), preset, request)
    requests = [request]
    if prompts_file:
        lines = read_prompts(prompts_file)
        requests = [request.model_copy(update={"positive_prompt": line}) for line in lines]
    varied = [made for one in requests for made in matrix(one, vary or [])]
    request = varied[0][0]
    if forecast:
        print_forecast(output, open_studio(root), request)
        return
    call = Call(
        output, open_studio(root), request, front=front, no_wait=no_wait, cancel_on_interrupt=wait_cancel
    )
    call.more = [one for one, _ in varied[1:]]
    call.labels = [tuple(f"{name}={value}" for name, value in chosen) for _, chosen in varied] if vary else []
    # a dynamic prompt may stand for many pictures: number the files whenever there could be more than one
    several = len(varied) > 1 or request.count > 1 or is_dynamic(request.positive_prompt)
    call.destination = Destination.parse(out, 2 if several else 1) if out else None
    call.preview = output.on_terminal if preview is None else preview and not json
    code = call.run()
    if code:
        raise typer.Exit(code)


@dataclass
class Call:
    """One call of ``generate``, from enqueueing to the printed result."""

    output: Output
    studio: Studio
    request: GenerationRequest
    front: bool = False
    no_wait: bool = False
    cancel_on_interrupt: bool = False
    preview: bool = False
    destination: Destination | None = None
    enqueued: EnqueueResult | None = None
    more: Sequence[GenerationRequest] = ()
    labels: Sequence[tuple[str, ...]] = ()
    """What is special about each request of a ``--vary``."""

    def run(self) -> int:
        """Do it all and return the exit code."""
        try:
            return run(self._work())
        except KeyboardInterrupt:
            if self.enqueued is None:
                raise
            return self._interrupted(self.enqueued)

    async def _work(self) -> int:
        async with attach(self.studio) as client:
            requests = [await with_uploads(client, one) for one in (self.request, *self.more)]
            self.enqueued = enqueued = await client.enqueue(*requests, front=self.front)
            for warning in enqueued.warnings:
                self.output.note(f"dynamic prompt: {warning}")
            wait = Wait(enqueued.item_ids)
            if self.no_wait:
                await wait.refresh(client)
                self._print(enqueued, wait, [])
                return ExitCode.DONE
            with ProgressLine(self.output) as progress:
                await wait_for(wait, client, self.studio.paths, progress)
        async with attach(self.studio) as client:  # the first one may have gone with its daemon
            images = await self._collect(client, wait)
        self._print(enqueued, wait, images)
        return _exit_code(wait)

    async def _collect(self, client: StudioClient, wait: Wait) -> list[dict[str, Any]]:
        """Return the finished pictures, copied to where they were asked for."""
        found: list[dict[str, Any]] = []
        cells: list[Cell] = []
        each = max(1, len(wait.items) // max(1, len(self.labels)))
        for number, item in enumerate(wait.items.values()):
            for name in item.images if item else ():
                record = await client.image(name)
                if record.is_intermediate:
                    continue
                path = record.path
                if self.destination is not None:
                    place = self.destination.path(name, len(found) + 1)
                    path = str(save(await client.image_file(name), place).absolute())
                if self.preview:
                    _show(await client.image_file(name), self.studio)
                found.append(_image_document(record, path))
                if self.labels and self.destination is not None:
                    label = self.labels[min(number // each, len(self.labels) - 1)]
                    cells.append(Cell(await client.thumbnail(name), (*label, f"seed {record.seed}")))
        if cells and self.destination is not None:
            place = self.destination.folder / f"{self.destination.stem or 'vary'}-sheet.png"
            save(contact_sheet(cells, last_axis(self.labels) * each), place)
            self.output.note(f"contact sheet: {place}")
        return found

    def _print(self, enqueued: EnqueueResult, wait: Wait, images: list[dict[str, Any]]) -> None:
        seeds = dict(zip(enqueued.item_ids, enqueued.seeds, strict=False))
        items = [_item_document(wait, item_id, seeds.get(item_id)) for item_id in wait.items]
        document: dict[str, Any] = {"batch_id": enqueued.batch_id, "items": items, "images": images}
        failure = _failure(items)
        if failure is not None and not self.no_wait:
            document = {"error": failure.as_json(), **document}
            if not self.output.as_json:
                self.output.error(failure)
        lines = [f"{image['path']}  seed {image['seed']}" for image in images]
        if self.no_wait:
            first, last = enqueued.item_ids[0], enqueued.item_ids[-1]
            lines = [f"enqueued {f'item {first}' if first == last else f'items {first} to {last}'}"]
        self.output.result(document, lines)

    def _interrupted(self, enqueued: EnqueueResult) -> int:
        ids = " ".join(map(str, enqueued.item_ids[:10])) + (" …" if len(enqueued.item_ids) > 10 else "")
        message, hint = "interrupted; the work goes on", f"'invoke-tui queue cancel {ids}' stops it."
        if self.cancel_on_interrupt:
            canceled = run(self._cancel(enqueued))
            message, hint = f"interrupted; {canceled} of {len(enqueued.item_ids)} items canceled", ""
        error = StudioError(message, hint=hint, code="interrupted")
        if self.output.as_json:
            items = [{"item_id": item_id} for item_id in enqueued.item_ids]
            self.output.json_line({"error": error.as_json(), "batch_id": enqueued.batch_id, "items": items})
        else:
            self.output.error(error)
        return ExitCode.INTERRUPTED

    async def _cancel(self, enqueued: EnqueueResult) -> int:
        async with attach(self.studio, start=False) as client:
            return await client.cancel(enqueued.item_ids)


def _prompt(text: str) -> str:
    if text != "-":
        return text
    data = sys.stdin.buffer.read(4 * PROMPT_LIMIT + 1)
    try:
        return data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadInputError("the prompt on stdin is not UTF-8 text", code="bad_value") from error


def _axes(text: str) -> dict[str, bool]:
    axes = {part.strip().lower() for part in text.split(",") if part.strip()}
    if axes - {"x", "y"}:
        raise BadInputError(f"--seamless {text}: expected x, y or x,y", code="bad_value")
    return {"seamless_x": "x" in axes, "seamless_y": "y" in axes}


def _request(**values: Any) -> GenerationRequest:
    try:
        return GenerationRequest(**values)
    except ValidationError as error:
        raise explain(error) from error


def _item_document(wait: Wait, item_id: int, seed: int | None) -> dict[str, Any]:
    item = wait.items[item_id]
    removed = "removed from the queue" if item_id in wait.gone else None
    return {
        "item_id": item_id,
        "status": wait.status(item_id).value,
        "seed": seed if item is None or item.seed is None else item.seed,
        "attempts": item.attempts if item else 0,
        "error": item.error if item and item.error else removed,
        "hint": item.hint if item else None,
    }


def _image_document(record: ImageRecord, path: str) -> dict[str, Any]:
    data = record.model_dump(mode="json", include={"image_name", "width", "height", "metadata"})
    return {**data, "path": path, "seed": record.seed}


def _failure(items: list[dict[str, Any]]) -> StudioError | None:
    failed = [item for item in items if item["status"] == ItemStatus.FAILED]
    canceled = [item for item in items if item["status"] == ItemStatus.CANCELED]
    of_all = f"{len(failed or canceled)} of {len(items)} pictures" if len(items) > 1 else "the picture"
    if failed:
        reason = failed[0]["error"] or "no reason was given"
        return StudioError(
            f"{of_all} failed: {reason}", hint=failed[0]["hint"] or "See 'invoke-tui studio logs'."
        )
    if canceled:
        return StudioError(
            f"{of_all} was canceled" if len(items) == 1 else f"{of_all} were canceled", code="canceled"
        )
    return None


def _exit_code(wait: Wait) -> ExitCode:
    states = {wait.status(item_id) for item_id in wait.items}
    if ItemStatus.FAILED in states:
        return ExitCode.FAILED
    return ExitCode.CANCELED if ItemStatus.CANCELED in states else ExitCode.DONE


def _show(data: bytes, studio: Studio) -> None:
    """Show a picture where the terminal can."""
    protocol = studio.settings.image_protocol
    if protocol == "none" or not sys.stdout.isatty():
        return
    from invoke_tui.tui.pictures.decode import open_picture
    from invoke_tui.tui.pictures.detect import detect
    from invoke_tui.tui.pictures.inline import print_image

    print_image(open_picture(data), graphics=detect(override=protocol))
