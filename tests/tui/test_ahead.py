"""What is done while nobody types."""

from __future__ import annotations

import gc
import weakref

from invoke_tui.tui import ahead


class Leftover:
    """Something that knows itself, as garbage does."""

    def __init__(self) -> None:
        self.itself = self


def test_what_starting_left_lying_about_is_thrown_away() -> None:
    gc.disable()
    left = weakref.ref(Leftover())
    gc.freeze()
    gc.enable()
    try:
        gc.collect()
        assert left() is not None, "what is frozen is looked at by nobody"
        ahead.clear_away()
        assert left() is None
    finally:
        gc.unfreeze()
