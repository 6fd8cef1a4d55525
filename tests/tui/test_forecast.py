"""What the next picture will take, under the settings."""

from __future__ import annotations

import asyncio

from invoke_tui.domain.errors import UnreachableError
from invoke_tui.domain.events import ModelsChanged
from invoke_tui.domain.request.forecast import Forecast
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.widgets.forecast_line import ForecastLine
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, settle, words


async def test_it_is_asked_once_for_many_changes(app: InvokeTuiApp, client: FakeClient) -> None:
    client.streamed_share = 0.31
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        line = app.screen.query_one(ForecastLine)
        await settle(pilot, lambda: "needs 9.8 of 8.0 GB" in words(line))
        assert words(line).startswith("! "), "a mark beside the colour"
        places = [widget.region for widget in app.screen.query("#form > *")]
        asked = len(client.forecasts)
        app.screen.query_one("#field-width").focus()
        await pilot.press(*"1024")
        app.screen.query_one("#field-steps").focus()
        await pilot.press(*"12")
        await settle(pilot, lambda: len(client.forecasts) > asked)
        await pilot.pause(0.6)
        assert len(client.forecasts) == asked + 1
        assert (client.forecasts[-1].width, client.forecasts[-1].steps) == (1024, 12)
        assert client.forecasts[-1].model == "starter-key"
        assert [widget.region for widget in app.screen.query("#form > *")] == places, "nothing moved"


async def test_what_does_not_matter_is_not_asked_and_what_cannot_be_or_be_asked_leaves_it_empty(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        line = app.screen.query_one(ForecastLine)
        await settle(pilot, lambda: "needs" in words(line))
        assert not words(line).startswith(("!", "✗"))
        asked = len(client.forecasts)
        app.screen.query_one("#field-count").focus()
        await pilot.press("3")
        app.screen.query_one("#prompt").focus()
        await pilot.press(*"a fox")
        await pilot.pause(0.6)
        assert len(client.forecasts) == asked

        app.screen.query_one("#field-width").focus()
        await pilot.press("7")
        await settle(pilot, lambda: not words(line))

        async def away(request: GenerationRequest) -> Forecast:
            raise UnreachableError("The studio went away.")

        client.forecast = away  # type: ignore[method-assign]
        await pilot.press(*"68")
        await pilot.pause(0.6)
        assert not words(line)


async def test_an_answer_that_comes_late_is_not_shown(app: InvokeTuiApp, client: FakeClient) -> None:
    held = asyncio.Event()
    real = client.forecast

    async def slow(request: GenerationRequest) -> Forecast:
        if request.width == 512:
            await held.wait()
            return (await real(request)).model_copy(update={"sentence": "old"})
        return await real(request)

    client.forecast = slow  # type: ignore[method-assign]
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        line = app.screen.query_one(ForecastLine)
        app.screen.query_one("#field-width").focus()
        await pilot.press(*"512")
        await pilot.pause(0.6)
        await pilot.press("backspace", "backspace", "backspace", *"640")
        await settle(pilot, lambda: client.forecasts and client.forecasts[-1].width == 640)
        held.set()
        await pilot.pause(0.2)
        assert "needs" in words(line)


async def test_a_model_that_does_not_fit_is_marked(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        line = app.screen.query_one(ForecastLine)
        await settle(pilot, lambda: "needs" in words(line))
        assert not words(line).startswith("✗ ")
        assert line.region.height == 1
        assert line.region.bottom <= 22
        client.fits = False
        client.send(ModelsChanged())
        await settle(pilot, lambda: words(line).startswith("✗ "))
        assert line.region.height == 1
        assert line.region.bottom <= 22
