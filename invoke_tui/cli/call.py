"""One call of ``generate`` at work: enqueue, wait, collect, print."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from invoke_tui.cli.options import attach, run
from invoke_tui.cli.pictures import with_uploads
from invoke_tui.cli.progress import ProgressLine
from invoke_tui.cli.save import save
from invoke_tui.cli.steering import with_steering
from invoke_tui.cli.vary import last_axis
from invoke_tui.cli.wait import Wait, wait_for
from invoke_tui.client.export.sheet import Cell, contact_sheet, in_rows
from invoke_tui.domain.errors import ExitCode, StudioError
from invoke_tui.domain.running.queue import ItemStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke_tui.cli.output import Output
    from invoke_tui.cli.save import Destination
    from invoke_tui.client import StudioClient
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.gallery.images import ImageRecord
    from invoke_tui.domain.request.parameters import GenerationRequest
    from invoke_tui.domain.running.queue import EnqueueResult


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
            requests = [
                await with_steering(client, await with_uploads(client, one))
                for one in (self.request, *self.more)
            ]
            self.enqueued = enqueued = await client.enqueue(*requests, front=self.front)
            for warning in enqueued.warnings:
                self.output.note(f"prompt: {warning}")
            wait = Wait(enqueued.item_ids)
            if self.no_wait:
                await wait.refresh(client)
                self._print(enqueued, wait, [])
                return ExitCode.DONE
            with ProgressLine(self.output) as progress:
                await wait_for(wait, client, self.studio.paths, progress)
        async with attach(self.studio) as client:  # the first one may have gone with its daemon
            images = await self._collect(client, wait, enqueued.per_request)
        self._print(enqueued, wait, images)
        return _exit_code(wait)

    async def _collect(
        self, client: StudioClient, wait: Wait, per_request: Sequence[int]
    ) -> list[dict[str, Any]]:
        """Return the finished pictures, copied to where they were asked for."""
        found: list[dict[str, Any]] = []
        cells: list[tuple[int, Cell]] = []
        request_of = [number for number, count in enumerate(per_request) for _ in range(count)]
        for at, item in enumerate(wait.items.values()):
            for name in item.images if item else ():
                record = await client.image(name)
                if record.is_intermediate:
                    continue
                path = record.path
                if self.destination is not None:
                    place = self.destination.path(name, len(found) + 1)
                    path = str(save(await client.image_file(name), place).absolute())
                if self.preview:
                    show(await client.image_file(name), self.studio)
                found.append(_image_document(record, path))
                if self.labels and self.destination is not None:
                    label = (*self.labels[request_of[at]], f"seed {record.seed}")
                    cells.append((request_of[at], Cell(await client.thumbnail(name), label)))
        if cells and self.destination is not None:
            place = self.destination.folder / f"{self.destination.stem or 'vary'}-sheet.png"
            save(contact_sheet(*in_rows(cells, last_axis(self.labels))), place)
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


def show(data: bytes, studio: Studio) -> None:
    """Show a picture where the terminal can."""
    protocol = studio.settings.image_protocol
    if protocol == "none" or not sys.stdout.isatty():
        return
    from invoke_tui.tui.pictures.decode import open_picture
    from invoke_tui.tui.pictures.detect import detect
    from invoke_tui.tui.pictures.inline import print_image

    print_image(open_picture(data), graphics=detect(override=protocol))
