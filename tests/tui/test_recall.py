"""Settings out of pictures: all at once or chosen line by line; what is not here is said, and looked for."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from textual.pilot import Pilot
from textual.widgets import Static

from invoke_tui.domain.events import ModelsChanged
from invoke_tui.domain.gallery.recalling import everything
from invoke_tui.domain.gallery.replay import Recalled
from invoke_tui.domain.models.records import ModelType
from invoke_tui.domain.models.wanted import FoundModel
from invoke_tui.domain.request.parameters import GenerationRequest, LoRARequest
from invoke_tui.nodes.recall import request_from_metadata
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.recalling.dialog import RecallScreen
from invoke_tui.tui.recalling.lines import LONGEST, chosen, lines
from invoke_tui.tui.recalling.rows import RecallRows
from invoke_tui.tui.recalling.said import values_of
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.screens.generate import GenerateScreen
from invoke_tui.tui.widgets.settings_form import SettingsForm
from tests.nodes.test_recall import anything
from tests.tui.fake_client import FakeClient
from tests.tui.fake_models import a_model
from tests.tui.harness import connected, settle, words

METADATA = {
    "positive_prompt": "a fox",
    "model": {"key": "of another machine", "name": "sdxl-base 1.0"},
    "loras": [{"model": {"key": "gone", "name": "[bold]gone"}, "weight": 0.5}],
    "steps": 12,
    "seed_variance_strength": 0.25,
}
STYLE = a_model("style", "style-key", type=ModelType.LORA)
INK = a_model("ink", "ink-key", type=ModelType.LORA)


def generate(app: InvokeTuiApp) -> GenerateScreen:
    screen = app.get_screen_stack("generate")[0]
    assert isinstance(screen, GenerateScreen)
    return screen


def asked(app: InvokeTuiApp) -> GenerationRequest:
    request = generate(app).now()
    assert request is not None
    return request


async def test_what_cannot_be_put_back_is_said_in_one_line(app: InvokeTuiApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        screen = generate(app)
        screen._desk.results.recall(METADATA, "recall")  # type: ignore[union-attr]
        await settle(pilot, lambda: any("Not as it was" in one.message for one in app._notifications))
        [told] = [one.message for one in app._notifications if "Not as it was" in one.message]
        assert told == "Not as it was: the LoRA [bold]gone is not installed · R finds what is missing"
        form = screen.query_one(SettingsForm)
        assert form.model is not None
        assert form.model.key == "sdxl-key"
        request = form.request("a fox", "")
        assert request is not None
        assert (request.steps, request.seed_variance_strength) == (12, 0.25)
        assert json.loads(str(form.values()["loras"] or "[]")) == []


PICTURE = {
    "positive_prompt": "a red fox\nin snow",
    "negative_prompt": "blurry",
    "model": {"key": "sdxl-key", "name": "sdxl-base 1.0"},
    "seed": 7,
    "width": 640,
    "height": 512,
    "steps": 12,
    "loras": [
        {"model": {"key": "style-key"}, "weight": 0.8},
        {"model": {"name": "ink", "hash": "31e35c80fc"}},
    ],
}


async def choosing(pilot: Pilot[Any], client: FakeClient) -> RecallRows:
    """The gallery's picture says ``PICTURE``; its lines are in sight."""
    client.crowd = 1
    client.says["p0.png"] = PICTURE
    await connected(pilot)
    generate_screen = pilot.app.screen
    assert isinstance(generate_screen, GenerateScreen)
    generate_screen.prompts.positive.text = "a cat"
    await pilot.press("alt+2")
    await settle(pilot, lambda: pilot.app.screen.query("PictureGrid") and pilot.app.screen.grid.image)  # type: ignore[attr-defined]
    await pilot.press("R")
    await settle(pilot, lambda: isinstance(pilot.app.screen, RecallScreen))
    return pilot.app.screen.query_one(RecallRows)


def text(rows: RecallRows) -> list[str]:
    return [" ".join(rows.row(at, 110, plain=True).plain.split()) for at in range(rows.row_count)]


async def test_what_is_checked_is_put_into_the_form_and_nothing_else(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    client.records += [STYLE, INK]
    async with app.run_test(size=(80, 24)) as pilot:
        rows = await choosing(pilot, client)
        said = text(rows)
        assert said[:2] == [
            "p ○ Prompt a red fox in snow now a cat",
            "n ○ Negative prompt blurry now nothing",
        ]
        assert "s ○ Seed 7 now random" in said
        assert "z ○ Size 640 × 512 now as usual" in said
        assert "l ○ LoRA style · 0.8 now not there" in said
        assert "! LoRA the LoRA ink was found by its name alone" in said
        await pilot.press("escape")
        assert pilot.app.screen.query("PictureGrid")  # back where one was
        await pilot.press("R")
        await settle(pilot, lambda: isinstance(pilot.app.screen, RecallScreen))
        await pilot.press(
            "a", "a", "x", "p", "z", "l", "enter"
        )  # all, none, all but the seed, less prompt, size, LoRAs
        await settle(pilot, lambda: app.current_mode == "generate")
        await settle(pilot, lambda: asked(app).steps == 12)
        now = asked(app)
        assert (now.model, now.negative_prompt, now.positive_prompt) == ("sdxl-key", "blurry", "a cat")
        assert (now.seed, now.width, now.loras) == (None, None, ())
        await pilot.press("alt+2", "R")
        await settle(pilot, lambda: isinstance(pilot.app.screen, RecallScreen))
        rows = pilot.app.screen.query_one(RecallRows)
        rows.move_to(text(rows).index("○ LoRA ink · 0.75 now not there"))
        await pilot.press("enter")  # nothing is checked: the line one is on
        await settle(pilot, lambda: asked(app).loras)
        assert asked(app).loras == (LoRARequest(model="ink-key", weight=0.75),)


async def test_a_missing_model_is_looked_for_and_installed_after_asking(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    client.records.append(STYLE)
    async with app.run_test(size=(120, 40)) as pilot:
        rows = await choosing(pilot, client)
        whole = app.screen.query_one("#recall-text", Static)
        assert text(rows)[0] == "✗ LoRA the LoRA ink is not installed"
        await pilot.press("g")
        await settle(pilot, lambda: "hash 31e35c80fc · i looks for it" in words(whole))
        await pilot.press("enter", "i")
        await settle(pilot, lambda: "✗ Nobody known here has the LoRA ink." in words(whole))
        assert ("find", "ink", "31e35c80fc") in client.calls
        client.elsewhere["ink"] = FoundModel(
            source="civitai.com/models/1", name="Ink v2", by="hash", size=2_100_000
        )
        await pilot.press("i")
        await settle(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        question = words(app.screen.query(Static).first())
        assert "Install Ink v2 from Civitai, 2 MB? It has the same content as the LoRA ink" in question
        await pilot.press("y")
        await settle(pilot, lambda: ("install", "civitai.com/models/1", False) in client.calls)
        await settle(pilot, lambda: any("Ink v2 is on its way" in one.message for one in app._notifications))
        client.records.append(INK)
        client.send(ModelsChanged())
        await settle(pilot, lambda: not any("✗" in line for line in text(rows)))
        assert any("ink · 0.75" in line for line in text(rows))
        # the same content under another name is taken
        mine = INK.model_copy(update={"name": "mine"})
        client.records[-1] = mine
        client.elsewhere["ink"] = FoundModel(source="x", name="Ink v2", by="hash", here=mine)
        client.send(ModelsChanged())
        await settle(pilot, lambda: any("✗" in line for line in text(rows)))
        await pilot.press("i")
        await settle(pilot, lambda: any("mine · 0.75" in line for line in text(rows)))
        assert any("the LoRA mine takes the place of ink" in line for line in text(rows))
        await pilot.press("l", "enter")
        await settle(pilot, lambda: len(asked(app).loras) == 2)


def values(metadata: dict[str, Any]) -> dict[str, Any]:
    """What the form is given of a picture's metadata."""
    request, differences = request_from_metadata(metadata)
    return values_of(everything(Recalled(request=request, differences=differences), metadata))


def test_what_does_not_say_how_it_was_made_changes_nothing() -> None:
    assert values({"seed": 1}) == {"seed": "1"}


def test_what_was_drawn_without_is_drawn_without_again() -> None:
    plain = values({"model": {"key": "k"}})
    assert (plain["loras"], plain["controls"], plain["init_image"], plain["vae"]) == ("[]", "[]", "", "")
    assert (plain["hrf_enabled"], plain["freeu"], plain["strength"]) == (False, False, "")
    assert "steps" not in plain
    recorded = {"model": {"key": "k"}, "init_image": "fox.png", "strength": 0.4, "outpaint": {"right": 64}}
    found = values(recorded | {"mask_blur": 3, "paste_back": False, "width": 515, "height": 300})
    assert (found["init_image"], found["strength"], found["outpaint"]) == ("fox.png", "0.4", "right=64")
    assert (found["mask_blur"], found["paste_back"], found["width"]) == ("3", False, "")
    assert json.loads(values(PICTURE)["loras"]) == [["style-key", 0.8, True], ["ink", 0.75, True]]


@settings(max_examples=30)
@given(anything, anything, anything)
def test_every_line_is_safe_to_show_and_can_be_taken(prompt: Any, model: Any, entries: Any) -> None:
    metadata = {
        "positive_prompt": prompt, "negative_prompt": "\x1b]0;x\x07[/b]", "model": model, "seed": model,
        "loras": entries,
        "controlnets": entries, "regions": [{"positive_prompt": "\x1b[31mred"}, entries], "init_image": prompt,
        "mask_image": model, "freeu": entries, "hrf_model": model, "strength": prompt, "scheduler": prompt,
    }  # fmt: skip
    request, differences = request_from_metadata(metadata, [a_model(), STYLE])
    found = Recalled(request=request, differences=differences)
    said = lines(everything(found, metadata), differences, GenerationRequest(), [])
    rows = RecallRows(said)
    for at, line in enumerate(said):
        assert len(line.value) <= LONGEST
        shown = rows.row(at, 80, plain=False).plain
        assert not {"\x1b", "\x07", "\x9b"} & {*line.value, *line.now, *line.label, *shown}
        values_of(chosen([line], request))
