"""Control pictures, reference pictures and regions in the form."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input, Static

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.models.records import BaseModelType, ModelDefaults, ModelRecord, ModelType
from invoke_tui.domain.request.controls import ControlRequest, ReferenceRequest
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.regions import RegionRequest
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.preset_values import changes
from invoke_tui.tui.steering.controls import ControlGroup
from invoke_tui.tui.steering.entry import EntryHead
from invoke_tui.tui.steering.entry_group import EntryGroup
from invoke_tui.tui.steering.preview import ControlPreview
from invoke_tui.tui.steering.values import requested
from invoke_tui.tui.widgets.choice import Choice
from invoke_tui.tui.widgets.fields import Field
from invoke_tui.tui.widgets.image_view import ImageView
from invoke_tui.tui.widgets.results_strip import ResultsStrip
from invoke_tui.tui.widgets.settings_form import SettingsForm
from tests.support.requests import model_record
from tests.tui.fake_client import FakeClient, paint
from tests.tui.fake_pictures import a_picture
from tests.tui.harness import connected, settle, words

CANNY = model_record(
    key="cn",
    name="canny",
    type=ModelType.CONTROLNET,
    path="/m/canny",
    default_settings=ModelDefaults(preprocessor="canny_image_processor"),
)
SKETCH = model_record(key="t2i", name="sketch", type=ModelType.T2I_ADAPTER, path="/m/sketch")
UNION = model_record(
    key="un", name="union pro", type=ModelType.CONTROLNET, base=BaseModelType.SDXL, path="/m/union"
)
ADAPTER = model_record(key="ip", name="adapter", type=ModelType.IP_ADAPTER, path="/m/ip")
ENCODER = model_record(
    key="cv", name="ViT-H", type=ModelType.CLIP_VISION, base=BaseModelType.ANY, path="/m/v"
)
SDXL = model_record(key="xl", name="xl", base=BaseModelType.SDXL, path="/m/xl")
SD3 = model_record(key="sd3", name="sd3", base=BaseModelType.SD3, path="/m/sd3")


@pytest.fixture
def client(client: FakeClient) -> FakeClient:
    client.pictures["fox.png"] = (a_picture("fox.png", 96, 64), paint(1, 96, 64))
    client.pictures["old.png"] = (a_picture("old.png"), paint(3))
    client.pictures["mask.png"] = (a_picture("mask.png", image_category="mask"), paint(2))
    return client


async def opened(app: InvokeTuiApp, pilot: Pilot[Any], name: str) -> EntryGroup:
    """The group, opened by its key and with one entry more."""
    group = app.screen.query_one(f"#{name}", EntryGroup)
    many = len(group.entries)
    if not group.opened:
        app.screen.query_one(f"#{name}-toggle").focus()
        await pilot.press("enter")
        await settle(pilot, lambda: group.opened)
    app.screen.query_one(f"#{name}-add").focus()
    await pilot.press("enter")
    await settle(pilot, lambda: len(group.entries) > many and group.entries[-1].opened)
    return group


async def ready(
    app: InvokeTuiApp, pilot: Pilot[Any], client: FakeClient, *models: ModelRecord
) -> SettingsForm:
    client.records += models
    await connected(pilot)
    form = app.screen.query_one(SettingsForm)
    await settle(pilot, lambda: form.model is not None)
    return form


def summary(group: EntryGroup) -> str:
    return words(group.query(".group-summary").first(Static))


def error_at(group: EntryGroup, place: int, name: str) -> str:
    rows = group.entries[place].query(f"#row-{name}.-invalid").results(Field)
    return next((words(row.query_one(".field-error", Static)) for row in rows), "")


def is_in_sight(widget: Widget) -> bool:
    return bool(widget.screen.find_widget(widget).visible_region.height)


async def test_a_control_picture_is_added_and_looked_at_by_keys(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    client.without_network.add("depth_anything")
    async with app.run_test(size=(80, 24)) as pilot:
        form = await ready(app, pilot, client, CANNY, SKETCH)
        group = await opened(app, pilot, "controls")
        entry = group.entries[0]
        assert app.focused is entry.query_one("#field-image"), "the model is the first that fits"
        await pilot.press("alt+p")
        await settle(pilot, lambda: error_at(group, 0, "image") == "It needs a picture.")
        await pilot.press(*"fox.png")
        await settle(pilot, lambda: entry.sources["image"].strips)
        assert "96 × 64" in words(entry.query_one(".picture-words", Static))
        # every field is in sight when it has the focus, and what the model asks for is dim
        seen: list[str] = []
        while app.focused is not group.query_one("#controls-add"):
            here = app.focused
            assert here is not None
            await settle(pilot, partial(is_in_sight, here))
            seen.append(str(here.id))
            await pilot.press("tab")
        fields = ["preprocessor", "weight", "begin", "end", "control_mode", "resize_mode"]
        assert [name for name in seen if name.startswith("field-")][1:] == [
            f"field-{name}" for name in fields
        ]
        assert entry.query_one("#field-preprocessor", Choice).prompt == "auto: canny"
        assert (entry.specs["weight"].fallback, entry.specs["end"].fallback) == ("0.75", "0.75")
        # the preview: the picture, and what is made of it
        entry.query_one("#field-weight").focus()
        await pilot.press("alt+p")
        await settle(pilot, lambda: isinstance(app.screen, ControlPreview))
        await settle(pilot, lambda: all(view.picture for view in app.screen.query(ImageView)))
        assert "canny makes hard edges" in words(app.screen.query(".dialog-title").first(Static))
        await pilot.press("escape")
        form.restore({"controls": json.dumps([entry.kept() | {"preprocessor": "depth_anything"}])})
        await group.settled()
        group.entries[0].query_one(EntryHead).focus()
        await pilot.press("alt+p")
        await settle(pilot, lambda: isinstance(app.screen, ControlPreview))
        await settle(pilot, lambda: "needs a network" in words(app.screen.query_one("#control-said", Static)))
        await pilot.press("escape")
        # a T2I-Adapter has no modes and other defaults
        form.restore(
            {"controls": json.dumps([{"model": "t2i", "image": "fox.png", "control_mode": "balanced"}])}
        )
        await group.settled()
        entry = group.entries[0]
        assert [entry.specs[name].fallback for name in ("weight", "end", "preprocessor")] == [
            "1",
            "1",
            "auto: none",
        ]
        assert form.request("a fox", "") is None
        await settle(pilot, lambda: "have no modes" in error_at(group, 0, "control_mode"))
        entry.query_one("#field-control_mode", Choice).clear()
        await settle(pilot, lambda: not entry.query_one("#row-control_mode").display)
        request = form.request("a fox", "")
        assert request is not None
        assert request.controls == (ControlRequest(model="t2i", image="fox.png", preprocessor="auto"),)


async def test_what_does_not_fit_stays_and_says_so(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        form = await ready(app, pilot, client, CANNY, UNION, SDXL, SD3)
        strip = app.screen.query_one(ResultsStrip)
        strip.set_images([a_picture("fox.png", 96, 64)])
        strip.focus()
        await pilot.press("c")
        group = form.query_one(ControlGroup)
        await settle(pilot, lambda: group.entries and group.entries[0].sources["image"].record)
        assert group.values()["controls"] == '[{"model": "cn", "image": "fox.png", "called": "canny"}]'
        await settle(pilot, lambda: app.focused is group.entries[0].query_one("#field-image"))
        group.fold(shut=True)
        assert summary(group) == "1 · canny 0.75"
        # another family: kept, marked, refused where it is
        form.restore({"model": "xl"})
        await settle(pilot, lambda: summary(group) == "1 · ✗ for sd-1, not sdxl")
        assert form.request("a fox", "") is None
        await settle(pilot, lambda: group.opened and error_at(group, 0, "model") == "for sd-1, not sdxl")
        choices = [value for _, value in group.entries[0].specs["model"].choices]
        assert choices == ["un", "cn"], "what fits comes first, what does not is still there"
        group.entries[0].query_one("#field-model", Choice).value = "un"
        await settle(pilot, lambda: summary(group).startswith("1 · union pro"))
        assert group.entries[0].query_one("#row-kind").display, "a union is told what it reads"
        request = form.request("a fox", "")
        assert request is not None
        assert request.controls[0].model == "un"
        # what the studio refuses is said at the entry that it names
        client.refuse_next = NotFoundError("union pro has lost its weights.")
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: "lost its weights" in error_at(group, 0, "model"))
        # a family that takes none; without an entry there is nothing to show
        form.restore({"model": "sd3"})
        await settle(pilot, lambda: summary(group) == "1 · ✗ not with sd-3")
        assert not app.screen.query_one("#references").display
        group.entries[0].query_one(".entry EntryHead").focus()
        await pilot.press("delete")
        await settle(pilot, lambda: not group.entries)
        assert not group.display
        strip.focus()
        await pilot.press("f")
        await settle(pilot, lambda: app._notifications)
        assert [one.message for one in app._notifications] == ["sd-3 models take no reference pictures."]


async def test_references_and_regions_become_a_request_and_come_back_whole_or_not(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        form = await ready(app, pilot, client)
        group = app.screen.query_one("#references", EntryGroup)
        await group.open()
        assert "starter-reference" in words(group.query_one(".entries-missing", Static))
        assert not group.query_one("#references-add").display
        form.show_models([*client.records, ADAPTER])
        group = await opened(app, pilot, "references")
        group.entries[0].query_one("#field-image", Input).value = "fox.png"
        await settle(pilot, lambda: not group.busy and group.entries[0].sources["image"].record)
        assert form.request("a fox", "") is None
        await settle(pilot, lambda: "image encoder is not installed" in error_at(group, 0, "model"))
        form.show_models([*client.records, ADAPTER, ENCODER])
        reference = group.entries[0]
        await settle(pilot, lambda: app.focused is reference.query_one("#field-model"))
        reference.restore({"method": "style", "mask": "mask.png", "weight": "-0.05"})
        weight = reference.query_one("#field-weight", Input)
        weight.focus()
        await settle(pilot, lambda: weight.value == "-0.05")
        await pilot.press("down")
        regions = await opened(app, pilot, "regions")
        assert form.request("a meadow", "") is None, "a region needs a prompt"
        await settle(pilot, lambda: error_at(regions, 0, "positive_prompt"))
        regions.entries[0].query_one("#field-positive_prompt", Input).value = "a hare"
        regions.entries[0].query_one("#field-left", Input).value = "0.5"
        regions.entries[0].query_one("#field-auto_negative").focus()
        await pilot.press("space")
        drawing = words(regions.query_one(".region-sketch", Static))
        assert drawing.splitlines()[0] == "·" * 10 + "█" * 10
        await settle(pilot, lambda: not group.busy)
        request = form.request("a meadow", "")
        assert request is not None
        assert request.references == (
            ReferenceRequest(model="ip", image="fox.png", method="style", mask="mask.png", weight=-0.1),
        )
        assert request.regions == (RegionRequest(positive_prompt="a hare", left=0.5, auto_negative=True),)
        assert summary(regions) == "1 · a hare"
        # kept, taken back, and out of a preset
        kept = form.values()
        form.reset()
        assert [*group.entries, *regions.entries] == []
        await settle(pilot, lambda: app.focused is app.screen.query_one("#regions-toggle"))
        for values in (kept, requested(request)):
            form.restore(values)
            await group.settled()
            again = form.request("a meadow", "")
            assert again is not None
            assert (again.references, again.regions) == (request.references, request.regions)
            form.reset()
        models = [ADAPTER]
        told = changes(GenerationRequest(), request, models).plain
        assert "adapter" in told
        assert "a hare" in told
        # whatever a session says, the form stands
        form.show_models([*client.records, CANNY.model_copy(update={"key": "mine"})])
        group = form.query_one(ControlGroup)
        for text in (
            "{",
            "[1, null, []]",
            '{"a": 1}',
            '[{"model": 7, "weight": "x", "image": true}]',
            "[[" * 9999,
        ):
            form.restore({"controls": text, "references": text, "regions": text})
        assert group.entries[0].kept() == {}
        form.reset()
        # a picture from another studio: its model is here under another key
        form.restore({"controls": json.dumps([{"model": "theirs", "called": "canny", "image": "old.png"}])})
        await group.settled()
        request = form.request("a fox", "")
        assert request is not None
        assert request.controls[0].model == "mine"
        form.restore({"controls": json.dumps([{"model": "\x1b]0;x\x07gone", "image": "old.png"}] * 40)})
        assert len(group.entries) == group.most
        assert summary(group) == "20 · ✗ not installed"


def test_a_control_picture_is_read_as_it_is_where_nothing_else_is_said() -> None:
    plain = ControlRequest(model="k", image="a.png")
    rows = json.loads(requested(GenerationRequest(controls=(plain,)))["controls"])
    assert rows == [{"model": "k", "image": "a.png", "preprocessor": "none"}]
