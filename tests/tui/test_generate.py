"""Generate, with keys and eyes."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from textual.widgets import Static

from invoke_tui.config.paths import locate
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.tui import session
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.editor import PromptEditor
from invoke_tui.tui.widgets.fields import Field, NumberField
from invoke_tui.tui.widgets.image_view import ImageView
from invoke_tui.tui.widgets.picture_pane import PicturePane
from invoke_tui.tui.widgets.results_strip import ResultsStrip
from invoke_tui.tui.widgets.settings_form import SettingsForm
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, make_app, settle, words

SIZE = (120, 40)


async def test_type_press_and_see(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        assert app.screen.query_one(PicturePane).has_class("-empty")
        await pilot.press(*"a fox", "plus", "plus")
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: client.pictures)
        assert client.requests[0].positive_prompt == "a fox++"
        view = app.screen.query_one(ImageView)
        await settle(pilot, lambda: view.picture and view.picture.final and view._frame)
        assert view._frame is not None
        assert view._frame.cells.columns > 20
        await settle(pilot, lambda: len(app.screen.query_one(ResultsStrip).images) == 1)
        assert "a fox++" in words(app.screen.query_one("#caption", Static))


async def test_previews_are_shown_before_the_result(app: InvokeTuiApp, client: FakeClient) -> None:
    client.step_time = 0.1
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        view = app.screen.query_one(ImageView)
        seen: list[bool] = []
        show = view.show
        view.show = lambda picture: (seen.append(picture.final), show(picture))[1]  # type: ignore[method-assign]
        await pilot.press(*"hills", "ctrl+g")
        await settle(pilot, lambda: True in seen)
        assert seen[0] is False
        assert seen[-1] is True
        await settle(pilot, lambda: view._frame is not None)


async def test_another_press_queues_another(app: InvokeTuiApp, client: FakeClient) -> None:
    client.step_time = 0.05
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press(*"x", "ctrl+g", "alt+enter", "f5")
        await settle(pilot, lambda: len(client.pictures) == 3)


async def test_what_is_pressed_before_the_settings_are_there_counts(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    gate, fetch = threading.Event(), app._fetch
    app._fetch = lambda: (gate.wait(), fetch())[1]  # type: ignore[assignment, return-value]
    try:
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press(*"early", "f9", "f7", "f4", "ctrl+g", "alt+6", "alt+1")
            assert not app.ready
            assert app.screen.query_one("#prompt", PromptEditor).text == "early"
            gate.set()
            await settle(pilot, lambda: client.pictures)
            assert client.requests[0].positive_prompt == "early"
    finally:
        gate.set()


async def test_a_wrong_value_is_explained_at_its_field(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        width = app.screen.query_one("#field-width", NumberField)
        width.value = "100"
        await pilot.pause()
        row = app.screen.query_one("#row-width", Field)
        assert row.has_class("-invalid")
        assert "multiple of 8" in words(row.query_one(".field-error", Static))
        await pilot.press("ctrl+g")
        assert client.requests == []
        assert app.focused is width
        width.value = "128"
        await pilot.pause()
        assert not row.has_class("-invalid")


async def test_tab_goes_from_field_to_field_and_numbers_step_with_arrows_and_signs(app: InvokeTuiApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        visited: list[str | None] = []
        for _ in range(4):
            visited.append(app.focused.id if app.focused else None)
            await pilot.press("tab")
        assert visited == ["prompt", "negative", "field-model", "field-width"]
        await pilot.press("shift+tab")
        assert app.focused is not None
        assert app.focused.id == "field-width"
        assert app.screen.query_one("#prompt", PromptEditor).text == ""

        steps = app.screen.query_one("#field-steps", NumberField)
        steps.focus()
        await pilot.press("up")
        assert steps.value == "21", "the model's own default is where stepping starts"
        await pilot.press("plus", "plus", "minus", "down")
        assert steps.value == "21"
        width = app.screen.query_one("#field-width", NumberField)
        width.focus()
        await pilot.press("up")
        assert width.value == "192"
        await pilot.press("f7")
        assert app.screen.query_one("#field-height", NumberField).value == "192"


async def test_the_form_becomes_the_request(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        form = app.screen.query_one(SettingsForm)
        form.restore(
            {"width": "256", "height": "192", "steps": "7", "cfg_scale": "5.5", "count": "2", "scheduler": "unipc",
             "model": "sdxl-base 1.0", "seamless_x": True, "cfg_rescale_multiplier": "0.5", "clip_skip": "1"}
        )  # fmt: skip
        form.use_seed(42)
        app.screen.query_one("#negative", PromptEditor).load_text("blur")
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: client.requests)
    assert client.requests[0] == GenerationRequest(
        positive_prompt="", negative_prompt="blur", model="sdxl-key", width=256, height=192, steps=7, cfg_scale=5.5,
        cfg_rescale_multiplier=0.5, scheduler="unipc", seed=42, count=2, clip_skip=1, seamless_x=True,
    )  # fmt: skip


async def test_a_refused_request_and_a_failed_picture_say_why(app: InvokeTuiApp, client: FakeClient) -> None:
    client.refuse_next = BadInputError("The model is gone.", hint="Choose another one.")
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("x", "ctrl+g")
        pane = app.screen.query_one(PicturePane)
        await settle(pilot, lambda: pane.has_class("-error"))
        assert words(pane.query_one("#error-title", Static)) == "The model is gone."
        assert words(pane.query_one("#error-hint", Static)) == "Choose another one."
        client.fail_next = "Not enough memory."
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: "Not enough memory." in words(pane.query_one("#error-title", Static)))
        assert pane.has_class("-error")
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: pane.has_class("-picture"))


async def test_cancel(app: InvokeTuiApp, client: FakeClient) -> None:
    client.step_time, client.steps = 0.2, 1000
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("x", "ctrl+g")
        await settle(pilot, lambda: app.state.running)
        await pilot.press("f9")
        await settle(pilot, lambda: client.calls)
        assert client.calls == [("cancel", 1)]


async def test_recall_from_the_strip(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press(*"first", "ctrl+g")
        await settle(pilot, lambda: len(client.pictures) == 1)
        prompt = app.screen.query_one("#prompt", PromptEditor)
        prompt.load_text("other")
        strip = app.screen.query_one(ResultsStrip)
        strip.focus()
        await pilot.press("r")
        assert prompt.text == "first"
        seed = app.screen.query_one("#field-seed", NumberField)
        assert seed.value == "1001"
        assert app.screen.query_one("#field-width", NumberField).value == "128"


async def test_an_older_picture_stays_until_the_next_press(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("a", "ctrl+g")
        await settle(pilot, lambda: len(client.pictures) == 1)
        await pilot.press("b", "ctrl+g")
        await settle(pilot, lambda: len(app.screen.query_one(ResultsStrip).images) == 2)
        app.screen.query_one(ResultsStrip).focus()
        await pilot.press("right")
        caption = app.screen.query_one("#caption", Static)
        await settle(pilot, lambda: "seed 1001" in words(caption))
        await client.enqueue(GenerationRequest(positive_prompt="from elsewhere"))
        await settle(pilot, lambda: len(app.screen.query_one(ResultsStrip).images) == 3)
        assert "seed 1001" in words(caption)


async def test_narrow_terminals_have_two_tabs(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        form, picture = app.screen.query_one("#form"), app.screen.query_one(PicturePane)
        assert form.display
        assert not picture.display
        await pilot.press(*"x", "ctrl+g")
        await settle(pilot, lambda: picture.display and not form.display)
        await pilot.press("f6")
        await settle(pilot, lambda: app.focused is app.screen.query_one("#prompt"))
        assert form.display


async def test_the_session_comes_back(tmp_path: Path) -> None:
    first = make_app(tmp_path)
    async with first.run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press(*"remember me")
        first.screen.query_one("#field-steps", NumberField).value = "9"
        await pilot.press("f8", "alt+6", "f10")
    second = make_app(tmp_path)
    async with second.run_test(size=SIZE) as pilot:
        await connected(pilot)
        assert second.current_mode == "queue"
        assert second.theme == "invoke-light"
        await pilot.press("1")
        assert second.screen.query_one("#prompt", PromptEditor).text == "remember me"
        assert second.screen.query_one("#field-steps", NumberField).value == "9"


async def test_a_strange_session_file_is_an_empty_session(tmp_path: Path) -> None:
    file = locate(tmp_path).session_file
    file.parent.mkdir(parents=True)
    for text in ("", "{", "[]", '{"prompt": 3, "settings": [1]}'):
        file.write_text(text)
        assert session.load(file) == session.Session()
    file.write_text('{"screen": "nowhere", "theme": "x", "prompt": 3, "settings": [1]}')
    app = make_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        assert app.current_mode == "generate"
        assert app.screen.query_one("#prompt", PromptEditor).text == ""


async def test_the_link_is_taken_up_again(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        client.drop()
        await settle(pilot, lambda: app.state.link == "lost")
        await settle(pilot, lambda: app.state.link == "connected")
        await pilot.press("x", "ctrl+g")
        await settle(pilot, lambda: client.pictures)


def test_the_editor_gets_and_gives_the_text(tmp_path: Path) -> None:
    from invoke_tui.tui.external import edit

    script = tmp_path / "editor.py"
    script.write_text(
        "import sys; p = sys.argv[1]; t = open(p).read(); open(p, 'w').write(t.upper() + '\\n')"
    )
    assert edit("a fox", f"{sys.executable} {script}") == "A FOX"


def test_an_editor_that_is_not_there_is_explained() -> None:
    from invoke_tui.domain.errors import StudioError
    from invoke_tui.tui.external import edit

    with pytest.raises(StudioError, match="could not be started"):
        edit("a fox", "/nowhere/editor")
