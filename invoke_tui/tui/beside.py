"""Work beside the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec

from textual.app import ScreenStackError
from textual.css.query import NoMatches
from textual.signal import SignalError

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.worker import Worker

P = ParamSpec("P")


def beside(
    node: DOMNode,
    group: str,
    do: Callable[P, Coroutine[Any, Any, None]],
    *args: P.args,
    **keywords: P.kwargs,
) -> Worker[None]:
    """Do something in a worker of ``node``, in the place of what its group does.

    The coroutine is made when its turn comes: a worker that is cancelled before leaves none behind unawaited.
    """
    return node.run_worker(_work(node, partial(do, *args, **keywords)), group=group, exclusive=True)


def alongside(
    node: DOMNode,
    group: str,
    do: Callable[P, Coroutine[Any, Any, None]],
    *args: P.args,
    **keywords: P.kwargs,
) -> Worker[None]:
    """Do something in a worker of ``node``, and with it whatever its group does already."""
    return node.run_worker(_work(node, partial(do, *args, **keywords)), group=group)


def _work(
    node: DOMNode, do: Callable[[], Coroutine[Any, Any, None]]
) -> Callable[[], Coroutine[Any, Any, None]]:
    """When a screen or the application ends, widgets go before the workers that were about to show something."""

    async def work() -> None:
        try:
            await do()
        except (NoMatches, ScreenStackError, SignalError):
            if node.app.is_running and node.is_running and not node._pruning:
                raise

    return work
