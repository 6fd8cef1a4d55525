"""The prompt editor on screen: weights by key, counts, what is offered, long texts, two editors side by side."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.pilot import Pilot
from textual.widgets import Static

from invoke_tui.domain.models.tokenizers import TokenizerDefinition
from invoke_tui.tui import session
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.drawing import AT_ONCE, COLOUR_LIMIT
from invoke_tui.tui.prompts.editor import PromptEditor
from invoke_tui.tui.prompts.panel import PromptPanel
from tests.tui.fake_client import FakeClient
from tests.tui.fake_library import a_prompt
from tests.tui.fake_models import a_model
from tests.tui.harness import connected, settle, words
from tests.tui.test_prompt_editor import style_of


def editor_of(app: InvokeTuiApp, name: str = "#prompt") -> PromptEditor:
    return app.screen.query_one(name, PromptEditor)


async def write(pilot: Pilot[Any], editor: PromptEditor, text: str) -> None:
    """Put a text there, with the cursor at its end."""
    editor.load_text(text)
    editor.move_cursor(editor.document.end)
    await pilot.pause()


async def test_keys_raise_and_lower_weights(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        editor = editor_of(app)
        await write(pilot, editor, "a red fox")
        await pilot.press("ctrl+up", "alt+up")
        assert editor.text == "a red fox++"
        await pilot.press("ctrl+down")
        assert editor.text == "a red fox+"
        await pilot.press("alt+z", "alt+z")
        assert editor.text == "a red fox+"
        await pilot.press("alt+z", "ctrl+y")
        assert editor.text == "a red fox+"
        editor.undo()
        editor.move_cursor((0, 2))
        await pilot.press(*["shift+right"] * 7, "alt+up")
        assert editor.text == "a (red fox)+"
        assert editor.selected_text.strip("()+") == "red fox"
        await pilot.press("alt+down", "alt+down")
        assert editor.text == "a (red fox)-"


async def test_tokens_are_counted_and_what_is_not_heard_is_dim(app: InvokeTuiApp, client: FakeClient) -> None:
    client.encoders = (*client.encoders, TokenizerDefinition(encoder="T5", limit=6, chunks=False))
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        editor, count = editor_of(app), app.screen.query_one("#prompt-count", Static)
        await pilot.press(*"a red fox")
        await settle(pilot, lambda: words(count) == "CLIP-L 3/75 · T5 3/6")
        client.encoders = client.encoders[1:]
        desk: Any = app.screen._desk  # type: ignore[attr-defined]
        desk.aids.show_models(client.records)
        await write(pilot, editor, "one two three four five six seven eight")
        await settle(pilot, lambda: words(count) == "8/6 cut")
        assert style_of(editor, "six") != style_of(editor, "seven")
        await write(pilot, editor, "")
        await settle(pilot, lambda: not words(count))


async def test_long_prompts_and_choices_are_counted_as_they_will_be_heard(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        editor, count = editor_of(app), app.screen.query_one("#prompt-count", Static)
        await write(pilot, editor, "one, " * 40)
        await settle(pilot, lambda: " + " in words(count))
        assert editor._chunks
        at = editor._chunks[0]
        editor.move_cursor((0, 0))
        await pilot.press("x")
        assert editor._chunks == [at + 1], "the mark moves along until it is counted anew"
        await write(pilot, editor, "a {red|dark green} fox")
        editor_of(app, "#negative").load_text("a dull grey fog")
        await settle(pilot, lambda: words(count) == "up to 4/75")
        await settle(pilot, lambda: words(app.screen.query_one("#negative-count", Static)) == "4/75")
        await write(pilot, editor, "a fox")
        await settle(pilot, lambda: words(count) == "2/75")


async def test_names_are_offered_and_typed_on(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records.append(a_model("lowpoly", "lp", type="lora", trigger_phrases=("lowpoly style",)))
    client.records.append(a_model("calm", "em", type="embedding"))
    client.wildcard_lists = {"colour": ["red", "blue"]}
    client.history = [a_prompt("a fox, volumetric light")]
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        editor = editor_of(app)
        await settle(pilot, lambda: editor.sources and editor.sources.templates)
        await pilot.press("<")
        assert editor.popup
        await pilot.press("c")
        assert [c.name for c in editor.popup._candidates] == ["calm"]
        await pilot.press("tab", "space")
        assert editor.text == "<calm> "
        assert editor.popup is None
        await pilot.press("<", "down", "enter", "enter")
        assert editor.text == "<calm> <calm>\n", "closed, enter is a new line again"
        await pilot.press("_", "_", "escape", "c", "tab")
        assert app.focused is not editor, "dismissed, tab goes on to the next field"
        editor.focus()
        await write(pilot, editor, "")
        await pilot.press(*"vol")
        assert editor.suggestion == "umetric light"
        await pilot.press("right")
        assert editor.text == "volumetric light"
        await pilot.press(",", *"lowp", "alt+slash")
        assert editor.popup
        await pilot.press("enter")
        assert editor.text == "volumetric light,lowpoly style"
        editor.load_text("")
        name = editor.sources.templates[0] if editor.sources else ""
        await pilot.press("%", *name[:4].lower(), "enter")
        await pilot.pause()
        assert editor.text == ""
        assert app.screen._desk.options.template == name  # type: ignore[attr-defined]


async def test_a_long_prompt_is_coloured_after_the_key(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        editor = editor_of(app)
        text = "fox++ in (thick fog)0.8, " * (2 * AT_ONCE // 20)
        app.post_message(events.Paste(text))
        await settle(pilot, lambda: editor.reading.starts)
        cool = style_of_row(editor, "thick")
        assert cool != style_of_row(editor, " in ")
        editor.move_cursor((0, 0))
        await pilot.press("x")
        assert style_of_row(editor, "thick") == cool, "colours move along"
        assert editor.text == f"x{text}"
        app.post_message(events.Paste("word, " * 17_000))
        await settle(pilot, lambda: len(editor.text) > 100_000)
        assert len(editor.text) > COLOUR_LIMIT
        assert not editor.reading.starts
        await pilot.press("y", "alt+z", "alt+z")
        assert editor.text == f"x{text}"
        await settle(pilot, lambda: editor.reading.starts)


def style_of_row(editor: PromptEditor, text: str) -> str:
    """The style of ``text`` in the first row that has it."""
    for y in range(editor.size.height):
        row = editor.render_line(y)
        at = row.text.find(text)
        if at >= 0:
            for segment in row:
                if at < len(segment.text):
                    return str(segment.style)
                at -= len(segment.text)
    raise AssertionError(text)


async def test_what_is_on_screen_is_what_the_text_is(app: InvokeTuiApp) -> None:
    """Only rows that look different are drawn: none may be forgotten."""
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        editor = editor_of(app)
        for keys in (
            [*"a red (fox) in the deep deep snow, and another one far away"],
            ["up", "x", "enter", "y", "backspace", "backspace"],
            ["home", "shift+end", "z", "alt+z", "ctrl+left", "ctrl+up"],
            ["pageup", "delete", "delete", "end", "(", ")"],
        ):
            await pilot.press(*keys)
            await pilot.pause(0.05)
            painted = [strip.text for strip in app.screen._compositor.render_strips()]
            region = editor.content_region
            for y in range(editor.size.height):
                shown = painted[region.y + y][region.x : region.right]
                assert shown.rstrip() == editor.render_line(y).text.rstrip()


async def test_the_prompts_stand_side_by_side_where_there_is_room(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        prompt, negative = editor_of(app), editor_of(app, "#negative")
        await write(pilot, prompt, "a lighthouse in thick fog and much more of it " * 3)
        assert negative.region.y > prompt.region.bottom
        await pilot.press("alt+v")
        for width in (120, 160, 80):
            await pilot.resize_terminal(width, 40)
            await settle(pilot, lambda: (negative.region.y == prompt.region.y) is (width > 80))  # noqa: B023
            await settle(
                pilot, lambda: app.screen.query_one(PromptPanel).region.contains_region(negative.region)
            )
            shown = " ".join(prompt.render_line(y).text.strip() for y in range(prompt.size.height)).split()
            assert shown == prompt.text.split(), "it is wrapped to its new width"
        app.save_session()
        assert session.load(app.paths.session_file).beside


async def test_who_is_just_writing_a_parenthesis_is_not_told_off(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        below = app.screen.query_one("#prompt-problem", Static)
        where = editor_of(app, "#negative").region.y
        await pilot.press(*"(x) (a) )")
        await settle(pilot, lambda: below.has_class("-shown"))
        assert editor_of(app, "#negative").region.y == where, "nothing jumps"
        await write(pilot, editor_of(app), ") (a:1.3)")
        editor_of(app).move_cursor((0, 6))
        await settle(pilot, lambda: "alt+q rewrites it" in words(below))
        assert words(below).endswith("and 1 more")
        await pilot.press("alt+q")
        assert editor_of(app).text == ") (a)1.3"
        editor_of(app).move_cursor((0, 0))
        await settle(pilot, lambda: words(below).startswith(") is read literally"))
        await write(pilot, editor_of(app), "fox BREAK snow")
        await settle(pilot, lambda: words(below).endswith("alt+q takes it out"))
        await pilot.press("alt+q")
        assert editor_of(app).text == "fox snow"
