"""The picture to start from in the form, and the dialog that makes one larger."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from textual.pilot import Pilot
from textual.widgets import Input, Static

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.request.pictures import Outpaint
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.preset_values import form_values as preset_values
from invoke_tui.tui.screens.upscale import UpscaleScreen
from invoke_tui.tui.widgets.fields import Field
from invoke_tui.tui.widgets.picture_form import PictureForm
from invoke_tui.tui.widgets.picture_line import PictureLine
from invoke_tui.tui.widgets.results_strip import ResultsStrip
from invoke_tui.tui.widgets.settings_form import SettingsForm
from invoke_tui.tui.widgets.thumbnail import Thumbnail
from tests.support.requests import model_record
from tests.tui.fake_client import FakeClient, paint
from tests.tui.fake_pictures import a_picture
from tests.tui.harness import connected, settle, words

SIZE = (104, 30)


def a_file(folder: Path, name: str, picture: Image.Image) -> str:
    picture.save(folder / name, "PNG")
    return str(folder / name)


def upscaler(name: str = "starter-upscaler") -> ModelRecord:
    return model_record(
        key=name, name=name, base=BaseModelType.ANY, type=ModelType.SPANDREL, path=f"/models/{name}"
    )


def fill(app: InvokeTuiApp, name: str, text: str) -> None:
    app.screen.query_one(f"#field-{name}", Input).value = text


def error_at(app: InvokeTuiApp, name: str) -> str:
    row = app.screen.query_one(f"#row-{name}", Field)
    return words(row.query_one(".field-error", Static)) if row.has_class("-invalid") else ""


async def opened(app: InvokeTuiApp, pilot: Pilot[Any]) -> tuple[SettingsForm, PictureForm]:
    await connected(pilot)
    form = app.screen.query_one(SettingsForm)
    await settle(pilot, lambda: form.model is not None)
    await form.pictures.open()
    return form, form.pictures


async def test_a_file_a_mask_and_borders_become_a_request(
    app: InvokeTuiApp, client: FakeClient, tmp_path: Path
) -> None:
    fox = tmp_path / "fox.png"
    fox.write_bytes(paint(3, 96, 64))
    mask = Image.new("L", (96, 64))
    ImageDraw.Draw(mask).ellipse((20, 10, 60, 50), fill=255)
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        form = app.screen.query_one(SettingsForm)
        pictures = form.pictures
        assert not pictures.query(PictureLine), "its fields are made when it is opened"
        app.screen.query_one("#picture-form-toggle").focus()
        await pilot.press("enter")
        await settle(pilot, lambda: pictures.opened)
        # typed as a person does, with tab
        app.screen.query_one("#field-init_image").focus()
        fill(app, "init_image", str(tmp_path / "fo"))
        await settle(pilot, lambda: pictures.sources["init_image"].offers == ["fox.png"])
        assert not app.screen.query_one("#picture-more").display
        await pilot.press("tab")
        await settle(pilot, lambda: pictures.sources["init_image"].strips)
        assert client.taken == [(str(fox), "user")]
        assert app.screen.query(Thumbnail).first().display
        assert "96 × 64" in words(pictures.query(".picture-words").first(Static))
        assert [pictures.mode] == ["img2img"]
        assert "Image to image" in words(app.screen.query_one("#picture-mode", Static))
        assert not app.screen.query_one("#picture-part").display
        fill(app, "strength", "0.5")
        fill(app, "mask_image", a_file(tmp_path, "mask.png", mask))
        fill(app, "mask_blur", "4")
        await settle(pilot, lambda: pictures.sources["mask_image"].strips)
        assert client.taken[1][1] == "mask"
        assert [pictures.mode] == ["inpaint"]
        assert app.screen.query_one("#picture-part").display
        fill(app, "outpaint", "right=64")
        await settle(pilot, lambda: pictures.mode == "outpaint")
        assert "→ 160 × 64" in words(pictures.query(".picture-words").first(Static))
        assert not app.screen.query_one("#row-infill_color").display
        request = form.request("a fox", "")
        assert request is not None
        names = [source.record.image_name for source in pictures.sources.values() if source.record]
        assert [request.init_image, request.mask_image] == names
        assert (request.strength, request.mask_blur, request.outpaint) == (0.5, 4, Outpaint(right=64))
        # folded it says what it holds; kept as raw values it comes back, from a preset too
        pictures.fold(shut=True)
        assert "fox.png · outpainting" in words(pictures.query_one(".group-summary", Static))
        kept, preset = form.values(), preset_values(request)
        assert (kept["init_image"], kept["outpaint"]) == (str(fox), "right=64")
        form.reset()
        blank = form.request("a fox", "")
        assert blank is not None
        assert (blank.init_image, blank.strength, pictures.mode) == (None, 0.75, None)
        for values in (kept, preset):
            form.restore(values)
            await pictures.settled()
            again = form.request("a fox", "")
            assert again is not None
            assert again.model_copy(update={"seed": None}) == request


async def test_what_cannot_be_is_told_before_the_run(
    app: InvokeTuiApp, client: FakeClient, tmp_path: Path
) -> None:
    client.records.append(
        model_record(
            key="fill", name="fill", base=BaseModelType.FLUX, variant="dev_fill", path="/models/fill"
        )
    )
    client.pictures["fox.png"] = (a_picture("fox.png"), paint(1))
    async with app.run_test(size=SIZE) as pilot:
        form, pictures = await opened(app, pilot)

        async def told(name: str, part: str, **values: str) -> None:
            form.reset()
            for field, value in values.items():
                pictures._put(field, value)
            await pictures.settled()
            await pilot.press("ctrl+g")
            await settle(pilot, lambda: part in error_at(app, name))
            assert app.focused is not None
            assert app.focused.id == f"field-{name}"
            assert client.requests == []

        (tmp_path / "notes.png").write_text("no picture")
        tall = a_file(tmp_path, "tall.png", Image.new("L", (64, 128), 255))
        await told("init_image", "no such file", init_image=str(tmp_path / "none.png"))
        await told("init_image", "there is no such file, nor a picture", init_image="elsewhere.png")
        await told("init_image", "no picture that can be read", init_image=str(tmp_path / "notes.png"))
        await told("mask_image", "shapes differ", init_image="fox.png", mask_image=tall)
        form.reset()
        form.restore({"model": "fill"})
        await told("mask_image", "only fills", init_image="fox.png")
        # what only the studio knows is shown at its field, too
        form.restore({"model": "starter-key", "init_image": "fox.png", "mask_image": "fox.png"})
        await pictures.settled()
        client.refuse_next = BadInputError("The mask is empty: nothing would be drawn.", code="empty_mask")
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: "nothing would be drawn" in error_at(app, "mask_image"))


async def test_the_strip_starts_from_a_picture_and_makes_it_larger(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    clear = Image.new("RGBA", (64, 64), (200, 80, 20, 255))
    clear.paste((0, 0, 0, 0), (0, 0, 20, 64))
    data = io.BytesIO()
    clear.save(data, "PNG")
    client.pictures["old.png"] = (a_picture("old.png"), paint(1))
    client.pictures["new.png"] = (a_picture("new.png", 64, 64), data.getvalue())
    client.pictures["m.png"] = (a_picture("m.png", image_category="mask"), paint(2))
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        form = app.screen.query_one(SettingsForm)
        pictures, strip = form.pictures, app.screen.query_one(ResultsStrip)
        await settle(pilot, lambda: len(strip.images) == 2 and form.model)
        strip.focus()
        await pilot.press("i")
        await settle(pilot, lambda: app.focused and app.focused.id == "field-strength")
        await pictures.settled()
        assert pictures.mode == "outpaint", "what is transparent is drawn"
        fill(app, "mask_image", "alpha")
        await pilot.pause()
        request = form.request("", "")
        assert request is not None
        assert (request.init_image, request.mask_image) == ("new.png", None)
        # the last result is whichever that is
        await pilot.click("#init_image-last")
        fill(app, "mask_image", "")
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: client.requests)
        assert client.requests[0].init_image == "new.png"
        await settle(pilot, lambda: len(strip.images) == 3)
        await settle(pilot, lambda: pictures.sources["init_image"].record == strip.images[0])
        # larger: without an upscaler it says how to get one
        strip.focus()
        await pilot.press("u")
        await settle(pilot, lambda: isinstance(app.screen, UpscaleScreen))
        none = app.screen.query_one("#upscale-none", Static)
        await settle(pilot, lambda: "models install starter-upscaler" in words(none))
        await pilot.press("ctrl+g", "escape")
        client.records.append(upscaler())
        await pilot.press("u")
        await settle(pilot, lambda: app.focused and app.focused.id == "field-scale")
        size = app.screen.query_one("#upscale-size", Static)
        fill(app, "scale", "100")
        await settle(pilot, lambda: error_at(app, "scale") == "at most 16")
        await pilot.press("enter")
        fill(app, "scale", "0")
        await settle(pilot, lambda: error_at(app, "scale") == "more than 0")
        fill(app, "scale", "2")
        await settle(pilot, lambda: "256 × 256" in words(size))
        fill(app, "tile_size", "64")
        await pilot.press("enter")
        await settle(pilot, lambda: client.upscalings)
        sent = client.upscalings[0]
        assert sent.images == [strip.images[0].image_name]
        assert (sent.model, sent.scale, sent.tile_size) == ("starter-upscaler", 2, 64)


@pytest.mark.parametrize(
    ("values", "field", "part"),
    [
        ({"init_image": "", "mask_image": "fox.png"}, "init_image", "need a picture"),
        ({"mask_image": "alpha"}, "mask_image", "transparent"),
        ({"outpaint": "up=3"}, "outpaint", "such as right=128"),
        ({"outpaint": "9000"}, "outpaint", "at most 4096"),
        ({"strength": "2"}, "strength", "at most 1"),
        ({"outpaint": "8", "infill_method": "color", "infill_color": "red"}, "infill_color", "#c04040"),
        ({"outpaint": "8", "scale_before_processing": "manual"}, "scaled_width", "by hand"),
    ],
)
def test_a_group_without_fields_knows_what_is_wrong(values: dict[str, str], field: str, part: str) -> None:
    group = PictureForm(lambda: (None, None))
    assert (group.values()["paste_back"], group.asked(), group.trouble()) == (True, {}, None)
    group.raw |= {"init_image": "fox.png"} | values
    for name, source in group.sources.items():
        source.text = str(group.raw[name])
        source.record = None if source.text in ("", "alpha") else a_picture(source.text)
    trouble = group.trouble()
    assert trouble is not None
    assert trouble[0] == field
    assert part in trouble[1]


def test_a_picture_that_is_contained_has_borders_to_draw() -> None:
    size: list[int | None] = [None, None]
    group = PictureForm(lambda: (size[0], size[1]))
    group.raw |= {"init_image": "fox.png", "fit": "contain"}
    group.sources["init_image"].record = a_picture("fox.png", 100, 50)
    modes = [group.mode]
    for size[:] in ([200, 100], [200, 200]):
        modes.append(group.mode)
    assert modes == ["img2img", "img2img", "outpaint"]
