"""The Models screen, with keys and eyes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from textual.widgets import Input, Static

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import ModelFormat, ModelRecord
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.screens.model_delete import DeleteModelScreen
from invoke_tui.tui.screens.model_edit import EditModelScreen
from invoke_tui.tui.screens.models import ModelsScreen
from invoke_tui.tui.widgets.image_view import ImageView
from invoke_tui.tui.widgets.lora_form import LoRAForm
from invoke_tui.tui.widgets.model_details import ModelDetails, ModelFacts
from invoke_tui.tui.widgets.model_launchpad import ModelLaunchpad
from invoke_tui.tui.widgets.model_list import ModelHead, ModelList
from invoke_tui.tui.widgets.settings_form import SettingsForm
from tests.tui.fake_client import FakeClient, paint
from tests.tui.fake_models import a_model
from tests.tui.harness import connected, make_app, settle, words

if TYPE_CHECKING:
    from textual.pilot import Pilot

SIZE = (130, 40)


@pytest.fixture
def first_screen() -> str:
    return "models"


def collection() -> list[ModelRecord]:
    """A default model and five others."""
    return [
        a_model(),
        a_model("Big XL", "big", base="sdxl", format="checkpoint", file_size=6_900_000_000, in_place=False),
        a_model("ink", "ink", type="lora", base="sdxl", format="lycoris", file_size=220_000_000,
                trigger_phrases=("inksketch", "rough paper"), description="Ink lines.", related=("big",)),
        a_model("old", "old", type="lora", base="sd-1", missing=True, path="/gone/old.safetensors"),
        a_model("xl vae", "vae", type="vae", base="sdxl", file_size=335_000_000),
        a_model("encoder", "t5", type="t5_encoder", base="any", file_size=9_000_000_000),
    ]  # fmt: skip


async def open_models(app: InvokeTuiApp, pilot: Pilot[Any]) -> ModelList:
    await connected(pilot)
    rows = app.screen.query_one(ModelList)
    await settle(pilot, lambda: rows.models)
    return rows


def names(rows: ModelList) -> list[str]:
    return [model.name for model in rows._rows]


def facts(app: InvokeTuiApp) -> str:
    return words(app.screen.query_one(ModelFacts))


async def test_the_table_says_what_there_is(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records = collection()
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_models(app, pilot)
        assert names(rows) == ["Big XL", "encoder", "ink", "old", "starter", "xl vae"]
        lines = [rows.render_line(y).text for y in range(6)]
        assert "sdxl" in lines[0]
        assert "6.9 GB" in lines[0]
        assert "managed" in lines[0]
        assert "!" in lines[3]
        assert "missing" in lines[3]
        assert "●" in lines[4]
        assert "1 missing" in words(app.screen.query_one("#model-count", Static))
        await pilot.press("j", "j")
        assert rows.model is not None
        assert rows.model.name == "ink"
        assert "inksketch, rough paper" in facts(app)
        assert "related    Big XL" in facts(app)
        await pilot.press("G", "g", "end", "home", "pagedown", "k")
        assert rows.cursor == 4


async def test_filter_and_order(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records = collection()
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_models(app, pilot)
        await pilot.press("slash", *"type:lora base:sdxl")
        assert names(rows) == ["ink"]
        assert "1 of 6" in words(app.screen.query_one("#model-count", Static))
        field = app.screen.query_one("#model-filter", Input)
        for text, found in (
            ("rough", ["ink"]), ("is:missing", ["old"]), ("type:t5", ["encoder"]), ("base:sdxl vae", ["xl vae"]),
            ("type:", names(rows) and ["Big XL", "encoder", "ink", "old", "starter", "xl vae"]), ("nothing", []),
        ):  # fmt: skip
            field.value = text
            await pilot.pause()
            assert names(rows) == found, text
        assert app.screen.has_class("-nothing")
        await pilot.press("escape")
        assert len(names(rows)) == 6
        assert app.focused is rows
        await pilot.press("o", "o")
        assert names(rows)[:2] == ["encoder", "Big XL"], "the largest first"
        assert "size ↓" in words(app.screen.query_one(ModelHead))
        await pilot.press("O")
        assert names(rows)[-1] == "encoder"


async def test_ten_thousand_models_are_a_list_like_any_other(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records = [
        a_model(f"model {n:05}", f"k{n}", base="sdxl" if n % 2 else "sd-1") for n in range(10_000)
    ]
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_models(app, pilot)
        made = 0
        row = rows.row

        def counted(index: int, width: int, *, plain: bool) -> Any:
            nonlocal made
            made += 1
            return row(index, width, plain=plain)

        rows.row = counted  # type: ignore[method-assign]
        await pilot.press("G")
        assert rows.model is not None
        assert rows.model.name == "model 09999"
        await pilot.press("slash", *"0999 base:sdxl")
        assert len(names(rows)) == 6
        assert made < 2_000, "only what is on the screen is made"


async def test_the_choice_stays_on_its_model_when_the_list_changes(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    client.records = collection()
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_models(app, pilot)
        await pilot.press("j", "j")
        await client.edit_model("big", {"name": "zebra"})
        await settle(pilot, lambda: "zebra" in names(rows))
        assert rows.model is not None
        assert rows.model.key == "ink"


async def test_an_empty_list_says_what_to_press_first(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records = [a_model(source="invoke-tui")]
    async with app.run_test(size=SIZE) as pilot:
        await open_models(app, pilot)
        launchpad = app.screen.query_one(ModelLaunchpad)
        assert launchpad.display
        assert "scan the folder" in words(launchpad)
        assert "starter bundle" in words(launchpad)
        client.records.append(a_model("new", "new"))
        await client.edit_model("new", {"description": "x"})
        await settle(pilot, lambda: not launchpad.display)


async def test_at_80_columns_list_and_details_take_turns(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records = collection()
    async with app.run_test(size=(80, 24)) as pilot:
        rows = await open_models(app, pilot)
        details = app.screen.query_one(ModelDetails)
        assert rows.region.width >= 78
        assert not details.region.width
        await pilot.press("l")
        await settle(pilot, lambda: details.has_focus)
        assert details.region.size == (80, 20)
        await pilot.press("h")
        await settle(pilot, lambda: rows.has_focus)
        assert rows.region.width >= 78


async def test_use_goes_to_generate_with_the_model(tmp_path: Path, client: FakeClient) -> None:
    client.records = collection()
    app = make_app(tmp_path, client)
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("alt+5")
        rows = await open_models(app, pilot)
        rows.choose("old")
        await pilot.press("enter")
        assert app.current_mode == "models", "its files are gone"
        rows.choose("big")
        await pilot.press("enter")
        await settle(pilot, lambda: app.current_mode == "generate")
        form = app.screen.query_one(SettingsForm)
        await settle(pilot, lambda: form.model is not None and form.model.key == "big")
        await pilot.press("alt+5")
        rows.choose("vae")
        await pilot.press("u")
        await settle(pilot, lambda: form.values()["vae"] == "vae")
        await pilot.press("alt+5")
        rows.choose("ink")
        await pilot.press("u")
        await settle(pilot, lambda: app.current_mode == "generate")
        await settle(
            pilot, lambda: [lora["model"] for lora in form.query_one(LoRAForm).asked()["loras"]] == ["ink"]
        )


async def test_use_before_generate_was_ever_shown(tmp_path: Path, client: FakeClient) -> None:
    client.records = collection()
    first = make_app(tmp_path, client)
    async with first.run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("alt+5")
        await first.action_quit()
    again = make_app(tmp_path, client)
    async with again.run_test(size=SIZE) as pilot:
        await settle(pilot, lambda: isinstance(again.screen, ModelsScreen))
        rows = again.screen.query_one(ModelList)
        await settle(pilot, lambda: rows.models)
        rows.choose("big")
        await pilot.press("enter")
        await settle(pilot, lambda: again.screen.query(SettingsForm))
        form = again.screen.query_one(SettingsForm)
        await settle(pilot, lambda: form.model is not None and form.model.key == "big")


async def test_edit_sends_what_was_changed_and_nothing_else(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records = collection()
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_models(app, pilot)
        rows.choose("big")
        await pilot.press("e")
        screen = cast("EditModelScreen", app.screen)
        assert "Euler" in str(screen.query_one("#edit-scheduler SelectCurrent #label", Static).render())
        screen.query_one("#edit-name", Input).value = "Biggest"
        screen.query_one("#edit-trigger_phrases", Input).value = "one, two,"
        screen.query_one("#field-steps", Input).value = "0"
        await pilot.press("ctrl+g")
        assert app.screen is screen, "no steps are no steps"
        screen.query_one("#field-steps", Input).value = "35"
        screen.query_one("#field-width", Input).value = ""
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: app.screen is not screen)
        assert client.calls == [
            ("edit", "big", {
                "name": "Biggest", "trigger_phrases": ["one", "two"], "default_settings": {"steps": 35, "width": None},
            })
        ]  # fmt: skip
        await settle(pilot, lambda: "Biggest" in names(rows))
        assert "35 steps" in facts(app)
        await pilot.press("e", "ctrl+g")
        await settle(pilot, lambda: isinstance(app.screen, ModelsScreen))
        assert len(client.calls) == 1, "nothing was changed, nothing is sent"


async def test_a_refused_edit_says_why_and_stays(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records = collection()
    client.refuse["edit"] = BadInputError("No such variant.", hint="Use normal.")
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_models(app, pilot)
        rows.choose("ink")
        await pilot.press("e")
        app.screen.query_one("#field-weight", Input).value = "-0.5"
        await pilot.press("ctrl+g")
        problem = app.screen.query_one("#edit-problem", Static)
        await settle(pilot, lambda: problem.display)
        assert "Use normal." in words(problem)
        assert isinstance(app.screen, EditModelScreen)
        client.refuse.clear()
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: client.calls == [("edit", "ink", {"default_settings": {"weight": -0.5}})])


async def test_delete_asks_and_asks_twice_before_files_go(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records = collection()
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_models(app, pilot)
        ours = app.studio.paths.models_dir / "big"
        client.records[1] = client.records[1].model_copy(update={"path": str(ours)})
        await pilot.press("r")
        await settle(pilot, lambda: rows.models[1].path == str(ours))
        rows.choose("ink")
        await pilot.press("d")
        assert isinstance(app.screen, DeleteModelScreen)
        assert not app.screen.query("#files"), "its files are not ours"
        await pilot.press("f", "escape")
        assert client.calls == []
        await pilot.press("d", "y")
        await settle(pilot, lambda: ("remove", "ink", False) in client.calls)
        await settle(pilot, lambda: "ink" not in names(rows))
        rows.choose("big")
        await pilot.press("d", "f")
        await settle(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("n")
        assert len(client.calls) == 1
        await pilot.press("d", "f")
        await settle(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await settle(pilot, lambda: ("remove", "big", True) in client.calls)


async def test_the_hash_is_computed_beside_everything_else(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records = collection()
    client.hold.clear()
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_models(app, pilot)
        await pilot.press("c")
        await settle(pilot, lambda: "3.5 GB of 6.9 GB" in facts(app))
        await pilot.press("j")
        assert "hashing" not in facts(app)
        client.hold.set()
        await pilot.press("k")
        await settle(pilot, lambda: "abababab" in facts(app))
        client.hold.clear()
        rows.choose("vae")
        await pilot.press("c")
        await settle(pilot, lambda: "hashing" in facts(app))
        await pilot.press("c")
        await settle(pilot, lambda: "hashing" not in facts(app))


async def test_a_checkpoint_is_converted(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records = [
        record.model_copy(update={"format": ModelFormat.CHECKPOINT}) if record.key == "big" else record
        for record in collection()
    ]
    client.hold.clear()
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_models(app, pilot)
        rows.choose("big")
        await pilot.press("x")
        await settle(pilot, lambda: "1 of 2, unet" in facts(app))
        client.hold.set()
        await settle(pilot, lambda: rows.model is not None and rows.model.format is ModelFormat.DIFFUSERS)
        await settle(pilot, lambda: "unet" not in facts(app))
        await pilot.press("x")
        assert "convert" not in facts(app), "a folder is not converted again"


async def test_a_picture_comes_when_the_cursor_rests(tmp_path: Path, client: FakeClient) -> None:
    cover = tmp_path / "ink.png"
    cover.write_bytes(paint(3))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    client.records = [
        a_model("a", "a"), a_model("b", "b", cover_image=str(cover)), a_model("c", "c", cover_image=str(broken)),
        a_model("d", "d", cover_image="/dev/zero"),
    ]  # fmt: skip
    app = make_app(tmp_path / "root", client, screen="models")
    async with app.run_test(size=SIZE) as pilot:
        await open_models(app, pilot)
        details = app.screen.query_one(ModelDetails)
        assert not details.has_class("-pictured")
        await pilot.press("j")
        await settle(pilot, lambda: details.has_class("-pictured"))
        await settle(pilot, lambda: details.query_one(ImageView)._frame is not None)
        await pilot.press("j")
        await settle(pilot, lambda: not details.has_class("-pictured"))
        await pilot.press("j")
        await asyncio.sleep(0.3)
        assert not details.has_class("-pictured")


async def test_copy_goes_to_the_clipboard(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records = collection()
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_models(app, pilot)
        rows.choose("ink")
        await pilot.press("t")
        assert app.clipboard == "inksketch, rough paper"
        await pilot.press("y")
        assert app.clipboard == "/models/ink"
