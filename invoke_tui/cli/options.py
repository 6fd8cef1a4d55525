"""Flags that several verbs share, and the studio they lead to."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from invoke_tui.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from invoke_tui.client import StudioClient
    from invoke_tui.config.settings import Studio

_Result = TypeVar("_Result")

Root = Annotated[
    Path | None,
    typer.Option(
        "--root", help="One folder for everything of one studio.", metavar="DIR", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.", show_default=False)]

_common_root: list[Path] = []


def remember_root(root: Path | None) -> None:
    """Keep the ``--root`` that stood before the verb."""
    _common_root[:] = [root] if root else []


def common_root(root: Path | None) -> Path | None:
    """Return the ``--root`` behind the verb, else the one before it."""
    return root or (_common_root[0] if _common_root else None)


def open_studio(root: Path | None, **overrides: Any) -> Studio:
    """Load the settings of the studio a verb was asked to work on."""
    from invoke_tui.config.settings import load

    studio = load(common_root(root), **overrides)
    for remark in studio.notes:
        Output(as_json=False).note(f"invoke-tui: {studio.paths.config_file}: {remark}")
    return studio


def attach(studio: Studio, *, start: bool = True) -> AbstractAsyncContextManager[StudioClient]:
    """Connect to the daemon, starting it when none runs."""

    @asynccontextmanager
    async def connected() -> AsyncIterator[StudioClient]:
        from invoke_tui.client import StudioClient

        client = await StudioClient.connect(studio.paths, start=start)
        try:
            yield client
        finally:
            await client.close()

    return connected()


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a verb's work. SIGTERM and a hang-up end it as Ctrl-C does: first it tidies up."""
    told: list[signal.Signals] = []

    async def to_its_end() -> _Result:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def end(number: signal.Signals) -> None:
            told.append(number)
            task.cancel()

        for number in _ends():
            loop.add_signal_handler(number, end, number)
        return await work

    try:
        return asyncio.run(to_its_end())
    except asyncio.CancelledError:
        if told:  # and now as if nobody had listened
            os.kill(os.getpid(), told[0])
        raise


def _ends() -> Iterator[signal.Signals]:
    """What is not ignored, as a hang-up under nohup is; only the main thread can listen."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                yield number


def program(help_text: str) -> typer.Typer:
    """Return a group of verbs. Plain help: a description may hold brackets, which are no markup."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
