"""What a dynamic prompt stands for: the line below it, and the window."""

from __future__ import annotations

import pytest
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.wildcards import PromptPreview
from invoke_tui.prompt.dynamic.expand import expand
from invoke_tui.prompt.dynamic.varying import fixed, varying
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.dialog import Either
from invoke_tui.tui.prompts.dynamic import DynamicScreen, PromptRows
from invoke_tui.tui.prompts.preview_line import PreviewLine, how_many, samples
from invoke_tui.tui.screens.generate import GenerateScreen
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, settle, words


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a {red|{dark|light} blue} fox", ("a ", " fox")),
        ("__art__ of ${x={a|b}}${x} and ${x:c}, \\{really\\}", ("", " of ", "", " and ", ", {really}")),
        ("{2$$ and $$a|b}{c|d}", ("", "", "")),
    ],
)
def test_what_is_the_same_in_all_prompts(text: str, pieces: tuple[str, ...]) -> None:
    assert fixed(text) == pieces


def test_what_differs_is_found_in_every_prompt() -> None:
    text = "a {red|dark blue} fox in {deep snow|a city} at dawn"
    prompts = expand(text, 10).prompts
    shown = [[prompt[a:b] for a, b in varying(prompt, fixed(text))] for prompt in prompts]
    assert shown[0] == ["red", "deep snow"]
    assert shown[3] == ["dark blue", "a city"]
    assert varying("something else", fixed(text)) == [(0, 14)]


def test_samples_begin_where_the_prompts_differ() -> None:
    seen = PromptPreview(
        text="", dynamic=True, prompts=["a portrait of a red fox", "a portrait of a red owl"], made=3, count=9
    )
    assert samples(seen) == "…fox · …owl · …"
    assert how_many(seen, combinatorial=True) == "3 of 9 prompts"
    assert how_many(seen, combinatorial=False) == "3 random prompts"


async def test_the_line_comes_and_goes_with_the_syntax(app: InvokeTuiApp, client: FakeClient) -> None:
    client.wildcard_lists = {"pet": ["cat", "dog \x1b]52;c;QQ==\x07"]}
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        screen = app.screen
        assert isinstance(screen, GenerateScreen)
        line, editor = screen.query_one(PreviewLine), screen.prompts.positive
        editor.load_text("a fox")
        await pilot.pause(0.4)
        assert not line.display
        assert not client.previews, "a plain prompt costs no question"
        editor.load_text("a {red|blue} __pet__")
        await settle(pilot, lambda: line.display)
        assert "4 prompts: a red cat" in words(line)
        assert "alt+d" in words(line)
        assert "\x1b" not in words(line)
        editor.load_text("a {red|blue")
        await settle(pilot, lambda: "never closed" in words(line))
        editor.load_text("a red fox")
        await settle(pilot, lambda: not line.display)


async def test_the_window_keeps_what_was_chosen_and_makes_the_pictures(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        screen = app.screen
        assert isinstance(screen, GenerateScreen)
        screen.prompts.positive.load_text("a {red|blue|green} fox")
        await pilot.press("alt+d")
        await settle(pilot, lambda: isinstance(app.screen, DynamicScreen))
        window = app.screen
        rows = window.query_one(PromptRows)
        await settle(pilot, lambda: rows.row_count == 3)
        assert "3 prompts = 3 pictures" in words(window.query_one("#dynamic-count", Static))
        row = rows.row(1, 60, plain=False)
        assert isinstance(row, Content)
        assert [row.plain[s.start : s.end].strip() for s in row.spans if s.style == "$text-accent"] == [
            "blue"
        ]
        window.query_one("#dynamic-combinatorial", Either).focus()
        await pilot.press("space")
        window.query_one("#dynamic-seeds", Either).focus()
        await pilot.press("right")
        window.query_one("#field-max_prompts").focus()
        await pilot.press("home", "shift+end", *"10000")
        await settle(pilot, lambda: rows.row_count == 10_000)
        assert "10,000 random prompts" in words(window.query_one("#dynamic-count", Static))
        await pilot.press("home", "shift+end", "7", "enter")
        await settle(pilot, lambda: app.screen is screen)
        assert screen._desk is not None
        options = screen._desk.options
        assert (options.combinatorial, options.seed_behaviour, options.max_prompts) == (
            False,
            "PER_PROMPT",
            7,
        )
        await pilot.press("alt+d")
        await settle(pilot, lambda: isinstance(app.screen, DynamicScreen))
        app.screen.query_one("#dynamic-on", Either).focus()
        await pilot.press("space", "ctrl+g")
        await settle(pilot, lambda: client.requests)
        assert client.requests[-1].dynamic_prompts is False
        assert client.requests[-1].max_prompts == 7


async def test_what_could_not_be_expanded_is_said_after_the_press(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    client.warnings = ["this brace is never closed \x1b[31m", "another"]
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        screen = app.screen
        assert isinstance(screen, GenerateScreen)
        assert screen._desk is not None
        screen._desk.enqueue(GenerationRequest(positive_prompt="{a"))
        await settle(pilot, lambda: len(app._notifications))
        said = " ".join(note.message for note in app._notifications)
        assert "never closed" in said
        assert "(and 1 more)" in said
        assert "\x1b" not in said
