"""The browser of wildcards."""

from __future__ import annotations

from textual.widgets import Static

from invoke_tui.domain.request.wildcards import WildcardName
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.wildcard_tree import WildcardRows, tree
from invoke_tui.tui.prompts.wildcards import ValueRows, WildcardsScreen
from invoke_tui.tui.screens.generate import GenerateScreen
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, settle, words


def test_names_become_a_tree_with_sums() -> None:
    names = {"art/oil": 3, "art/old/master": 2, "pet": 4, "pet/dog": 5}
    root = tree(WildcardName(name=name, values=values) for name, values in names.items())
    art, pet = root.children["art"], root.children["pet"]
    assert (art.total, art.pattern, pet.total, pet.pattern) == (5, "art/**", 9, "pet")
    assert [node.path for node in root.shown()] == ["", "art", "pet"]
    art.open = True
    assert [node.path for node in root.shown()] == ["", "art", "art/oil", "art/old", "pet"]
    deep = tree([WildcardName(name="/".join("x" * 5_000), values=1)])
    assert deep.total == 1


async def test_choose_one_and_it_stands_at_the_cursor(app: InvokeTuiApp, client: FakeClient) -> None:
    lists = {
        "animal": [f"beast {number:04}" for number in range(1_500)],
        "art/style": ["oil", "ink \x1b]52;c;QQ==\x07", "[bold]x[/]"],
        "colour": ["red"],
    }
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        await pilot.press("alt+w")
        await settle(pilot, lambda: isinstance(app.screen, WildcardsScreen))
        nothing = app.screen.query_one("#wildcard-none", Static)
        await settle(pilot, lambda: nothing.display)
        assert "/data/wildcards" in words(nothing), "without files it says where to put them"
        await pilot.press("enter", "escape")

        client.wildcard_lists, client.wildcard_problems = lists, ["broken.yaml: is nested too deep"]
        screen = app.screen
        assert isinstance(screen, GenerateScreen)
        screen.prompts.positive.load_text("a  fox")
        screen.prompts.positive.move_cursor((0, 2))
        await pilot.press("alt+w")
        await settle(pilot, lambda: isinstance(app.screen, WildcardsScreen))
        window = app.screen
        rows, values = window.query_one(WildcardRows), window.query_one(ValueRows)
        await settle(pilot, lambda: values.row_count == 1_001)
        assert "and 500 more" in values.row(1_000, 40, plain=False).plain
        assert "nested too deep" in words(window.query_one("#wildcard-word", Static))
        await pilot.press("down", "tab", "right", "down")
        await settle(pilot, lambda: values.row_count == 3)
        shown = [values.row(number, 40, plain=False).plain.strip() for number in range(3)]
        assert shown == ["[bold]x[/]", "ink", "oil"]
        await pilot.press("left", "left")
        assert rows.row_count == 3
        await pilot.press("slash", *"col", "enter")
        await settle(pilot, lambda: app.screen is screen)
        assert screen.prompts.positive.text == "a __colour__ fox"
