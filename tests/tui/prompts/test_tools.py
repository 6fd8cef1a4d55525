"""The tools on the selection or the whole prompt."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from textual.widgets import Static
from textual.widgets.text_area import Selection

from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.prompt.explain import explain
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.convert import ConvertScreen, looks_like_a1111
from invoke_tui.tui.prompts.diff import compared
from invoke_tui.tui.prompts.explain import ExplainRows, ExplainScreen
from invoke_tui.tui.prompts.explain_lines import lines_of
from invoke_tui.tui.prompts.extract import ExtractScreen
from invoke_tui.tui.screens.generate import GenerateScreen
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, settle, words

INFOTEXT = """a (red fox:1.2) \x1b]52;c;QQ==\x07
Negative prompt: [fog]
Steps: 30, Sampler: Euler a, CFG scale: 7, Seed: 77, Size: 640x512, Model: sdxl-base 1.0"""


def test_a_diff_marks_words() -> None:
    before, after = compared("a (red fox:1.2)", "a (red fox)1.2")
    assert (before.plain, after.plain) == ("a (red fox:1.2)", "a (red fox)1.2")
    assert [before.plain[s.start : s.end] for s in before.spans if "error" in str(s.style)] == [":", ")"]
    assert [after.plain[s.start : s.end] for s in after.spans if "success" in str(s.style)] == [")"]
    long = "word " * 5_000
    assert compared(long, long)[0].plain == long


def test_whose_weights_they_are() -> None:
    assert all(map(looks_like_a1111, ("(fox:1.2)", "((fox))", "[fog]", "a (fox), snow")))
    assert not any(map(looks_like_a1111, ("(fox)1.2", "fox++", "(deep snow)++ and (fog)-", "a fox")))


async def test_swap_and_convert(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        screen = app.screen
        assert isinstance(screen, GenerateScreen)
        positive, negative = screen.prompts.positive, screen.prompts.negative
        positive.load_text("a (red fox:1.2), (snow:1.1)")
        negative.load_text("fog")
        await pilot.press("alt+s")
        await settle(pilot, lambda: positive.text == "fog")
        assert negative.text == "a (red fox:1.2), (snow:1.1)"
        positive.undo()
        assert positive.text == "a (red fox:1.2), (snow:1.1)", "a swap can be taken back"

        positive.selection = Selection((0, 2), (0, 15))
        await pilot.press("alt+c")
        await settle(pilot, lambda: isinstance(app.screen, ConvertScreen))
        after = app.screen.query_one("#convert-after", Static)
        await settle(pilot, lambda: words(after) == "(red fox)1.2")
        await pilot.press("space")
        await settle(pilot, lambda: "(red fox)1.2" not in words(after))
        await pilot.press("space")
        await settle(pilot, lambda: words(after) == "(red fox)1.2")
        await pilot.press("enter")
        await settle(pilot, lambda: positive.text == "a (red fox)1.2, (snow:1.1)")
        positive.undo()
        assert positive.text == "a (red fox:1.2), (snow:1.1)"


async def test_prompts_and_settings_out_of_a_picture(
    app: InvokeTuiApp, client: FakeClient, tmp_path: Path
) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", INFOTEXT)
    Image.new("RGB", (8, 8)).save(tmp_path / "x.png", pnginfo=info)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    made = await client.enqueue(GenerationRequest(positive_prompt="a boat", negative_prompt="dull", seed=5))
    await client.work(made.item_ids[0])
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        screen = app.screen
        assert isinstance(screen, GenerateScreen)
        desk, positive = screen._desk, screen.prompts.positive
        assert desk is not None
        await pilot.press("alt+e")
        await settle(pilot, lambda: isinstance(app.screen, ExtractScreen))
        text = app.screen.query_one("#extract-text", Static)
        assert "a boat" in words(text), "the picture in the strip, at first"
        await pilot.press("enter")
        await settle(pilot, lambda: positive.text == "a boat")
        assert screen.prompts.negative.text == "dull"

        await pilot.press("alt+e")
        await settle(pilot, lambda: isinstance(app.screen, ExtractScreen))
        text, field = app.screen.query_one("#extract-text", Static), app.screen.query_one("FileInput")
        field.value = str(tmp_path / "bad.png")  # type: ignore[attr-defined]
        await settle(pilot, lambda: "is no picture" in words(text))
        field.value = str(tmp_path / "x.png")  # type: ignore[attr-defined]
        await settle(pilot, lambda: "(red fox)1.2" in words(text))
        assert "\x1b" not in words(text)
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: app.screen is screen)
        assert positive.text.strip() == "a (red fox)1.2"
        request = desk.request()
        assert request is not None
        assert (request.width, request.steps, request.seed, request.scheduler) == (640, 30, 77, "euler_a")
        assert request.model == "sdxl-key"


def _lines(text: str) -> list[tuple[int, str, float | None, str]]:
    return [(line.depth, line.text, line.weight, line.note) for line in lines_of(explain(text), text)]


def test_a_prompt_is_explained_as_a_tree() -> None:
    said = _lines("a red fox++ in (deep (snow)1.5 ice)0.8, [not (this)1.2], <lora:detail:0.7>")
    assert said[:7] == [
        (0, "a red", 1.0, ""),
        (0, "fox", pytest.approx(1.21), "++"),
        (0, "in", 1.0, ""),
        (0, "(…)0.8", 0.8, ""),
        (1, "deep", 0.8, ""),
        (1, "(…)1.5", pytest.approx(1.2), ""),
        (2, "snow", pytest.approx(1.2), ""),
    ]
    assert (0, "[…]", None, "left out") in said
    assert (1, "not", None, "") in said
    assert (0, "detail", None, "LoRA at 0.7") in said
    blend = _lines('("a fox", "an owl+").blend(0.7, 0.3)')
    assert [(depth, text) for depth, text, _, _ in blend] == [
        (0, ".blend"), (1, "70% of"), (2, "a fox"), (1, "30% of"), (2, "an"), (2, "owl"),
    ]  # fmt: skip
    assert [text for _, text, _, note in _lines('a (fox "and') if note == "read literally"] == [
        "(fox",
        '"and',
    ]
    assert len(_lines("(" * 3_000 + "x" + ")" * 3_000)) >= 1


async def test_explain_shows_weights_and_problems(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        screen = app.screen
        assert isinstance(screen, GenerateScreen)
        screen.prompts.positive.load_text("a fox++ (in")
        await pilot.press("alt+x")
        await settle(pilot, lambda: isinstance(app.screen, ExplainScreen))
        row = app.screen.query_one(ExplainRows).row(1, 70, plain=False).plain
        assert "×1.21" in row
        assert "━" in row
        assert "never closed" in words(app.screen.query_one("#explain-problems", Static))
        await pilot.press("escape")
        assert app.screen is screen
