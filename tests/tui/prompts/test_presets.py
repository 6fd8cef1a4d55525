"""Presets on screen: what one would change is shown, and it reaches every field."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from invoke_tui.client.preset_files import read_presets, write_presets
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.domain.request.controls import ControlRequest, ReferenceRequest
from invoke_tui.domain.request.parameters import GenerationRequest, LoRARequest
from invoke_tui.domain.request.pictures import Outpaint
from invoke_tui.domain.request.presets import Preset, difference
from invoke_tui.domain.request.refinement import FreeU, RefinementRequest
from invoke_tui.domain.request.regions import RegionRequest
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.name import NameScreen
from invoke_tui.tui.prompts.options import PromptOptions
from invoke_tui.tui.prompts.path import PathScreen
from invoke_tui.tui.prompts.preset_values import PROMPTS, meant
from invoke_tui.tui.prompts.presets import PresetsScreen
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.screens.desk import Desk
from invoke_tui.tui.screens.generate import GenerateScreen
from tests.tui.fake_client import FakeClient, paint
from tests.tui.fake_models import a_model
from tests.tui.fake_pictures import a_picture
from tests.tui.harness import connected, settle, words

XL = BaseModelType.SDXL
OPTIONS: dict[str, Any] = {
    "template": "Film still",
    "max_prompts": 7,
    **{n: not f.default for n, f in PromptOptions.model_fields.items() if isinstance(f.default, bool)},
    **{
        n: get_args(f.annotation)[-1]
        for n, f in PromptOptions.model_fields.items()
        if get_origin(f.annotation) is Literal
    },
}
EVERY = GenerationRequest(
    positive_prompt="a {red|blue} fox",
    negative_prompt="fog",
    model="Big XL",
    vae="xl-vae",
    width=768,
    height=1152,
    steps=41,
    cfg_scale=6.5,
    cfg_rescale_multiplier=0.25,
    long_prompts="truncate",
    ignored_to_negative=True,
    scheduler="dpmpp_2m_k",
    seed=77,
    count=3,
    clip_skip=2,
    seamless_x=True,
    seamless_y=True,
    vae_precision="fp16",
    refiner_model="polish",
    refiner_steps=11,
    refiner_cfg_scale=4.5,
    refiner_scheduler="ddim",
    refiner_start=0.65,
    refiner_positive_aesthetic_score=7.5,
    refiner_negative_aesthetic_score=1.5,
    loras=(LoRARequest(model="Ink", weight=0.35), LoRARequest(model="wool-key")),
    init_image="fox.png",
    mask_image="head.png",
    strength=0.4,
    fit="contain",
    denoising_start=0.2,
    denoising_end=0.9,
    outpaint=Outpaint(top=8),
    mask_blur=3,
    mask_expand=2,
    coherence_mode="Staged",
    coherence_edge_size=5,
    coherence_min_denoise=0.1,
    infill_method="color",
    infill_color="#102030",
    scale_before_processing="manual",
    scaled_width=512,
    scaled_height=768,
    paste_back=False,
    color_correct=True,
    freeu=FreeU(b1=1.1, s2=0.3),
    cfg_begin_step_percent=0.1,
    cfg_end_step_percent=0.8,
    seed_variance_strength=0.3,
    seed_variance_randomize_percent=40,
    controls=(ControlRequest(model="Lines", image="fox.png", weight=0.5, begin=0.1, end=0.7),),
    references=(ReferenceRequest(model="Look", image="head.png", weight=0.6, method="style"),),
    regions=(
        RegionRequest(positive_prompt="a lamp", right=0.5),
        RegionRequest(negative_prompt="mist", top=0.25),
    ),
    **OPTIONS,
)
OF_OTHERS = {"guidance", "t5_encoder", "clip_embed", "clip_g", "optimized_denoising", "infill_tile_size"} | {
    name for name in RefinementRequest.model_fields if name.startswith("hrf_")
}
"""Fields of families other than this one, of another infill, and of two passes, which start from no picture."""


def models() -> list[Any]:
    lora = {"type": ModelType.LORA, "base": XL}
    return [
        a_model(),
        a_model("Big XL", "xl-key", base=XL),
        a_model("Fine VAE", "xl-vae", type=ModelType.VAE, base=XL),
        a_model("polish", "refiner-key", base=BaseModelType.SDXL_REFINER),
        a_model("Lines", "lines-key", base=XL, type=ModelType.CONTROLNET),
        a_model("Look", "look-key", base=XL, type=ModelType.IP_ADAPTER),
        a_model("Eyes", "eyes-key", base=BaseModelType.ANY, type=ModelType.CLIP_VISION),
        a_model("Ink", "ink-key", **lora),
        a_model("Wool", "wool-key", **lora),
        a_model("Swift", "flux-key", base=BaseModelType.FLUX),
    ]


async def opened(pilot: Pilot[Any]) -> PresetsScreen:
    await pilot.press("alt+y")
    await settle(pilot, lambda: isinstance(pilot.app.screen, PresetsScreen))
    screen = cast("PresetsScreen", pilot.app.screen)
    await settle(pilot, lambda: words(screen.query_one("#pick-count")))
    return screen


def desk(app: InvokeTuiApp) -> Desk:
    found = cast("GenerateScreen", app.screen_stack[0])._desk
    assert found is not None
    return found


def about(screen: PresetsScreen) -> str:
    return words(screen.query_one("#pick-word"))


async def test_a_preset_reaches_every_field(app: InvokeTuiApp, client: FakeClient) -> None:
    client.records = models()
    flux = GenerationRequest(model="Swift", guidance=2.5, scheduler="heun", steps=4)
    client.pictures = {name: (a_picture(name), paint(1)) for name in ("fox.png", "head.png")}
    client.kept_presets = [Preset(name="Every", request=EVERY), Preset(name="Flux", request=flux)]
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        before = desk(app).request()
        assert before is not None
        asked = {*desk(app).form.values(), *PromptOptions.model_fields, *PROMPTS} & set(
            GenerationRequest.model_fields
        )
        assert asked - set(Preset(name="-", request=EVERY).changed()) == OF_OTHERS, (
            "EVERY names every field here"
        )
        screen = await opened(pilot)
        for said in ("would change", "as usual → 41", "Ink 0.35, Wool 0.75", "→ Big XL", "random → 77"):
            assert said in about(screen)
        await pilot.press("enter")
        await settle(pilot, lambda: isinstance(app.screen, GenerateScreen))
        await pilot.pause(0.1)
        await desk(app).form.pictures.settled()
        now = desk(app).request()
        assert now is not None
        assert difference(now, meant(EVERY, before, client.records)) == {}
        assert [(one.model, one.weight) for one in now.loras] == [("ink-key", 0.35), ("wool-key", 0.75)]

        screen = await opened(pilot)
        assert "is in place" in about(screen)
        await pilot.press("down", "enter")
        await settle(pilot, lambda: isinstance(app.screen, GenerateScreen))
        await pilot.pause(0.1)
        now = desk(app).request()
        assert now is not None
        assert (now.model, now.guidance, now.scheduler, now.steps) == ("flux-key", 2.5, "heun", 4)
        assert (now.loras, now.seed, now.template, now.width) == ((), None, None, None)
        assert now.positive_prompt == "a {red|blue} fox", "a preset without prompts leaves them"


async def test_presets_are_kept_renamed_deleted_and_shared(
    app: InvokeTuiApp, client: FakeClient, tmp_path: Path
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        desk(app).screen.prompts.positive.load_text("a fox")
        desk(app).form.restore({"steps": "12"})
        screen = await opened(pilot)
        assert "None yet" in about(screen)
        await pilot.press("alt+n", *"mine", "enter")
        await settle(pilot, lambda: app.screen is screen and screen.chosen and screen.chosen.name == "mine")
        [kept] = client.kept_presets
        assert (kept.request.steps, kept.request.positive_prompt) == (12, "")
        await pilot.press("alt+n", *"mine", "tab", "space", "enter")
        await settle(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await settle(pilot, lambda: client.kept_presets[0].request.positive_prompt == "a fox")
        await settle(pilot, lambda: app.screen is screen)
        await pilot.press("alt+e")
        await settle(pilot, lambda: isinstance(app.screen, NameScreen))
        app.screen.query_one(Input).value = "yours"
        await pilot.press("enter")
        await settle(pilot, lambda: app.screen is screen and screen.chosen.name == "yours")

        await pilot.press("alt+x")
        await settle(pilot, lambda: isinstance(app.screen, PathScreen))
        app.screen.query_one(Input).value = str(tmp_path / "out.yaml")
        await pilot.press("enter")
        await settle(pilot, lambda: (tmp_path / "out.yaml").exists() and app.screen is screen)
        await pilot.press("alt+d")
        await settle(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await settle(pilot, lambda: not client.kept_presets and app.screen is screen)
        with (tmp_path / "out.yaml").open("a") as stream:
            stream.write("- name: odd\n  settings: {steps: 5, wings: 2}\n")
        await pilot.press("alt+i")
        await settle(pilot, lambda: isinstance(app.screen, PathScreen))
        app.screen.query_one(Input).value = str(tmp_path / "out.yaml")
        await pilot.press("enter")
        await settle(pilot, lambda: "2 added" in about(screen))
        assert "odd: wings is no setting" in about(screen)


@pytest.mark.parametrize("as_json", [True, False])
def test_files_keep_every_setting(as_json: bool) -> None:
    given = [Preset(name="é = 'x': #1\\", request=EVERY), Preset(name="no", request=GenerationRequest())]
    written = write_presets(given, as_json=as_json)
    read, notes = read_presets(written.encode(), "p")
    assert (read, notes) == (given, [])
    assert write_presets(read, as_json=as_json) == written


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"x" * (2**20 + 1), "larger"),
        (b"invoke_tui_presets: 1\npresets: &a [*a]\n", "aliases"),
        (b"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "aliases"),
        (b"!!python/object/apply:os.system ['true']\n", "p "),
        (b"[" * 100_000, "p "),
        (b"\xff\xfe", "p "),
        (b"invoke_tui_presets: 1\npresets: [{name: x, settings: 3}]\n", "no settings"),
        (b"invoke_tui_presets: 1\npresets: [{name: '\x1b[31m', settings: {}}]\n", "p "),
        (b'invoke_tui_presets: 1\npresets: [{name: "\\e[31m", settings: {}}]\n', "no name"),
        (b"steps: 3\n", "no presets"),
    ],
    ids=range(10),
)
def test_hostile_files_are_refused_with_a_message(data: bytes, word: str) -> None:
    with pytest.raises(BadInputError) as refused:
        read_presets(data, "p")
    assert word in refused.value.message
    assert "\x1b" not in refused.value.message
