"""Every size, every theme, no colour."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import Input

from invoke_tui.tui import themes
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.widgets.picture_pane import PicturePane
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, make_app, settle

SIZES = [
    (200, 60),
    (120, 40),
    (100, 30),
    (99, 30),
    (80, 24),
    (60, 20),
    (40, 12),
    (20, 5),
    (10, 3),
    (1, 1),
    (80, 24),
]


async def test_a_storm_of_sizes_with_a_picture(app: InvokeTuiApp, client: FakeClient) -> None:
    client.step_time = 0.05
    client.steps = 12
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        await pilot.press("x", "ctrl+g")
        for size in SIZES:
            await pilot.resize_terminal(*size)
        await settle(pilot, lambda: client.pictures)
        for at, keys in enumerate(
            (
                ("alt+6",),
                ("alt+7",),
                ("alt+5",),
                ("s",),
                ("escape", "i"),
                ("escape", "e"),
                ("escape", "f1"),
            )
        ):
            await pilot.press(*keys)
            for size in SIZES[at % 3 :: 3]:
                await pilot.resize_terminal(*size)
        assert app.is_running


async def test_nothing_of_the_form_is_cut_off_and_at_80_by_24_the_picture_has_room(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(200, 60)) as pilot:
        await connected(pilot)
        for size in ((200, 60), (120, 40), (100, 30), (80, 24)):
            await pilot.resize_terminal(*size)
            await settle(pilot, lambda size=size: app.screen.size == size)
            await pilot.pause(0.1)
            screen = Region(0, 0, *size)
            for widget in [
                *app.screen.query(Input),
                *app.screen.query("#random-seed, #swap, #prompt"),
            ]:
                if not all(node.display for node in widget.ancestors_with_self if isinstance(node, Widget)):
                    continue  # folded away, or of another family
                assert screen.contains_region(widget.region), (widget, widget.region)
                assert app.screen.find_widget(widget).visible_region == widget.region, widget
                assert widget.region.width >= 3 or not isinstance(widget, Input)
        await pilot.press("f6")
        view = app.screen.query_one(PicturePane)
        await settle(pilot, lambda: view.region.size == (80, 20))


async def test_every_theme_draws_every_screen(tmp_path: Path) -> None:
    first, *others = (*(theme.name for theme in themes.THEMES), "ansi-dark", "ansi-light", "nord")
    app = make_app(tmp_path, theme=first)
    async with app.run_test(size=(100, 30)) as pilot:
        await connected(pilot)
        assert app.theme == first
        await pilot.press(*"a (b)1.4 c--")
        seen = set()
        for at, keys in enumerate((
            (), ("f1",), ("escape", "ctrl+p"), ("escape", "alt+7"), ("b",), ("escape", "alt+5"),
            ("s",), ("escape", "i"), ("escape", "alt+6"),
        )):  # fmt: skip
            await pilot.press(*keys)
            seen.add(app.screen)
            for theme in others[at % 3 :: 3]:  # each of them on three screens
                app.theme = theme
                await pilot.pause()
            assert app.export_screenshot()
        assert len(seen) == 9
        assert "Queue" in app.export_screenshot()


def luminance(colour: Color) -> float:
    """WCAG's relative luminance."""
    parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_texts_are_readable_in_our_themes() -> None:
    for theme in themes.THEMES:
        background = Color.parse(theme.background or "")
        named = {
            "foreground": theme.foreground,
            "primary": theme.primary,
            "muted": theme.variables["text-muted"],
        }
        for name, value in {**named, "error": theme.error, "accent": theme.accent}.items():
            light, dark = sorted((luminance(Color.parse(value or "")), luminance(background)), reverse=True)
            ratio = (light + 0.05) / (dark + 0.05)
            wanted = 7.0 if theme.name == themes.CONTRAST else 4.5
            assert ratio >= wanted, f"{theme.name}: {name} has {ratio:.1f}"


async def test_no_color_has_no_colour_and_still_says_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    client = FakeClient()
    app = make_app(tmp_path, client)
    async with app.run_test(size=(100, 30)) as pilot:
        await connected(pilot)
        await pilot.press("x", "ctrl+g")
        await settle(pilot, lambda: client.pictures)
        await pilot.press("alt+6")
        await pilot.pause(0.2)
        for strip in app.screen._compositor.render_strips():
            for segment in strip:
                for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                    if colour is not None and colour.triplet is not None:
                        red, green, blue = colour.triplet
                        assert max(red, green, blue) - min(red, green, blue) <= 2


def test_auto_follows_the_terminal() -> None:
    assert themes.chosen("auto", dark_terminal=None, known=["nord"]) == themes.DARK
    assert themes.chosen("auto", dark_terminal=False, known=["nord"]) == themes.LIGHT
    assert themes.chosen("nord", dark_terminal=False, known=["nord"]) == "nord"
    assert themes.chosen("sunset", dark_terminal=False, known=["nord"]) == themes.LIGHT
    assert themes.chosen("auto", dark_terminal=None, known=[], few_colours=True) == "ansi-dark"
    assert themes.chosen("auto", dark_terminal=False, known=[], few_colours=True) == "ansi-light"
    assert themes.chosen("nord", dark_terminal=None, known=["nord"], few_colours=True) == "nord"
