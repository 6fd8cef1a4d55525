"""The tools on the selection or the whole prompt."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, PngImagePlugin
from textual.widgets import Static
from textual.widgets.text_area import Selection

from invoke_tui.domain.parameters import GenerationRequest
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.convert import ConvertScreen, looks_like_a1111
from invoke_tui.tui.prompts.diff import compared
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
