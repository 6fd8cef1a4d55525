"""The form follows the family of the chosen model."""

from __future__ import annotations

from typing import Any

from textual.widgets import Select

from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.widgets.choice import Choice
from invoke_tui.tui.widgets.fields import Field, NumberField
from invoke_tui.tui.widgets.refiner_form import RefinerForm
from invoke_tui.tui.widgets.settings_form import SettingsForm
from tests.support.requests import model_record
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, settle

SIZE = (120, 50)
FLUX, SDXL, ANY = BaseModelType.FLUX, BaseModelType.SDXL, BaseModelType.ANY


def model(name: str, base: BaseModelType, type_: ModelType = ModelType.MAIN, **changes: Any) -> ModelRecord:
    return model_record(key=name, name=name, base=base, type=type_, path=f"/models/{name}", **changes)


def shelf(client: FakeClient) -> None:
    client.records += [
        model("dev", FLUX, variant="dev"),
        model("xl", SDXL),
        model("finish", BaseModelType.SDXL_REFINER),
        model("ae", FLUX, ModelType.VAE),
        model("fine vae", SDXL, ModelType.VAE),
        model("t5 [/]", ANY, ModelType.T5_ENCODER),
        model("clip", ANY, ModelType.CLIP_EMBED, variant="large"),
    ]


async def choose(app: InvokeTuiApp, pilot: Any, name: str) -> SettingsForm:
    form = app.screen.query_one(SettingsForm)
    app.screen.query_one("#field-model", Select).value = name
    await settle(pilot, lambda: form.model is not None and form.model.key == name)
    await pilot.pause()
    return form


async def opened(form: SettingsForm) -> None:
    for group in form.groups[-2:]:
        await group.open()


def offered(app: InvokeTuiApp, role: str) -> list[str]:
    choice = app.screen.query_one(f"#field-{role}", Choice)
    return [value for _, value in choice._options if isinstance(value, str)]


async def test_flux_has_guidance_three_schedulers_and_encoders(app: InvokeTuiApp, client: FakeClient) -> None:
    shelf(client)
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        assert not app.screen.query_one("#row-guidance", Field).display
        form = app.screen.query_one(SettingsForm)
        await opened(form)
        form.restore({"seamless_x": True, "cfg_rescale_multiplier": "0.5", "scheduler": "ddim"})
        assert app.screen.query_one("#field-scheduler", Select).value == "ddim"
        await choose(app, pilot, "dev")
        assert app.screen.query_one("#row-guidance", Field).display
        assert app.screen.query_one("#field-steps", NumberField).placeholder == "28"
        assert app.screen.query_one("#field-width", NumberField).placeholder == "1024"
        schedulers = app.screen.query_one("#field-scheduler", Select)
        assert schedulers.prompt == "Euler"
        assert (offered(app, "t5_encoder"), offered(app, "vae")) == (["t5 [/]"], ["ae"])
        assert not app.screen.query_one(RefinerForm).display
        app.screen.query_one("#field-guidance", NumberField).value = "2.5"
        app.screen.query_one("#field-t5_encoder", Choice).value = "t5 [/]"
        await pilot.pause()
        request = form.request("a fox", "")
        assert request is not None
        assert not request.seamless_x, "what it cannot do is not asked of it"
        assert request.cfg_rescale_multiplier is None
        assert request.scheduler is None, "it does not know that one"
        assert (request.guidance, request.t5_encoder, request.model) == (2.5, "t5 [/]", "dev")
        form = await choose(app, pilot, "xl")
        request = form.request("a fox", "")
        assert request is not None
        assert (request.guidance, request.t5_encoder) == (None, None), "other families are not asked that"


async def test_sdxl_may_have_a_refiner(app: InvokeTuiApp, client: FakeClient) -> None:
    shelf(client)
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        form = await choose(app, pilot, "xl")
        await opened(form)
        assert "finish" not in {m.key for m in form._models}, "a refiner begins no picture"
        assert offered(app, "refiner_model") == ["finish"]
        assert not app.screen.query_one("#refiner-settings").display
        app.screen.query_one("#field-refiner_model", Choice).value = "finish"
        await settle(pilot, lambda: app.screen.query_one("#refiner-settings").display)
        app.screen.query_one("#field-refiner_start", NumberField).value = "0.7"
        await pilot.pause()
        request = form.request("a fox", "")
        assert request is not None
        assert (request.refiner_model, request.refiner_start, request.refiner_steps) == ("finish", 0.7, 20)
        kept = form.values()
        form.reset()
        again = form.request("a fox", "")
        assert again is not None
        assert again.refiner_model is None
        form.restore(kept)
        again = form.request("a fox", "")
        assert again is not None
        assert again.refiner_model == "finish"
