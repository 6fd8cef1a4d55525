"""Prompt and negative prompt exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from invoke_tui.tui.screens.desk import Desk


async def use(desk: Desk) -> None:
    """Exchange them; each editor can take its half back."""
    prompts = desk.screen.prompts
    positive, negative = prompts.positive.text, prompts.negative.text
    if positive == negative:
        desk.screen.notify("Both prompts are the same.", timeout=2, markup=False)
        return
    prompts.positive.rewrite(negative)
    prompts.negative.rewrite(positive)
    desk.screen.notify("Prompt and negative prompt are exchanged.", timeout=2, markup=False)
