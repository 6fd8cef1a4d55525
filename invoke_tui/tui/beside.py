"""Work beside the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec

from textual.css.query import NoMatches

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
) -> None:
    """Do something in a worker of ``node``, in the place of what its group does.

    The coroutine is made when its turn comes: a worker that is cancelled before leaves none behind unawaited.
    """
    work = partial(_while_it_is_there, node, partial(do, *args, **keywords))
    _worker: Worker[None] = node.run_worker(work, group=group, exclusive=True)


async def _while_it_is_there(node: DOMNode, do: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """At the end of the application widgets go before the workers that were about to show something in them."""
    try:
        await do()
    except NoMatches:
        if node.app.is_running and node.is_running:
            raise
