"""The list of LoRAs in the form: found by a few letters, weighed with keys, kept, and told apart by family."""

from __future__ import annotations

from typing import Any

from invoke_tui.domain.models.records import BaseModelType, ModelDefaults, ModelRecord, ModelType
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.widgets.fields import SmallButton
from invoke_tui.tui.widgets.lora_form import LoRAForm, LoRASearch, best
from invoke_tui.tui.widgets.lora_row import LoRARow
from invoke_tui.tui.widgets.settings_form import SettingsForm
from tests.support.requests import model_record
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, settle, words
from tests.tui.payloads import PAYLOADS

SIZE = (120, 50)
SD1, SDXL = BaseModelType.SD1, BaseModelType.SDXL


def lora(name: str, base: BaseModelType = SD1, **changes: Any) -> ModelRecord:
    return model_record(key=name, name=name, base=base, type=ModelType.LORA, path="/x", **changes)


def shelf(client: FakeClient) -> None:
    client.records += [
        model_record(key="xl", name="xl", base=SDXL, path="/xl"),
        model_record(key="three", name="three", base=BaseModelType.SD3, path="/three"),
        lora("Watercolour Wash", default_settings=ModelDefaults(weight=0.4), trigger_phrases=("wtrclr",)),
        lora("soft light"),
        lora("light leaks [/]"),
        lora("xl only", SDXL),
    ]


async def opened(app: InvokeTuiApp, pilot: Any) -> LoRAForm:
    await connected(pilot)
    app.screen.query_one("#loras-toggle", SmallButton).action_press()
    await settle(pilot, lambda: app.screen.query(LoRASearch))
    app.screen.query_one(LoRASearch).focus()
    await pilot.pause()
    return app.screen.query_one(LoRAForm)


def asked(app: InvokeTuiApp) -> list[tuple[str, float | None]]:
    request = app.screen.query_one(SettingsForm).request("a fox", "")
    assert request is not None
    return [(one.model, one.weight) for one in request.loras]


async def test_found_weighed_switched_and_removed(app: InvokeTuiApp, client: FakeClient) -> None:
    shelf(client)
    async with app.run_test(size=SIZE) as pilot:
        await opened(app, pilot)
        await pilot.press(*"wsh")
        assert "Watercolour Wash" in words(app.screen.query_one("#lora-found"))
        await pilot.press("enter", *"light")
        await pilot.press("down", "enter")
        await settle(pilot, lambda: len(app.screen.query(LoRARow)) == 2)
        assert asked(app) == [("Watercolour Wash", 0.4), ("soft light", 0.75)]
        app.screen.query(LoRARow).first().focus()
        await pilot.press("right", "right", "plus", "left")
        assert asked(app)[0] == ("Watercolour Wash", 0.5)
        assert "wtrclr" in app.screen.query(LoRARow).first().help_text
        await pilot.press(*["pagedown"] * 2, "space")
        assert asked(app) == [("soft light", 0.75)]
        await pilot.press("space")
        assert asked(app)[0] == ("Watercolour Wash", -0.5)
        await pilot.press("delete")
        await settle(pilot, lambda: len(app.screen.query(LoRARow)) == 1)
        assert asked(app) == [("soft light", 0.75)]
        assert isinstance(app.screen.focused, LoRARow)
        await pilot.press("delete")
        await settle(pilot, lambda: not app.screen.query(LoRARow))
        assert app.screen.query_one(LoRASearch).has_focus


async def test_those_of_other_families_wait(app: InvokeTuiApp, client: FakeClient) -> None:
    shelf(client)
    async with app.run_test(size=SIZE) as pilot:
        listed = await opened(app, pilot)
        await pilot.press(*"xl", "enter")
        assert asked(app) == [], "nothing of another family is offered"
        listed.add(client.records[-3])
        form = app.screen.query_one(SettingsForm)
        form.restore({"model": "xl"})
        await settle(pilot, lambda: form.model is not None and form.model.key == "xl")
        await pilot.pause()
        assert asked(app) == []
        assert "for sd-1" in str(app.screen.query(LoRARow).first().render())
        form.restore({"model": "three"})
        await settle(pilot, lambda: not listed.display)
        form.restore({"model": client.records[0].key})
        await settle(pilot, lambda: bool(asked(app)))


async def test_the_session_keeps_it_reset_empties_it_and_a_broken_one_costs_nothing(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    shelf(client)
    async with app.run_test(size=SIZE) as pilot:
        listed = await opened(app, pilot)
        listed.add(client.records[-2])
        form = app.screen.query_one(SettingsForm)
        kept = form.values()
        form.reset()
        assert asked(app) == []
        for text in ("", "{", "[1]", '[["a", 99, true]]', '[["a", "b", 1]]', "[" * 5000, "null"):
            listed.restore({"loras": text})
            await pilot.pause()
            assert asked(app) == []
        form.restore(kept)
        assert asked(app) == [("light leaks [/]", 0.75)]
        await settle(pilot, lambda: len(app.screen.query(LoRARow)) == 1)


async def test_names_that_attack(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records += [lora(f"e{payload}") for payload in PAYLOADS]
    async with app.run_test(size=SIZE) as pilot:
        listed = await opened(app, pilot)
        await pilot.press("e")
        for record in client.records[-len(PAYLOADS) :]:
            listed.add(record)
        await settle(pilot, lambda: len(app.screen.query(LoRARow)) == len(PAYLOADS))
        shown = "".join(str(row.render()) for row in app.screen.query(LoRARow))
        assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in shown)


def test_the_closest_name_first() -> None:
    records = [lora(name) for name in ("a big fox", "foxglove", "outfox", "f o x", "wolf")]
    assert [m.name for m in best("FOX", records)] == ["foxglove", "a big fox", "outfox", "f o x"]
    assert best(" ", records) == []
