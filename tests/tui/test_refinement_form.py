"""Two passes, FreeU and the span of guidance in the form."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Static

from invoke_tui.domain.gallery.recalling import everything
from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.domain.request.refinement import FreeU
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.preset_values import changes
from invoke_tui.tui.prompts.preset_values import form_values as preset_values
from invoke_tui.tui.recalling.said import values_of
from invoke_tui.tui.widgets.fields import Field
from invoke_tui.tui.widgets.refinement_form import NO_UPSCALER, OWN_PICTURE, RefinementForm
from invoke_tui.tui.widgets.settings_form import SettingsForm
from tests.support.requests import model_record
from tests.tui.fake_client import FakeClient, paint
from tests.tui.fake_pictures import a_picture
from tests.tui.harness import connected, settle, words

UPSCALER = model_record(key="up", name="fine upscaler", base=BaseModelType.ANY, type=ModelType.SPANDREL)


def error_at(app: InvokeTuiApp, name: str) -> str:
    row = app.screen.query_one(f"#row-{name}", Field)
    return words(row.query_one(".field-error", Static)) if row.has_class("-invalid") else ""


def shown(app: InvokeTuiApp, name: str) -> str:
    return words(app.screen.query_one(f"#field-{name} #label", Static))


async def test_what_is_set_becomes_a_request_and_comes_back(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records.append(UPSCALER)
    client.pictures["fox.png"] = (a_picture("fox.png"), paint(1))
    async with app.run_test(size=(104, 40)) as pilot:
        await connected(pilot)
        form = app.screen.query_one(SettingsForm)
        group = form.query_one(RefinementForm)
        await settle(pilot, lambda: form.model is not None)
        assert not group.query("#field-freeu"), "its fields are made when it is opened"
        app.screen.query_one("#refinement-form-toggle").focus()
        await pilot.press("enter")
        await settle(pilot, lambda: group.opened)
        assert not app.screen.query_one("#refinement-passes").display
        for name in ("hrf_enabled", "freeu"):
            app.screen.query_one(f"#field-{name}").focus()
            await pilot.press("space")
        form.restore({"hrf_method": "ESRGAN", "hrf_model": "up", "b1": "1.1", "cfg_end_step_percent": "0.8"})
        app.screen.query_one("#field-hrf_strength").focus()
        await pilot.press("+")
        await settle(pilot, lambda: group.raw["hrf_strength"] == "0.5")
        assert app.screen.query_one("#row-hrf_model").display
        request = form.request("a castle", "")
        assert request is not None
        assert (request.hrf_enabled, request.hrf_method, request.hrf_model) == (True, "ESRGAN", "up")
        assert (request.hrf_strength, request.hrf_scale, request.cfg_end_step_percent) == (0.5, None, 0.8)
        assert request.freeu == FreeU(b1=1.1)
        # folded it says what it holds; kept, as a preset and as metadata it comes back
        group.fold(shut=True)
        assert "two passes · FreeU · CFG 0 to 0.8" in words(group.query_one(".group-summary", Static))
        kept = form.values()
        models = {"model": {"key": request.model}, "hrf_model": {"key": "up"}}
        recorded = request.model_dump(mode="json") | models
        found = await client.recall(recorded)
        form.reset()
        blank = form.request("a castle", "")
        assert blank is not None
        assert (blank.hrf_enabled, blank.freeu, group.summary()) == (False, None, "")
        assert "b1 1.1 b2 1.4" in changes(blank, request, [UPSCALER]).plain
        for values in (kept, preset_values(request), values_of(everything(found, recorded))):
            form.reset()
            form.restore(values)
            again = form.request("a castle", "")
            assert again is not None
            assert again.model_copy(update={"seed": None}) == request.model_copy(update={"seed": None})
        await group.query_one(".group-body").remove()
        group.made = False  # opened later, it shows what was restored before
        await group.open()
        await settle(pilot, lambda: "ESRGAN" in shown(app, "hrf_method"))
        assert "fine upscaler" in shown(app, "hrf_model")
        # two passes draw their own first picture: said before the run, at the field
        form.restore({"init_image": "fox.png"})
        await form.pictures.settled()
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: error_at(app, "hrf_method") == OWN_PICTURE)
        assert app.focused is not None
        assert app.focused.id == "field-hrf_method"
        assert client.requests == []
        form.restore({"init_image": "", "hrf_model": "gone", "cfg_begin_step_percent": "0.9"})
        await settle(pilot, lambda: error_at(app, "hrf_model") == "It is not installed.")
        assert error_at(app, "cfg_end_step_percent") == "more than 0.9"


@pytest.mark.parametrize(
    ("base", "variant", "there"),
    [
        (BaseModelType.SDXL, None, {"hrf_enabled", "b1"}),
        (BaseModelType.FLUX, "dev", {"hrf_enabled"}),
        (BaseModelType.FLUX, "dev_fill", set()),
    ],
)
def test_only_what_the_family_can_is_asked_for(
    base: BaseModelType, variant: str | None, there: set[str]
) -> None:
    group = RefinementForm(lambda: False)
    assert group.asked() == {}
    group.show([], model_record(base=base, variant=variant))
    group.raw |= {"hrf_enabled": True, "freeu": True}
    assert set(group.used()) & {"hrf_enabled", "b1"} == there
    assert ("freeu" in group.asked()) is ("b1" in there)
    group.show([], None)
    assert group.asked() == {}


@pytest.mark.parametrize(
    ("values", "field", "part"),
    [
        ({"hrf_enabled": True, "hrf_scale": "1"}, "hrf_scale", "more than 1"),
        ({"hrf_enabled": True, "hrf_method": "ESRGAN"}, "hrf_method", NO_UPSCALER),
        ({"freeu": True, "s2": "9"}, "s2", "at most 3"),
        ({"cfg_begin_step_percent": "0.8", "cfg_end_step_percent": "0.2"}, "cfg_end_step_percent", "0.8"),
        ({"cfg_begin_step_percent": "1"}, "cfg_end_step_percent", "more than 1"),
    ],
)
def test_a_group_without_fields_knows_what_is_wrong(values: dict[str, Any], field: str, part: str) -> None:
    group = RefinementForm(lambda: False)
    assert group.trouble() is None
    group.raw |= values
    trouble = group.trouble()
    assert trouble is not None
    assert trouble[0] == field
    assert part in trouble[1]
