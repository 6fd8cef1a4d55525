"""Templates on screen: browsed with the prompt in them, used, made, changed, taken in and given out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from invoke_tui.domain.request.templates import TemplateText
from invoke_tui.prompt.templates.files import read_templates
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.complete import joined, paths
from invoke_tui.tui.prompts.path import PathScreen
from invoke_tui.tui.prompts.picker import Picker
from invoke_tui.tui.prompts.template_edit import TemplateEditScreen
from invoke_tui.tui.prompts.template_line import TemplateLine
from invoke_tui.tui.prompts.templates import TemplatesScreen
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.screens.generate import GenerateScreen
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, settle, words


def generate_screen(app: InvokeTuiApp) -> GenerateScreen:
    return cast("GenerateScreen", app.screen_stack[0])


async def opened(pilot: Pilot[Any]) -> TemplatesScreen:
    await pilot.press("alt+t")
    await settle(pilot, lambda: isinstance(pilot.app.screen, TemplatesScreen))
    screen = cast("TemplatesScreen", pilot.app.screen)
    await settle(pilot, lambda: screen.chosen)
    return screen


async def on(pilot: Pilot[Any], kind: type[Any]) -> Any:
    """Wait for a window."""
    await settle(pilot, lambda: isinstance(pilot.app.screen, kind))
    return pilot.app.screen


def about(screen: Picker[Any]) -> str:
    return words(screen.query_one("#pick-word"))


async def test_a_template_is_found_used_and_goes_into_the_request(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    client.put_template(
        TemplateText(name="Linen", positive_prompt="oil of {prompt}, thick", negative_prompt="3d")
    )
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        prompts = generate_screen(app).prompts
        prompts.positive.load_text("a fox")
        prompts.negative.load_text("fog")
        screen = await opened(pilot)
        assert screen.chosen.name == "no template"
        await pilot.press(*"lnn")
        await settle(pilot, lambda: screen.chosen and screen.chosen.name == "Linen")
        assert "oil of a fox, thick" in about(screen)
        assert "fog 3d" in about(screen)
        assert all("n" in one.name for one in screen.rows.entries if not isinstance(one, str))
        await pilot.press("enter")
        await on(pilot, GenerateScreen)
        line = app.screen.query_one(TemplateLine)
        assert "Linen" in words(line)
        assert line.display
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: client.requests)
        assert (client.requests[0].template, client.requests[0].positive_prompt) == ("Linen", "a fox")

        line.focus()
        await pilot.press("enter")
        screen = cast("TemplatesScreen", await on(pilot, TemplatesScreen))
        await settle(pilot, lambda: screen.chosen and screen.chosen.name == "Linen")
        await pilot.press("alt+l")
        await on(pilot, GenerateScreen)
        assert (prompts.positive.text, prompts.negative.text) == ("oil of a fox, thick", "fog 3d")
        assert not line.has_class("-shown")
        prompts.positive.undo()
        assert prompts.positive.text == "a fox"


async def test_templates_are_made_changed_copied_and_deleted(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        generate_screen(app).prompts.positive.load_text("soft light")
        screen = await opened(pilot)
        await pilot.press("alt+n")
        edit = cast("TemplateEditScreen", await on(pilot, TemplateEditScreen))
        assert edit.query_one("#template-positive", TextArea).text == "{prompt}, soft light"
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: "needs a name" in words(edit.query_one(".dialog-problem")))
        await pilot.press(*"Soft", "ctrl+g")
        await settle(pilot, lambda: app.screen is screen and screen.chosen.name == "Soft")
        [made] = client.own_templates
        assert (made.name, made.positive_prompt) == ("Soft", "{prompt}, soft light")

        await pilot.press("alt+c")
        await settle(pilot, lambda: screen.chosen.name == "Soft copy")
        await pilot.press("alt+e")
        edit = cast("TemplateEditScreen", await on(pilot, TemplateEditScreen))
        edit.query_one("#template-name", Input).value = "Soft"
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: "already" in words(edit.query_one(".dialog-problem")))
        edit.query_one("#template-name", Input).value = "Softer"
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: app.screen is screen and screen.chosen.name == "Softer")
        await pilot.press("alt+d")
        await on(pilot, ConfirmScreen)
        await pilot.press("y")
        await settle(pilot, lambda: [t.name for t in client.own_templates] == ["Soft"])
        await pilot.press("end")
        await pilot.press("pagedown", "pagedown")
        await settle(pilot, lambda: screen.chosen.type == "default")
        await pilot.press("alt+d", "delete")
        assert app.screen is screen, "a default template is never deleted"
        await pilot.press("alt+e")
        edit = cast("TemplateEditScreen", await on(pilot, TemplateEditScreen))
        assert edit.query_one("#template-name", Input).value.endswith(" copy")
        await pilot.press("escape", "escape")
        await on(pilot, GenerateScreen)


async def test_files_come_and_go(app: InvokeTuiApp, client: FakeClient, tmp_path: Path) -> None:
    (tmp_path / "styles.csv").write_text(
        "name,prompt,negative_prompt\n\x1b[31mink\x1b[0m,ink of {prompt},\nLinen,x,\n"
    )
    client.put_template(TemplateText(name="Linen", positive_prompt="oil"))
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        screen = await opened(pilot)
        await pilot.press("alt+i")
        dialog = cast("PathScreen", await on(pilot, PathScreen))
        field = dialog.query_one(Input)
        field.value = str(tmp_path / "nothing.csv")
        await pilot.press("enter")
        await settle(pilot, lambda: "no file" in words(dialog.query_one(".dialog-problem")))
        field.value = str(tmp_path / "sty")
        field.cursor_position = len(field.value)
        await pilot.press("tab")
        await settle(pilot, lambda: field.value.endswith("styles.csv"))
        await pilot.press("enter")
        await settle(pilot, lambda: app.screen is screen and "1 added" in about(screen))
        assert "1 left out, for they are here already" in about(screen)
        assert "ink" in about(screen)

        await pilot.press("alt+x")
        dialog = cast("PathScreen", await on(pilot, PathScreen))
        dialog.query_one(Input).value = str(tmp_path / "out.json")
        await pilot.press("enter")
        await settle(pilot, lambda: (tmp_path / "out.json").exists())
        written = read_templates((tmp_path / "out.json").read_bytes())
        assert [one.name for one in written] == ["ink", "Linen"]
        await on(pilot, TemplatesScreen)


def test_paths_are_completed(tmp_path: Path) -> None:
    for name in ("styles-a.csv", "styles-b.json", "picture.png"):
        (tmp_path / name).touch()
    (tmp_path / "sub").mkdir()
    found = paths(f"{tmp_path}/s", (".csv", ".json"))
    assert found == ["styles-a.csv", "styles-b.json", "sub/"]
    assert joined(f"{tmp_path}/st", found[:2]) == f"{tmp_path}/styles-"
    assert joined(f"{tmp_path}/su", found[2:]) == f"{tmp_path}/sub/"
    assert paths("\0", ()) == []
