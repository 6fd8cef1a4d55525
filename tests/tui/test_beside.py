"""Work beside the keyboard that ends after what it was for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from textual.css.query import NoMatches

from invoke_tui.tui.beside import _while_it_is_there


async def show() -> None:
    raise NoMatches("No nodes match 'PictureDetails'")


@pytest.mark.parametrize(("app", "node"), [(False, True), (True, False)])
async def test_what_comes_when_the_screen_is_gone_is_no_error(app: bool, node: bool) -> None:
    there: Any = SimpleNamespace(app=SimpleNamespace(is_running=app), is_running=node)
    await _while_it_is_there(there, show)


async def test_what_is_missing_on_a_screen_that_is_there_is_one() -> None:
    there: Any = SimpleNamespace(app=SimpleNamespace(is_running=True), is_running=True)
    with pytest.raises(NoMatches):
        await _while_it_is_there(there, show)
