"""The prompt in colour."""

from __future__ import annotations

from rich.style import Style
from textual.widgets import Static

from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.editor import LENGTH_LIMIT, PromptEditor
from tests.tui.harness import connected, settle, words


def style_of(editor: PromptEditor, text: str) -> Style:
    """The style in which the first character of ``text`` is drawn in the first row."""
    at = 0
    row = editor.render_line(0)
    wanted = row.text.index(text)
    for segment in row:
        at += len(segment.text)
        if at > wanted:
            return segment.style or Style()
    raise AssertionError(text)


def colour_of(editor: PromptEditor, text: str) -> str:
    """The colour of the first character of ``text`` in the first row."""
    colour = style_of(editor, text).color
    return colour.name if colour else ""


async def test_weights_are_warm_and_cool(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        editor = app.screen.query_one("#prompt", PromptEditor)
        editor.load_text("plain up+ (strong)1.5 down- (weak)0.4")
        editor.move_cursor(editor.document.end)
        await pilot.pause()
        variables = app.theme_variables
        assert colour_of(editor, "plain") == app.current_theme.foreground
        assert colour_of(editor, "up") == variables["prompt-warm"]
        assert colour_of(editor, "strong") == variables["prompt-hot"]
        assert colour_of(editor, "down") == variables["prompt-cool"]
        assert colour_of(editor, "weak") == variables["prompt-cold"]
        assert colour_of(editor, "+") == variables["prompt-mark"]
        app.theme = "invoke-light"
        await pilot.pause(0.2)
        assert colour_of(editor, "up") == app.theme_variables["prompt-warm"]


async def test_a_problem_is_underlined_and_told_below(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        editor = app.screen.query_one("#prompt", PromptEditor)
        below = app.screen.query_one("#prompt-problem", Static)
        await pilot.press(*"a (b")
        assert style_of(editor, "(").underline
        await settle(pilot, lambda: below.has_class("-shown"))
        assert "never closed" in words(below)
        await pilot.press(")")
        await settle(pilot, lambda: not below.has_class("-shown"))
        assert not style_of(editor, "(").underline


async def test_lines_and_wide_characters(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(60, 20)) as pilot:
        await connected(pilot)
        editor = app.screen.query_one("#prompt", PromptEditor)
        for text in ("one\ntwo++\n(three\nfour)1.3", "日本語++ (猫)1.2 🦊--", "\t a"):
            editor.load_text(text)
            await pilot.press("down", "end", "x", "ctrl+z")
            assert editor.text == text


async def test_rewriting_and_putting_are_one_step_to_undo_each_and_too_long_is_cut_and_said(
    app: InvokeTuiApp,
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await connected(pilot)
        editor = app.screen.query_one("#prompt", PromptEditor)
        await pilot.press(*"a red fox")
        editor.move_cursor((0, 5))
        editor.rewrite("a red fox in\nsnow")
        assert editor.cursor_location == (0, 5)
        editor.put(" old")
        assert editor.text == "a red old fox in\nsnow"
        editor.undo()
        assert editor.text == "a red fox in\nsnow"
        editor.undo()
        assert editor.text == "a red fox"
        editor.redo()
        editor.select_all()
        editor.put("x\x1b[2J")
        assert "\x1b" not in editor.text
        editor.undo()
        assert editor.text == "a red fox in\nsnow"
        editor.load_text("")
        editor.insert("word " * LENGTH_LIMIT)
        await pilot.pause()
        assert len(editor.text) == LENGTH_LIMIT
        assert any("at most" in note.message for note in app._notifications)
