"""The window that makes pictures larger, with its switch for drawing them again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.widgets import Input, Select, Static

from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.domain.request.creative import CreativeRequest
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.screens.upscale import UpscaleScreen
from invoke_tui.tui.widgets.fields import Field, Toggle
from invoke_tui.tui.widgets.results_strip import ResultsStrip
from tests.support.requests import model_record
from tests.tui.fake_client import FakeClient, paint
from tests.tui.fake_pictures import a_picture
from tests.tui.harness import connected, make_app, settle, words

UPSCALER = model_record(key="up", name="up", base=BaseModelType.ANY, type=ModelType.SPANDREL, path="/m/up")
TILE = model_record(key="tile", name="My Tile", type=ModelType.CONTROLNET, path="/m/tile")
MADE_WITH: dict[str, Any] = {"positive_prompt": "[bold]a fox[/]", "negative_prompt": "blur"}


async def test_a_picture_is_drawn_again_with_its_own_prompt(app: InvokeTuiApp, client: FakeClient) -> None:
    client.pictures["fox.png"] = (a_picture("fox.png", 512, 384, metadata=MADE_WITH), paint(1))
    client.records += [UPSCALER, model_record(key="f", name="flux", base=BaseModelType.FLUX, path="/m/f")]
    async with app.run_test(size=(104, 34)) as pilot:
        await connected(pilot)
        strip = app.screen.query_one(ResultsStrip)
        await settle(pilot, lambda: strip.images)
        strip.focus()
        await pilot.press("u")
        await settle(pilot, lambda: app.focused and app.focused.id == "field-scale")
        assert isinstance(app.screen, UpscaleScreen)
        size, note = (app.screen.query_one(f"#{name}", Static) for name in ("upscale-size", "creative-note"))
        assert not note.region, "there is nothing of it before it is switched on"
        app.screen.query_one("#creative-on", Toggle).action_flip()
        await settle(pilot, lambda: "2048 × 1536" in words(size))
        assert app.screen.query_one("#creative-positive_prompt", Input).value == MADE_WITH["positive_prompt"]
        # how much there is to draw, and that the ControlNet that holds the shapes is not there yet
        await settle(pilot, lambda: "6 tiles, 50% of the steps" in words(note))
        mains = app.screen.query_one("#creative-main", Select)
        assert "f" not in {value for _, value in mains._options}, "FLUX draws no tiles"
        mains.value = "starter-key"
        await settle(pilot, lambda: "models install tile-sd-1" in words(note))
        creativity = app.screen.query_one("#field-creative_creativity", Input)
        creativity.focus()
        await pilot.press("-", "1", "1")
        row = app.screen.query_one("#row-creative_creativity", Field)
        await settle(pilot, lambda: row.has_class("-invalid"))
        await pilot.press("enter")
        assert app.focused is creativity, "what is wrong is not sent"
        await pilot.press("backspace")
        await settle(pilot, lambda: "55% of the steps" not in words(note) and "45% of" in words(note))
        app.screen.query_one("#field-scale", Input).value = "2"
        await settle(pilot, lambda: "1024 × 768" in words(size) and "1 tile," in words(note))
        app.screen.query_one("#creative-control", Select).value = "none"
        await settle(pilot, lambda: "tile-sd-1" not in words(note))
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: client.upscalings)
        sent = client.upscalings[0]
        assert (sent.images, sent.model, sent.scale) == (["fox.png"], "up", 2)
        assert sent.creative == CreativeRequest(
            model="starter-key", creativity=-1, uncontrolled=True, **MADE_WITH
        )


async def test_several_pictures_are_asked_about_once(tmp_path: Path, client: FakeClient) -> None:
    app = make_app(tmp_path, client, screen="queue")
    client.records += [UPSCALER, TILE]
    pictures = [a_picture("a.png", 64, 64, metadata=MADE_WITH), a_picture("b.png", 128, 96)]
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        answers: list[object] = []
        app.push_screen(UpscaleScreen(*pictures), answers.append)
        await settle(pilot, lambda: app.focused and app.focused.id == "field-scale")
        app.screen.query_one("#creative-on", Toggle).action_flip()
        note = app.screen.query_one("#creative-note", Static)
        await settle(pilot, lambda: "1 tile, 50%" in words(note) and "tile-sd-1" not in words(note))
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: answers)
        [sent] = answers
        assert sent.images == ["a.png", "b.png"]  # type: ignore[attr-defined]
