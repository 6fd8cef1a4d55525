"""Looking closely: by key, as a person does it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Static

from invoke_tui.domain.gallery.images import Listing
from invoke_tui.tui import actions
from invoke_tui.tui.gallery.export_dialog import ExportScreen
from invoke_tui.tui.screens.generate import GenerateScreen
from invoke_tui.tui.viewer.light import LightBars
from invoke_tui.tui.viewer.scene import Scene, Way
from invoke_tui.tui.viewer.screen import ViewerScreen
from invoke_tui.tui.widgets.image_view import ImageView
from invoke_tui.tui.widgets.picture_pane import Caption
from invoke_tui.tui.widgets.results_strip import ResultsStrip
from invoke_tui.tui.widgets.settings_form import SettingsForm
from tests.tui.harness import connected, make_app, settle, words
from tests.tui.viewer.studio import Pictures, card, png

NAMES = ("one.png", "two.png", "three.png", "four.png", "five.png")


def scene(viewer: ViewerScreen) -> Scene | None:
    """What was asked to be shown last."""
    shown = viewer.query_one(ImageView).picture
    assert shown is None or isinstance(shown, Scene)
    return shown


def caption(viewer: ViewerScreen) -> str:
    return words(viewer.query_one(Caption))


@asynccontextmanager
async def looking(
    root: Path, client: Pictures, at: int = 0, size: tuple[int, int] = (120, 40), **more: Any
) -> AsyncIterator[tuple[Pilot[Any], ViewerScreen]]:
    """A viewer over the studio's pictures, on the one at a number."""
    app = make_app(root, client, screen="queue")  # the cheapest one to look from
    async with app.run_test(size=size) as pilot:
        await connected(pilot)
        viewer = ViewerScreen(Listing(), at, len(client.pictures), **more)
        await app.push_screen(viewer)
        await settle(pilot, lambda: viewer.desk.image is not None and viewer.desk.image.metadata is not None)
        yield pilot, viewer


async def on(pilot: Pilot[Any], viewer: ViewerScreen, name: str) -> None:
    def there() -> bool:
        image = viewer.desk.image
        return image is not None and image.image_name == name and image.metadata is not None

    await settle(pilot, lambda: there() and scene(viewer) is not None)


async def test_going_zooming_and_full_screen(tmp_path: Path) -> None:
    async with looking(tmp_path, Pictures(*NAMES, size=(800, 600)), at=1, size=(80, 24)) as (pilot, viewer):
        assert "2 of 5 · two.png" in caption(viewer)
        assert "800 × 600" in caption(viewer)
        for key, name in (
            ("right", "three.png"), ("left", "two.png"), ("n", "three.png"), ("N", "two.png"), ("space", "three.png"),
            ("G", "five.png"), ("right", "five.png"), ("g", "one.png"),
        ):  # fmt: skip
            await pilot.press(key)
            await on(pilot, viewer, name)

        await pilot.press("1")
        assert "100%" in caption(viewer)
        before = scene(viewer)
        await pilot.press("right", "j")
        after = scene(viewer)
        assert before
        assert after
        assert (after.look.x, after.look.y) > (before.look.x, before.look.y)
        assert viewer.desk.number == 0, "the arrow moved over the picture"
        await pilot.press("plus")
        closer = scene(viewer)
        assert closer
        assert (closer.look.scale or 0) > 1
        await pilot.press("0", "right")
        await on(pilot, viewer, "two.png")

        assert viewer.query_one(ImageView).size.height < 24
        await pilot.press("enter")
        await pilot.pause()
        assert viewer.query_one(ImageView).size == (80, 24), "nothing but the picture"
        await pilot.press("escape", "H")
        await pilot.pause()
        light = viewer.query_one(LightBars)
        await settle(pilot, lambda: "█" in words(light))
        assert "white" in words(light)


async def test_comparing_with_the_one_before_and_what_was_kept(tmp_path: Path) -> None:
    client = Pictures(*NAMES)
    client.put_file("three.png", png(card(1)))  # what two.png shows
    async with looking(tmp_path, client) as (pilot, viewer):
        await pilot.press("right")
        await on(pilot, viewer, "two.png")
        await pilot.press("v")
        await settle(pilot, lambda: viewer.stage.comparing.others == ["one.png"])
        await settle(pilot, lambda: "side by side" in caption(viewer))
        await pilot.press("v", "t")
        assert viewer.stage.comparing.way is Way.FLICKER
        assert "2 of 2" in caption(viewer)
        await pilot.press("v", "asterisk")
        await settle(pilot, lambda: "PSNR" in caption(viewer))
        assert "× 2" in caption(viewer)
        await pilot.press("escape")
        assert not viewer.stage.comparing.on
        await pilot.press("b", "right")
        await on(pilot, viewer, "three.png")
        await pilot.press("v")
        await settle(pilot, lambda: viewer.stage.comparing.others == ["two.png"])
        await pilot.press("v", "v")
        await settle(pilot, lambda: "no pixel differs" in caption(viewer))
        await pilot.press("V")
        await settle(pilot, lambda: viewer.stage.comparing.others == ["four.png", "five.png"])


async def test_what_was_kept_or_met_is_held_against_the_next_also_later(tmp_path: Path) -> None:
    client = Pictures(*NAMES)
    async with looking(tmp_path, client) as (pilot, viewer):
        await pilot.press("s")  # the seed of one.png, for the next
        await settle(pilot, lambda: not isinstance(pilot.app.screen, ViewerScreen))
        partners = viewer.studio.partners
        partners.made("three.png")
        assert partners.of("two.png") == ["one.png"]
        assert partners.of("one.png") == ["three.png"]
        await pilot.app.push_screen(again := ViewerScreen(Listing(), 1, len(NAMES)))
        await on(pilot, again, "two.png")
        partners.keep("gone.png")
        await pilot.press("v")
        await settle(pilot, lambda: again.stage.comparing.others == ["one.png"])
        assert partners.kept == []


async def test_a_picture_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    client = Pictures(*NAMES)
    whole = client.pictures["two.png"][1]
    client.put_file("two.png", whole[: len(whole) // 2])
    client.put_file("three.png", b"\x1b]0;no picture\x07")
    async with looking(tmp_path, client) as (pilot, viewer):
        said = viewer.query_one("#viewer-word", Static)
        for _ in range(2):
            await pilot.press("right")
            await settle(pilot, lambda: viewer.has_class("-word") and viewer.desk.number)
            assert "cannot be read" in words(said)
        gone = client.pictures.pop("four.png")
        viewer.desk.album._originals.clear()
        await pilot.press("right")
        await settle(pilot, lambda: "is gone" in words(said))
        client.pictures["four.png"] = gone
        await pilot.press("G")
        await on(pilot, viewer, "five.png")
        assert not viewer.has_class("-word")


async def test_star_rate_delete_undo_and_slides(tmp_path: Path) -> None:
    client = Pictures(*NAMES[:3])
    async with looking(tmp_path, client) as (pilot, viewer):
        await pilot.press("full_stop", "e", "4")
        await settle(pilot, lambda: client.pictures["one.png"][0].rating == 4)
        assert client.pictures["one.png"][0].starred
        assert "★ 4 of 5" in caption(viewer)
        await pilot.press("d")
        await on(pilot, viewer, "two.png")
        await settle(pilot, lambda: "1 of 2" in caption(viewer))
        await pilot.press("z")
        await on(pilot, viewer, "one.png")
        assert not client.removed
        await pilot.press("E")
        await settle(pilot, lambda: isinstance(pilot.app.screen, ExportScreen))
        await pilot.press("escape")
        await settle(pilot, lambda: pilot.app.screen is viewer)

        await pilot.press("G", "S", *["less_than_sign"] * 9)
        await settle(pilot, lambda: "slide show, 0.2 s" in caption(viewer))
        await on(pilot, viewer, "one.png")
        await on(pilot, viewer, "two.png")
        await pilot.press("escape")
        assert "slide show" not in caption(viewer)


async def test_enter_in_the_strip_opens_it_and_a_seed_comes_back(tmp_path: Path) -> None:
    app = make_app(tmp_path, Pictures(*NAMES))
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        strip = app.screen.query_one(ResultsStrip)
        await settle(pilot, lambda: strip.images)
        strip.focus()
        await pilot.press("right", "enter")
        await settle(pilot, lambda: isinstance(app.screen, ViewerScreen))
        viewer = app.screen
        assert isinstance(viewer, ViewerScreen)
        await on(pilot, viewer, "two.png")
        await pilot.press("s")
        await settle(pilot, lambda: isinstance(app.screen, GenerateScreen))
        await settle(pilot, lambda: app.screen.query_one(SettingsForm).seed == 1)

        comparing = ViewerScreen(Listing(), 0, 5, compare=NAMES[1:])
        await app.push_screen(comparing)
        await on(pilot, comparing, "two.png")
        shown = scene(comparing)
        assert shown
        assert (len(shown.originals), shown.way) == (4, Way.BESIDE), "what was selected is compared"


def test_only_the_digit_for_one_to_one_is_another_screens() -> None:
    own = [key for action in actions.at("viewer") for key in action.keys.split(",")]
    everywhere = {key for action in actions.at("app") for key in action.keys.split(",")}
    assert len(own) == len(set(own))
    assert set(own) & everywhere == {"1"}


def test_pictures_have_the_keys_they_have_in_the_gallery() -> None:
    grid = {action.title: action.keys for action in actions.at("grid") if action.title}
    shared = [action for action in actions.at("viewer") if action.title in grid]
    assert len(shared) >= 14
    for action in shared:
        assert action.keys == grid[action.title], action.title
