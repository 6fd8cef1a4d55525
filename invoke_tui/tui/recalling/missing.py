"""A model that a picture names and that is not here: looked for, and installed after asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke_tui.domain.models.installs import InstallRequest
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.words import size

if TYPE_CHECKING:
    from invoke_tui.domain.models.records import ModelRecord
    from invoke_tui.domain.models.wanted import FoundModel, WantedModel
    from invoke_tui.tui.recalling.dialog import RecallScreen


async def look_for(screen: RecallScreen, wanted: WantedModel) -> tuple[str, ModelRecord | None]:
    """What became of it in a sentence, and the model where it is here under another name. Raises ``StudioError``."""
    client = await screen.studio.link.client()
    found = await client.find_model(wanted)
    if found.here is not None:
        return f"It is here, and is called {safe_text(found.here.name, limit=100)}.", found.here
    if not await screen.app.push_screen_wait(ConfirmScreen(_question(wanted, found), "Install it")):
        return "Nothing was installed.", None
    answer = await client.install(InstallRequest(source=found.source))
    if not answer.jobs:
        return "It is installed already.", answer.installed[-1] if answer.installed else None
    return f"{_called(found)} is on its way: alt+5 shows how far it is. This list follows.", None


def _question(wanted: WantedModel, found: FoundModel) -> str:
    theirs = f"as the {wanted.called} {wanted} of the picture"
    weight = f", {size(found.size)}" if found.size else ""
    if found.by == "hash":
        return f"Install {_called(found)} from Civitai{weight}? It has the same content {theirs}."
    return (
        f"Install {_called(found)} from the starter models{weight}? It is called the same {theirs}; whether it has "
        "the same content cannot be told."
    )


def _called(found: FoundModel) -> str:
    return safe_text(found.name, limit=100)
