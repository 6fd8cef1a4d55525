"""The shipped weights draw what a prompt asks for."""

from __future__ import annotations

import pytest

from invoke_tui.starter.measure import measure

pytest.importorskip("torch")


def test_a_red_circle_on_a_blue_background() -> None:
    from invoke_tui.starter.layout import MODEL_DIR
    from invoke_tui.starter.sampling import Starter

    starter = Starter.load(MODEL_DIR)
    starter.steps = 12
    reading = measure(starter("a red circle on a blue background", "", 1))
    assert (reading.colour, reading.background) == ("red", "blue")
    assert reading.shape == "circle"
    assert 0.1 < reading.cover < 0.4
