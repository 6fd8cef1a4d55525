"""ControlNets and T2I-Adapters in the one loop: as diffusers runs them, in InvokeAI's modes and spans."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import ControlMode
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.engine.jobs import Adapter, Control
from tests.engine import tiny_controls as tiny
from tests.engine.test_families import SIZE, Studio

pytestmark = pytest.mark.engine
FAMILIES = {"sd1": (BaseModelType.SD1, tiny.SD1), "sdxl": (BaseModelType.SDXL, tiny.SDXL)}


def near(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    return bool((ours - theirs).abs().max() <= 1e-4 * theirs.abs().max())


def prompts(studio: Studio, record: ModelRecord) -> dict[str, Any]:
    positive, negative = studio.encode(record, "a red cat"), studio.encode(record, "")
    pooled = {"pooled_prompt_embeds": positive.pooled, "negative_pooled_prompt_embeds": negative.pooled}
    return {
        "prompt_embeds": positive.embeds,
        "negative_prompt_embeds": negative.embeds,
        "latents": studio.engine.noise(seed=7, width=SIZE, height=SIZE),
        "height": SIZE,
        "width": SIZE,
        "num_inference_steps": 3,
        "guidance_scale": 5.0,
        "output_type": "latent",
    } | (pooled if positive.pooled is not None else {})


def pipeline(studio: Studio, record: ModelRecord, cls: Any, **more: Any) -> Any:
    from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline

    if record.base is BaseModelType.SDXL:
        made = cls(**StableDiffusionXLPipeline.from_pretrained(record.path).components, **more)
    else:
        parts = StableDiffusionPipeline.from_pretrained(record.path, safety_checker=None).components
        if "adapter" in more:
            parts.pop("image_encoder")
        made = cls(**parts, **more, requires_safety_checker=False)
    made.set_progress_bar_config(disable=True)
    made.scheduler = EulerDiscreteScheduler.from_config(made.scheduler.config)
    return made


@pytest.mark.parametrize("name", ["sd1", "sdxl"])
def test_controlnets_are_diffusers_pipelines(studio: Studio, name: str) -> None:
    import diffusers

    base, config = FAMILIES[name]
    record = studio.know(name)
    model, known = tiny.controlnet(studio, f"{name}-control", base, config)
    xl = "XL" if name == "sdxl" else ""
    cls = getattr(diffusers, f"StableDiffusion{xl}ControlNetPipeline")
    theirs = pipeline(studio, record, cls, controlnet=[model, model])
    picture = tiny.drawing()
    flipped = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    plain = studio.latents(record)
    modes: tuple[tuple[bool, ControlMode], ...] = ((False, "balanced"), (True, "more_control"))
    for soft, mode in modes:
        expected = theirs(
            **prompts(studio, record),
            image=[picture, flipped],
            controlnet_conditioning_scale=[0.7, -0.4],
            guess_mode=soft,
            control_guidance_end=[1.0, 1.0],
        ).images
        ours = studio.latents(
            record,
            controls=(
                Control(known.identifier(), picture, weight=0.7, mode=mode),
                Control(known.identifier(), flipped, weight=[-0.4, -0.4, -0.4], mode=mode),
            ),
        )
        assert near(ours, expected), mode
        assert not torch.allclose(ours, plain, atol=1e-2)
    assert torch.equal(studio.latents(record), plain)


def test_modes_and_spans(studio: Studio) -> None:
    record = studio.know("sd1")
    _, known = tiny.controlnet(studio, "sd1-control", *FAMILIES["sd1"])

    def drawn(**changes: Any) -> torch.Tensor:
        control = Control(known.identifier(), tiny.drawing(), **changes)
        result: torch.Tensor = studio.latents(record, controls=(control,), steps=4)
        return result

    plain, whole = studio.latents(record, steps=4), drawn()
    modes = [drawn(mode=mode) for mode in ("balanced", "more_prompt", "more_control", "unbalanced")]
    assert torch.equal(modes[0], whole)
    assert all(
        not torch.allclose(one, other, atol=1e-3)
        for number, one in enumerate(modes)
        for other in modes[number + 1 :]
    )
    assert torch.equal(drawn(weight=0.0), plain)
    assert torch.equal(drawn(end=0.75), whole)  # InvokeAI counts the call after the last one in
    assert torch.equal(drawn(begin=0.25), drawn(weight=[0.0, 1.0, 1.0, 1.0]))
    assert torch.equal(drawn(end=0.25), drawn(weight=[1.0, 1.0, 0.0, 0.0]))
    with pytest.raises(BadInputError, match=r"from 0.8 to 0.2"):
        drawn(begin=0.8, end=0.2)
    with pytest.raises(BadInputError, match="2 weights for 4 steps"):
        drawn(weight=[1.0, 2.0])


def test_one_prompt_after_the_other_is_both_at_once(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    record = studio.know("sd1")
    _, known = tiny.controlnet(studio, "sd1-control", *FAMILIES["sd1"])
    long = studio.encode(record, "a red cat on a blue mat " * 20)  # of another length: padded behind a mask
    for mode in ("balanced", "unbalanced"):
        controls = (Control(known.identifier(), tiny.drawing(), mode=mode),)
        both = studio.latents(record, controls=controls, positive=long)
        settings = studio.engine._settings
        monkeypatch.setattr(
            studio.engine, "_settings", settings.model_copy(update={"sequential_guidance": True})
        )
        apart = studio.latents(record, controls=controls, positive=long)
        monkeypatch.setattr(studio.engine, "_settings", settings)
        assert near(apart, both), mode


def test_it_is_there_only_while_it_acts(studio: Studio) -> None:
    record = studio.know("sd1")
    _, known = tiny.controlnet(studio, "sd1-control", *FAMILIES["sd1"])
    control = Control(known.identifier(), tiny.drawing(), begin=0.25, end=0.5)
    in_use: list[bool] = []

    def locked(_step: int) -> None:
        components = studio.engine.memory().components
        in_use.append(any(one.part == "controlnet" and one.locked for one in components))

    from tests.engine.conftest import Recorder

    studio.engine.clear_cache()
    hooks = Recorder(on_progress=locked)
    job = studio.job(record, controls=(control,), steps=8)
    studio.engine.denoise(job, hooks)
    # told before all calls and after each: it acts in the third to the fifth of 8
    assert in_use == [False] * 3 + [True] * 2 + [False] * 4


def test_a_union_knows_the_kind_of_its_picture(studio: Studio) -> None:
    import diffusers

    record = studio.know("sdxl")
    torch.manual_seed(5)
    model = tiny.randomised(
        diffusers.ControlNetUnionModel(
            **tiny.SDXL, num_trans_channel=64, num_trans_head=2, num_proj_channel=64
        )
    ).eval()
    model.save_pretrained(studio.root / "union")
    known = tiny.know(studio, studio.root / "union", BaseModelType.SDXL, ModelType.CONTROLNET)
    theirs = pipeline(studio, record, diffusers.StableDiffusionXLControlNetUnionPipeline, controlnet=model)
    expected = theirs(
        **prompts(studio, record), control_image=[tiny.drawing()], control_mode=[1], controlnet_conditioning_scale=0.6
    ).images  # fmt: skip

    def drawn(union: int | None) -> torch.Tensor:
        control = Control(known.identifier(), tiny.drawing(), weight=0.6, union=union)
        result: torch.Tensor = studio.latents(record, controls=(control,))
        return result

    assert near(drawn(1), expected)
    assert torch.equal(drawn(None), drawn(3))


@pytest.mark.parametrize("name", ["sd1", "sdxl"])
def test_t2i_adapters_are_diffusers_pipelines(studio: Studio, name: str) -> None:
    import diffusers

    record = studio.know(name)
    torch.manual_seed(6)
    if name == "sdxl":
        kind, channels, factor, cls = (
            "full_adapter_xl",
            [64, 128],
            8,
            diffusers.StableDiffusionXLAdapterPipeline,
        )
    else:
        kind, channels, factor, cls = "full_adapter", [32, 64], 8, diffusers.StableDiffusionAdapterPipeline
    if name == "sdxl":  # the tiny one has two levels; the one for XL begins at the second
        factor = 16
    model = tiny.randomised(
        diffusers.T2IAdapter(3, channels, num_res_blocks=1, downscale_factor=factor, adapter_type=kind)
    ).eval()
    folder = studio.root / f"{name}-t2i"
    model.save_pretrained(folder)
    known = tiny.know(studio, folder, FAMILIES[name][0], ModelType.T2I_ADAPTER)
    expected = pipeline(studio, record, cls, adapter=model)(
        **prompts(studio, record), image=tiny.drawing(), adapter_conditioning_scale=0.8
    ).images
    plain = studio.latents(record)

    def drawn(*weights: float, **changes: Any) -> torch.Tensor:
        adapters = tuple(Adapter(known.identifier(), tiny.drawing(), weight, **changes) for weight in weights)
        result: torch.Tensor = studio.latents(record, adapters=adapters)
        return result

    assert near(drawn(0.8), expected)
    assert near(drawn(0.5, 0.3), expected)
    assert torch.equal(drawn(0.0), plain)
    assert not torch.equal(drawn(0.8, end=0.3), plain)


def test_what_was_made_for_another_model_is_refused(studio: Studio) -> None:
    record = studio.know("sd1")
    _, other = tiny.controlnet(studio, "sdxl-control", *FAMILIES["sdxl"])
    with pytest.raises(BadInputError, match="made for another model"):
        studio.latents(record, controls=(Control(other.identifier(), tiny.drawing()),))
    assert torch.isfinite(studio.latents(record)).all()
