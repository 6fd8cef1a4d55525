"""Work beside the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec

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
    _worker: Worker[None] = node.run_worker(partial(do, *args, **keywords), group=group, exclusive=True)
