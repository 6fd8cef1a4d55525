"""Cancel within one step: the big blocks of a model ask before they run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final

from torch import nn

BLOCKS: Final = frozenset({
    "ResnetBlock2D", "BasicTransformerBlock", "FluxTransformerBlock", "FluxSingleTransformerBlock",
    "JointTransformerBlock", "CLIPEncoderLayer",
})  # fmt: skip
"""Class names whose forward is a good place to stop: a few dozen per step, each a small part of it."""


@contextmanager
def cancelable(
    check: Callable[[], None], *models: nn.Module, blocks: Collection[str] = BLOCKS
) -> Iterator[None]:
    """While inside, ``check`` is called before every block of ``models`` and may raise to stop the step.

    The exception leaves the model as it was: hooks are removed and no block was half run.
    """

    def ask(_module: nn.Module, _args: tuple[Any, ...]) -> None:
        check()

    handles = [
        module.register_forward_pre_hook(ask)
        for model in models
        for module in model.modules()
        if type(module).__name__ in blocks
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
