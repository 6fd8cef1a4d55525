"""Settings out of pictures that were made elsewhere: what is here is taken, the rest is said."""

from __future__ import annotations

import json

from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.screens.generate import GenerateScreen
from invoke_tui.tui.widgets.settings_form import SettingsForm
from tests.tui.harness import connected, settle

METADATA = {
    "positive_prompt": "a fox",
    "model": {"key": "of another machine", "name": "sdxl-base 1.0"},
    "loras": [{"model": {"key": "gone", "name": "[bold]gone"}, "weight": 0.5}],
    "steps": 12,
    "seed_variance_strength": 0.25,
}


async def test_what_cannot_be_put_back_is_said_in_one_line(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        screen = app.screen
        assert isinstance(screen, GenerateScreen)
        screen._desk.results.recall(METADATA, "recall")
        await settle(pilot, lambda: any("Not as it was" in one.message for one in app._notifications))
        [told] = [one.message for one in app._notifications if "Not as it was" in one.message]
        assert told == "Not as it was: the LoRA [bold]gone is not installed"
        form = screen.query_one(SettingsForm)
        assert form.model is not None
        assert form.model.key == "sdxl-key"
        request = form.request("a fox", "")
        assert request is not None
        assert (request.steps, request.seed_variance_strength) == (12, 0.25)
        assert json.loads(str(form.values()["loras"] or "[]")) == []
