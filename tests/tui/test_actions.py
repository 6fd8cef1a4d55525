"""One list of actions, and everything that is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from invoke_tui.domain.gallery.images import Listing
from invoke_tui.domain.gallery.replay import Recalled
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.tui import actions
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.editor import PromptEditor
from invoke_tui.tui.prompts.presets import PresetsScreen
from invoke_tui.tui.prompts.templates import TemplatesScreen
from invoke_tui.tui.recalling.dialog import RecallScreen
from invoke_tui.tui.screens.help import HelpScreen
from invoke_tui.tui.screens.install import InstallScreen
from invoke_tui.tui.screens.jump import JumpScreen
from invoke_tui.tui.screens.model_edit import EditModelScreen
from invoke_tui.tui.screens.scan import ScanScreen
from invoke_tui.tui.steering.controls import ControlGroup
from invoke_tui.tui.viewer.screen import ViewerScreen
from invoke_tui.tui.widgets.model_list import ModelList
from tests.tui.harness import connected, make_app, settle


def test_ids_are_unique_and_no_key_belongs_to_someone_else() -> None:
    ids = [action.id for action in actions.ACTIONS]
    assert len(ids) == len(set(ids))
    for action in actions.ACTIONS:
        keys = set(action.keys.split(","))
        assert not keys & actions.FORBIDDEN, action.id
        assert action.help.endswith("."), action.id


def test_no_key_means_two_things_in_one_place() -> None:
    for places in (
        ("prompt", "generate", "app"),
        ("queue", "app"),
        ("strip", "generate", "app"),
        ("models", "list", "app"),
        ("scan", "list", "dialog"),
        ("folders", "list", "dialog"),
        ("install", "list", "dialog"),
        ("edit", "dialog"),
        ("dynamic", "list", "dialog"),
        ("wildcards", "list", "dialog"),
        ("import", "list", "dialog"),
        ("convert", "dialog"),
        ("extract", "dialog"),
        ("monitor", "list", "app"),
        ("monitor", "log", "app"),
        ("grid", "gallery", "app"),
        ("boards", "gallery", "app"),
        ("details", "gallery", "app"),
    ):
        keys = [key for action in actions.at(*places) for key in action.keys.split(",")]
        assert len(keys) == len(set(keys)), places


@pytest.mark.parametrize("window", [TemplatesScreen, PresetsScreen])
def test_the_line_below_a_picker_names_the_keys_it_has(window: type[TemplatesScreen | PresetsScreen]) -> None:
    _, _, shown = window.keys.partition("alt+")
    named = [f"alt+{item.split()[0]}" for item in shown.split("  ")]
    assert named == [action.keys for action in actions.at(window.place) if action.keys.startswith("alt+")]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_footer_fits_and_its_keys_are_the_ones_that_matter(
    app: InvokeTuiApp, size: tuple[int, int]
) -> None:
    def shown() -> list[FooterKey]:
        return list(app.screen.query_one(Footer).query(FooterKey))

    async with app.run_test(size=size) as pilot:
        await connected(pilot)
        for key in ("alt+2", "alt+5", "alt+6", "alt+7", "alt+1"):
            await pilot.press(key)
            await settle(pilot, lambda: len(shown()) >= 5 and all(key.region for key in shown()))
            assert len(shown()) <= 7
            assert max(key.region.right for key in shown()) <= size[0]
        keys = shown()
        assert {"Generate", "Weight", "History", "Commands", "Help"} <= {key.description for key in keys}
        await pilot.press("tab")
        assert shown() == keys, "the other prompt has the same keys: none is made anew"
        await pilot.press("shift+tab", "ctrl+g")
        await settle(pilot, lambda: "Cancel" in [key.description for key in shown()])


async def test_every_action_exists_where_it_is_declared(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        nodes: list[DOMNode] = []
        for editor in app.screen.query(PromptEditor):
            editor.load_text("a (fox:1.2)")
        controls = app.screen.query_one(ControlGroup)
        controls.add({})
        await settle(pilot, lambda: controls.entries and controls.entries[0].opened)

        def visit() -> None:
            nodes.extend([app.screen, *app.screen.query("*")])

        visit()
        controls.reset()
        tools = [action for action in actions.ACTIONS if action.do.startswith("tool(")]
        for action in tools:
            if "swap" in action.do:
                continue
            await pilot.press(action.keys.split(",")[0])
            await settle(pilot, lambda: app.screen.is_modal)
            visit()
            await pilot.press("escape")
            await settle(pilot, lambda: not app.screen.is_modal)
        for key in ("alt+2", "alt+6", "alt+7"):
            await pilot.press(key)
            visit()
        await pilot.press("alt+5")
        await settle(pilot, lambda: app.screen.query_one(ModelList).model is not None)
        visit()
        for key, dialog in (("s", ScanScreen), ("i", InstallScreen), ("e", EditModelScreen)):
            await pilot.press(key)
            assert isinstance(app.screen, dialog)
            visit()
            await pilot.press("escape")
        nodes.append(ViewerScreen(Listing(), 0, 0))
        nodes.append(RecallScreen({}, Recalled(request=GenerationRequest()), [], None))
        for action in actions.ACTIONS:
            name = action.do.partition("(")[0].removeprefix("screen.")
            if name.startswith("app."):
                assert hasattr(app, f"action_{name[4:]}"), action.id
                continue
            there = [node for node in nodes if action.where in getattr(node, "places", ())]
            there += [node for node in nodes if node.has_class(f"place-{action.where}")]
            if action.do.startswith("screen."):
                there = [node.screen for node in there]
            there += [node for node in nodes if isinstance(node, ModalScreen) and action.where == "dialog"]
            assert any(hasattr(node, f"action_{name}") for node in there), action.id


async def test_keys_can_be_given_away(tmp_path: Path) -> None:
    app = make_app(tmp_path, keymap={"app.help": "f12"})
    async with app.run_test(size=(100, 30)) as pilot:
        await connected(pilot)
        await pilot.press("f1")
        assert not isinstance(app.screen, HelpScreen)
        await pilot.press("f12")
        assert isinstance(app.screen, HelpScreen)
        assert app.keys_of(next(a for a in actions.ACTIONS if a.id == "app.help")) == ["f12"]


async def test_help_knows_the_place_and_the_focused_thing(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        await pilot.press("f1")
        await pilot.pause()
        svg = app.export_screenshot()
        assert "generate.run" in svg
        assert "fox++" in svg, "the prompt editor explains itself"
        await pilot.press("escape", "alt+6", "question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.pause()
        assert "queue.prune" in app.export_screenshot()


async def test_jump_goes_to_a_field(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        await pilot.press("ctrl+t")
        assert isinstance(app.screen, JumpScreen)
        letter, target = list(app.screen._targets.items())[3]
        await pilot.press(letter)
        await settle(pilot, lambda: app.focused is target)


async def test_the_palette_reaches_actions(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        await pilot.press("ctrl+p", *"gotoqueue")
        await pilot.pause(0.6)
        await pilot.press("enter")
        await settle(pilot, lambda: app.current_mode == "queue")


async def test_digits_are_text_in_a_field_and_screens_elsewhere(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        await pilot.press("6")
        assert app.current_mode == "generate"
        app.screen.query_one("#strip").focus()
        await pilot.press("6")
        assert app.current_mode == "queue"


async def test_keys_act_in_the_order_they_were_typed(app: InvokeTuiApp) -> None:
    """A burst, as after a hiccup of the line: no letter is written before the backspace or the arrow ahead of it."""
    from textual.events import Key
    from textual.widgets import Input, TextArea

    def burst(*keys: str) -> None:
        for key in keys:
            app.post_message(Key(key, key if len(key) == 1 else None))

    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        editor = app.screen.query_one("#prompt", TextArea)
        burst(*"abcd", "backspace", *"xy", "left", "z", "home", "1", "delete", "2")
        await settle(pilot, lambda: "2" in editor.text)
        assert editor.text == "12bcxzy"
        steps = app.screen.query_one("#field-steps", Input)
        steps.focus()
        await pilot.pause()
        burst(*"123", "backspace", "backspace", "4", "left", "5")
        await settle(pilot, lambda: "5" in steps.value)
        assert steps.value == "154"


def test_alt_keys_as_old_terminals_send_them() -> None:
    from textual._xterm_parser import XTermParser

    from invoke_tui.tui.keys import read_alt_keys

    read_alt_keys()
    for sequence, key in (
        ("\x1b1", "alt+1"),
        ("\x1b6", "alt+6"),
        ("\x1bd", "alt+d"),
        ("\x1bf", "ctrl+right"),
        ("\x1b\r", "alt+enter"),
        ("\x1b/", "alt+slash"),
        ("\x1b[1;5A", "ctrl+up"),
        ("\x1b[1;3B", "alt+down"),
        ("\x1bz", "alt+z"),
        ("¡", "inverted_exclamation_mark"),
    ):
        events = list(XTermParser(False).feed(sequence))
        assert [getattr(event, "key", None) for event in events] == [key]
