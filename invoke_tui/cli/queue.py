"""``queue``: look at the work, and steer it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from invoke_tui.cli.options import Json, Root, attach, open_studio, program, run
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import ExitCode
from invoke_tui.domain.running.queue import ItemStatus

if TYPE_CHECKING:
    from pathlib import Path

    from invoke_tui.client import StudioClient
    from invoke_tui.domain.running.queue import QueueItem, QueuePage

queue = program("Look at the queue and steer it.")
_Answer = TypeVar("_Answer")
Items = Annotated[list[int], typer.Argument(help="Item ids, as 'queue list' shows them.")]


@queue.command(name="list")
def list_(
    status: Annotated[ItemStatus | None, typer.Option("--status", help="Only these.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")] = 20,
    before: Annotated[int | None, typer.Option("--before", help="'next' of the page before.")] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """List the items, newest first."""
    output = Output(as_json=json)
    page = _ask(root, lambda client: client.queue(status=status, limit=limit, before=before))
    output.result(
        {
            "items": [item_document(item) for item in page.items],
            "counts": page.counts.model_dump(),
            "paused": page.paused,
            "next": page.next,
        },
        _page_lines(output, page),
    )


@queue.command()
def cancel(items: Items, root: Root = None, json: Json = False) -> None:
    """Cancel pending and running items."""
    _change(root, json, lambda client: client.cancel(items), "canceled")


@queue.command()
def retry(items: Items, root: Root = None, json: Json = False) -> None:
    """Enqueue failed and canceled items again."""
    _change(root, json, lambda client: client.retry(items), "enqueued again")


@queue.command()
def clear(root: Root = None, json: Json = False) -> None:
    """Cancel what runs and remove every item; pictures stay."""
    _change(root, json, lambda client: client.clear(), "removed")


@queue.command()
def prune(root: Root = None, json: Json = False) -> None:
    """Remove the finished items; pictures stay."""
    _change(root, json, lambda client: client.prune(), "removed")


@queue.command()
def pause(root: Root = None, json: Json = False) -> None:
    """Start no further item; what runs is finished."""
    _switch(root, json, pausing=True)


@queue.command()
def resume(root: Root = None, json: Json = False) -> None:
    """Start items again."""
    _switch(root, json, pausing=False)


@queue.command()
def watch(
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when nothing waits or runs.")] = False,
    previews: Annotated[bool, typer.Option("--previews", help="With --json: previews too.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Show what happens as it happens; with --json one event a line."""
    from invoke_tui.cli.watch import watch_events

    try:
        run(watch_events(open_studio(root), Output(as_json=json), until_idle=until_idle, previews=previews))
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def item_document(item: QueueItem) -> dict[str, Any]:
    """Return an item as scripts see it."""
    data = item.model_dump(mode="json")
    names = "item_id batch_id status prompt attempts created_at started_at finished_at error hint seed images"
    return {name: item.seed if name == "seed" else data[name] for name in names.split()}


def _page_lines(output: Output, page: QueuePage) -> list[str]:
    rows = [
        (item.item_id, item.status, item.attempts, item.seed, item.error or item.prompt)
        for item in page.items
    ]
    lines = (
        output.table(("id", "status", "tries", "seed", "prompt"), rows) if rows else ["nothing in the queue"]
    )
    counts = ", ".join(f"{count} {name}" for name, count in page.counts.model_dump().items() if count)
    state = "; ".join(part for part in ("paused" if page.paused else "", counts) if part)
    if state:
        lines.append(state)
    return lines


def _ask(root: Path | None, question: Callable[[StudioClient], Awaitable[_Answer]]) -> _Answer:
    async def asked() -> _Answer:
        async with attach(open_studio(root)) as client:
            return await question(client)

    return run(asked())


def _change(
    root: Path | None, json: bool, action: Callable[[StudioClient], Awaitable[int]], done: str
) -> None:
    changed = _ask(root, action)
    Output(as_json=json).result(
        {"changed": changed}, [f"{changed} {'item' if changed == 1 else 'items'} {done}"]
    )


def _switch(root: Path | None, json: bool, *, pausing: bool) -> None:
    async def switch(client: StudioClient) -> int:
        paused = (await client.queue(limit=1)).paused
        await (client.pause() if pausing else client.resume())
        return int(paused != pausing)

    changed = _ask(root, switch)
    Output(as_json=json).result(
        {"changed": changed}, ["the queue is paused" if pausing else "the queue goes on"]
    )
