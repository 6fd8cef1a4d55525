"""The shipped upscaler does better than interpolation on scenes it has not seen."""

from __future__ import annotations

import pytest


@pytest.mark.engine
def test_it_is_far_better_than_bicubic() -> None:
    from invoke_tui.starter.assemble import SHIPPED
    from invoke_tui.starter.train_upscaler import FILE, measure

    assert (SHIPPED / FILE).stat().st_size < 500_000
    found = measure(SHIPPED / FILE, 12, seed=99)
    assert found["upscaler"] > max(found["bicubic"], found["lanczos"]) + 5
