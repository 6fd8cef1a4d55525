"""``replay``: a picture once more from what its file says, and whether it is the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from invoke_tui.cli.compare import Comparison, compare
from invoke_tui.cli.options import Json, Root, attach, open_studio, run
from invoke_tui.cli.output import Output
from invoke_tui.cli.progress import ProgressLine
from invoke_tui.cli.said import said_by
from invoke_tui.cli.save import Destination, save
from invoke_tui.cli.taking import in_gallery
from invoke_tui.cli.wait import Wait, wait_for
from invoke_tui.domain.errors import BadInputError, ExitCode, NotFoundError, StudioError
from invoke_tui.domain.gallery.images import PICTURE_NAME
from invoke_tui.domain.gallery.replay import MADE_ON, ReplayOrder, ReplayPlan
from invoke_tui.domain.running.queue import ItemStatus

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.config.settings import Studio
    from invoke_tui.prompt.extract.found import Found

_ONE_OF: Final = (
    ExitCode.FAILED,
    ExitCode.CANCELED,
    ExitCode.NOT_FOUND,
    ExitCode.BAD_INPUT,
    ExitCode.DIFFERS,
)
"""The worst first: of several pictures it is the code of the call."""


def replay(
    pictures: Annotated[
        list[str],
        typer.Argument(
            help="A file, a name in the gallery, or last.", show_default=False, metavar="PICTURE…"
        ),
    ],
    substitute: Annotated[
        list[str] | None,
        typer.Option(
            "--substitute",
            help="Take the second for the first: models by name, pictures of the gallery; an empty one leaves it out.",
            show_default=False,
            metavar="OLD=NEW",
        ),
    ] = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Go on without what is missing.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be made and what is missing.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", help="Copy the pictures to this file or folder.", metavar="FILE_OR_DIR"),
    ] = None,
    front: Annotated[
        bool, typer.Option("--front", help="Before everything that waits in the queue.")
    ] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Make pictures again from what they say, and compare: exit code 0 where every pixel is the same, 6 where not."""
    if dry_run and out:
        raise BadInputError("--dry-run makes no picture, so there is none for --out", code="bad_usage")
    call = _Replays(Output(as_json=json), open_studio(root), pictures, anyway, dry_run, front)
    call.substitutes = _pairs(substitute or [])
    call.destination = Destination.parse(out, len(pictures)) if out else None
    code = run(call.work())
    if code:
        raise typer.Exit(code)


@dataclass
class _Replay:
    """One picture and what became of it."""

    given: str
    data: bytes
    found: Found
    order: ReplayOrder
    plan: ReplayPlan = field(default_factory=ReplayPlan)
    notes: list[str] = field(default_factory=list)
    status: str = "planned"
    code: ExitCode = ExitCode.DONE
    made: dict[str, Any] = field(default_factory=dict)
    comparison: Comparison | None = None

    def told(self) -> list[str]:
        """What differs, in words."""
        return [*(one.message for one in self.plan.differences), *self.notes]

    def as_json(self) -> dict[str, Any]:
        """The picture's part of the document."""
        compared = self.comparison.as_json() if self.comparison else {}
        return {
            "picture": self.given,
            "program": self.found.program,
            "status": self.status,
            **compared,
            "differences": [one.model_dump(mode="json") for one in self.plan.differences],
            "notes": self.notes,
            **self.made,
        }


@dataclass
class _Replays:
    """One call at work."""

    output: Output
    studio: Studio
    given: Sequence[str]
    anyway: bool
    dry_run: bool
    front: bool
    substitutes: dict[str, str] = field(default_factory=dict)
    destination: Destination | None = None

    async def work(self) -> ExitCode:
        """Plan every picture, make those that can be made, compare them."""
        async with attach(self.studio) as client:
            self.substitutes = {
                old: await in_gallery(client, new, "user", "--substitute")
                if PICTURE_NAME.fullmatch(old)
                else new
                for old, new in self.substitutes.items()
            }
            replays = [await self._planned(client, given) for given in self.given]
            items = [i for one in replays if one.plan.enqueued for i in one.plan.enqueued.item_ids]
            wait = Wait(items)
            if items:
                with ProgressLine(self.output) as progress:
                    await wait_for(wait, client, self.studio.paths, progress)
        async with attach(self.studio) as client:  # the first one may have gone with its daemon
            for one in replays:
                if one.plan.enqueued is not None:
                    await self._compared(client, one, wait)
        self._print(replays)
        codes = {one.code for one in replays}
        return next((code for code in _ONE_OF if code in codes), ExitCode.DONE)

    async def _planned(self, client: StudioClient, given: str) -> _Replay:
        said = await said_by(client, given)
        data = await asyncio.to_thread(said.path.read_bytes)
        one = _Replay(given, data, said.found, said.order, notes=list(said.notes))
        one.order = one.order.model_copy(
            update={
                "substitutes": self.substitutes,
                "anyway": self.anyway,
                "dry_run": self.dry_run,
                "front": self.front,
            }
        )
        one.plan = await client.replay(one.order)
        if one.plan.enqueued is None and (one.plan.held_back or not self.dry_run):
            refused = any(step.kind == "unsupported" for step in one.plan.differences)
            one.status = "held back"
            one.code = ExitCode.BAD_INPUT if refused else ExitCode.NOT_FOUND
        return one

    async def _compared(self, client: StudioClient, one: _Replay, wait: Wait) -> None:
        """Fetch what was made and hold it beside the picture."""
        assert one.plan.enqueued is not None
        [item_id] = one.plan.enqueued.item_ids
        status, item = wait.status(item_id), wait.items[item_id]
        one.made["item_id"] = item_id
        if status is not ItemStatus.COMPLETED or item is None:
            one.status = status.value
            one.code = ExitCode.CANCELED if status is ItemStatus.CANCELED else ExitCode.FAILED
            one.notes += [item.error] if item and item.error else []
            return
        records = [await client.image(name) for name in item.images]
        kept = [record for record in records if not record.is_intermediate]
        if not kept:
            one.status, one.code = "failed", ExitCode.FAILED
            one.notes.append("the run made no picture")
            return
        record, data = kept[-1], await client.image_file(kept[-1].image_name)
        path = record.path
        if self.destination is not None:
            place = self.destination.path(record.image_name, self.given.index(one.given) + 1)
            path = str(save(data, place).absolute())
        one.made |= {"image_name": record.image_name, "path": path, "seed": record.seed}
        one.comparison = await asyncio.to_thread(compare, one.data, data)
        one.status = "identical" if one.comparison.identical else "differs"
        if not one.comparison.identical:
            one.code = ExitCode.DIFFERS
            one.notes += _reasons(one.found, (record.metadata or {}).get(MADE_ON))

    def _print(self, replays: Sequence[_Replay]) -> None:
        document: dict[str, Any] = {"replays": [one.as_json() for one in replays]}
        lines = []
        for one in replays:
            made = f"  {one.made['path']}" if "path" in one.made else ""
            lines.append(f"{one.given}: {one.comparison or one.status}{made}")
            lines += [f"  {told}" for told in one.told()]
        codes = {one.code for one in replays}
        error: StudioError | None = None
        if ExitCode.NOT_FOUND in codes:
            error = NotFoundError(
                f"{_of('the picture', replays, ExitCode.NOT_FOUND)} cannot be made again: something is missing",
                hint="'invoke-tui models missing PICTURE' finds it; or give --substitute OLD=NEW, or --anyway.",
                code="missing",
            )
        elif ExitCode.BAD_INPUT in codes:
            error = BadInputError(
                f"{_of('the picture', replays, ExitCode.BAD_INPUT)} cannot be drawn here",
                hint="What stands below says why.",
                code="unsupported",
            )
        if error is not None:
            document = {"error": error.as_json(), **document}
            if not self.output.as_json:
                self.output.error(error)
        self.output.result(document, lines)


def _of(one: str, replays: Sequence[_Replay], code: ExitCode) -> str:
    count = sum(replay.code == code for replay in replays)
    return one if len(replays) == 1 else f"{count} of {len(replays)} pictures"


def _reasons(found: Found, here: Any) -> list[str]:
    """Why pixels may differ although everything is the same."""
    before = found.metadata.get(MADE_ON)
    if not isinstance(before, dict) or not isinstance(here, dict):
        return []
    changes = [
        f"{name} {before.get(name)}, here {here.get(name)}"
        for name in here
        if before.get(name) != here.get(name)
    ]
    return [f"it was made on {'; '.join(changes)}: that rounds otherwise"] if changes else []


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        old, equals, new = text.partition("=")
        if not equals or not old.strip():
            raise BadInputError(
                f"--substitute {text}: expected OLD=NEW", hint="An empty NEW leaves it out.", code="bad_value"
            )
        pairs[old.strip()] = new.strip()
    return pairs
