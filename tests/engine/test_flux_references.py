"""Reference pictures of FLUX.1 in the one loop: IP-Adapters and Redux as diffusers runs them, in any kind of file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.request.references import Redux
from invoke_tui.engine.jobs import FillImage, Reference, Region
from invoke_tui.engine.redux import siglip_pixels
from tests.engine import tiny_controls as tiny
from tests.engine.conftest import Recorder
from tests.engine.test_controls import near
from tests.engine.test_families import SIZE, Studio
from tests.engine.test_regions import half

pytestmark = pytest.mark.engine
WIDTH, TEXT, BLOCKS = 64, 256, 2
"""Of the tiny transformer."""


def adapter(studio: Studio, *, width: int = WIDTH) -> tuple[dict[str, Any], ModelRecord]:
    """An IP-Adapter as diffusers takes it, and the record of the file as XLabs saves it."""
    torch.manual_seed(71)
    image = {
        "proj.weight": (4 * TEXT, 24),
        "proj.bias": (4 * TEXT,),
        "norm.weight": (TEXT,),
        "norm.bias": (TEXT,),
    }
    layers = {"weight": (width, TEXT), "bias": (width,)}
    theirs: dict[str, Any] = {"image_proj": {}, "ip_adapter": {}}
    ours = {}
    for name, shape in image.items():
        ours[f"ip_adapter_proj_model.{name}"] = theirs["image_proj"][name] = torch.randn(shape) * 0.2
    for number in range(BLOCKS):
        for what in "kv":
            for name, shape in layers.items():
                made = theirs["ip_adapter"][f"{number}.to_{what}_ip.{name}"] = torch.randn(shape) * 0.2
                ours[f"double_blocks.{number}.processor.ip_adapter_double_stream_{what}_proj.{name}"] = made
    path = studio.root / f"flux-ip-{width}.safetensors"
    save_file(ours, path)
    return theirs, tiny.know(studio, path, BaseModelType.FLUX, ModelType.IP_ADAPTER)


def reference(studio: Studio, known: ModelRecord, **changes: Any) -> Reference:
    _, encoder = tiny.clip_vision(studio)
    return Reference(known.identifier(), encoder.identifier(), (tiny.drawing(30),), **changes)


def redux_models(studio: Studio) -> tuple[Any, Any, ModelRecord]:
    """SigLIP, FLUX Redux, and the record of the folder that diffusers keeps both in."""
    from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder
    from transformers import SiglipVisionConfig, SiglipVisionModel

    torch.manual_seed(81)
    folder = studio.root / "redux"
    config = SiglipVisionConfig(
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=1,
        image_size=60,
        patch_size=10,
    )
    encoder, redux = SiglipVisionModel(config).eval(), ReduxImageEncoder(64, TEXT).eval()
    if not folder.is_dir():
        encoder.save_pretrained(folder / "image_encoder")
        redux.save_pretrained(folder / "image_embedder")
    return encoder, redux, tiny.know(studio, folder, BaseModelType.FLUX, ModelType.FLUX_REDUX)


def said(studio: Studio, known: ModelRecord, encoder: Any = None, **changes: Any) -> Any:
    """A drawing in FLUX Redux' words."""
    how = Redux(model=known.identifier(), encoder=encoder or known.identifier("image_encoder"), **changes)
    return studio.engine.redux(tiny.drawing(90).crop((0, 0, 90, 70)), how, Recorder())


def flux_pipeline(record: ModelRecord) -> Any:
    from diffusers import FluxPipeline

    made = FluxPipeline.from_pretrained(record.path)
    made.set_progress_bar_config(disable=True)
    return made


def theirs_drawn(
    studio: Studio, record: ModelRecord, pipeline: Any, positive: Any, **more: Any
) -> torch.Tensor:
    from invoke_tui.engine.families.flux import pack, unpack

    found = pipeline(
        prompt_embeds=positive,
        pooled_prompt_embeds=studio.encode(record, "a red cat").pooled,
        latents=pack(studio.engine.noise(seed=7, width=SIZE, height=SIZE, noise_type="FLUX")),
        height=SIZE,
        width=SIZE,
        num_inference_steps=2,
        guidance_scale=2.5,
        output_type="latent",
        **more,
    ).images
    return unpack(found, SIZE // 8, SIZE // 8)


def drawn(studio: Studio, record: ModelRecord, *references: Reference, **changes: Any) -> torch.Tensor:
    fields: dict[str, Any] = {"references": references, "guidance": 2.5, "steps": 2} | changes
    result: torch.Tensor = studio.latents(record, **fields)
    return result


@pytest.mark.parametrize("cfg_scale", [1.0, 3.0])
def test_adapters_are_diffusers_pipeline(studio: Studio, cfg_scale: float) -> None:
    from transformers import CLIPImageProcessor

    record = studio.know("flux")
    state, known = adapter(studio)
    encoder, _ = tiny.clip_vision(studio)
    pipeline = flux_pipeline(record)
    pipeline.image_encoder = encoder
    pipeline.feature_extractor = CLIPImageProcessor(size=30, crop_size=30)
    pipeline.transformer._load_ip_adapter_weights([state])
    pipeline.set_ip_adapter_scale(0.7)
    negative = studio.encode(record, "")
    theirs = theirs_drawn(
        studio,
        record,
        pipeline,
        studio.encode(record, "a red cat").embeds,
        negative_prompt_embeds=negative.embeds,
        negative_pooled_prompt_embeds=negative.pooled,
        true_cfg_scale=cfg_scale,
        ip_adapter_image=tiny.drawing(30),
    )
    ours = drawn(studio, record, reference(studio, known, weight=0.7), cfg_scale=cfg_scale)
    assert near(ours, theirs)
    assert not torch.allclose(ours, drawn(studio, record, cfg_scale=cfg_scale), atol=1e-3)


def test_adapters_by_span_and_mask_and_gone_without_a_trace(studio: Studio) -> None:
    record = studio.know("flux")
    _, known = adapter(studio)

    def shown(**changes: Any) -> torch.Tensor:
        return drawn(studio, record, reference(studio, known, **changes), steps=3)

    plain, full = drawn(studio, record, steps=3), shown()
    assert torch.equal(shown(weight=0.0), plain)
    assert torch.equal(shown(end=0.2), shown(weight=[1.0, 1.0, 0.0]))
    assert torch.equal(shown(mask=Image.new("L", (SIZE, SIZE), 255)), full)
    assert torch.equal(shown(mask=Image.new("L", (SIZE, SIZE), 0)), plain)
    parted = shown(mask=half(SIZE, left=True))
    assert not any(torch.allclose(parted, other, atol=1e-4) for other in (plain, full))
    one = reference(studio, known, weight=0.5)
    assert near(drawn(studio, record, one, one, steps=3), full)
    assert torch.equal(drawn(studio, record, steps=3), plain)
    with pytest.raises(BadInputError, match="made for another model"):
        drawn(studio, record, reference(studio, adapter(studio, width=32)[1]))


def test_redux_is_diffusers_pipeline(studio: Studio) -> None:
    from diffusers import FluxPriorReduxPipeline
    from transformers import SiglipImageProcessor

    record = studio.know("flux")
    encoder, redux, known = redux_models(studio)
    prior = FluxPriorReduxPipeline(encoder, SiglipImageProcessor(size={"height": 60, "width": 60}), redux)
    picture = tiny.drawing(90).crop((0, 0, 90, 70))
    with torch.no_grad():
        words = redux(prior.encode_image(picture, torch.device("cpu"), 1)).image_embeds
    ours = said(studio, known)
    # their pictures are made smaller by another library's arithmetic
    assert (ours.embeds - words).abs().max() < 0.02
    positive = studio.encode(record, "a red cat")
    plain, pipeline = drawn(studio, record), flux_pipeline(record)
    for cfg_scale in (1.0, 3.0):  # the negative prompt hears no picture, and is shorter
        theirs = theirs_drawn(
            studio,
            record,
            pipeline,
            torch.cat([positive.embeds, ours.embeds], dim=1),
            negative_prompt="",
            max_sequence_length=32,
            true_cfg_scale=cfg_scale,
        )
        seen = drawn(studio, record, regions=(Region(positive), Region(ours)), cfg_scale=cfg_scale)
        assert near(seen, theirs), cfg_scale
        assert not torch.allclose(seen, plain, atol=1e-3)


def test_redux_of_a_part_obeys_the_rule_of_regions(studio: Studio) -> None:
    record = studio.know("flux")
    _, _, known = redux_models(studio)
    words, positive = said(studio, known), studio.encode(record, "a red cat")
    plain = drawn(studio, record)
    left = drawn(studio, record, regions=(Region(positive), Region(words, half(SIZE, left=True))))
    right = drawn(studio, record, regions=(Region(positive), Region(words, half(SIZE, left=False))))
    everywhere = drawn(studio, record, regions=(Region(positive), Region(words)))
    results = (plain, left, right, everywhere)
    assert all(not torch.allclose(a, b, atol=1e-4) for a in results for b in results if a is not b)
    dog = studio.encode(record, "a dog")
    parts = (Region(positive, half(SIZE, left=True)), Region(dog, half(SIZE, left=False)))
    assert torch.isfinite(drawn(studio, record, regions=(*parts, Region(words, half(SIZE, left=True))))).all()
    assert torch.equal(drawn(studio, record), plain)


def test_influence_and_weight(studio: Studio) -> None:
    _, _, known = redux_models(studio)
    full = said(studio, known).embeds
    assert full.shape == (1, 36, TEXT)
    assert [said(studio, known, factor=factor).embeds.shape[1] for factor in (2, 3, 5, 9)] == [9, 4, 1, 1]
    square = full.unflatten(1, (6, 6))
    mixed = said(studio, known, factor=2).embeds
    assert torch.allclose(mixed[0, 0], square[0, :2, :2].mean(dim=(0, 1)), atol=1e-6)
    assert torch.allclose(mixed[0, 1], square[0, :2, 2:4].mean(dim=(0, 1)), atol=1e-6)  # rows stay rows
    assert torch.allclose(said(studio, known, weight=0.5).embeds, full * 0.25)
    assert not torch.equal(said(studio, known, factor=2, function="bicubic").embeds, mixed)


def test_folders_and_files_say_the_same(studio: Studio, tmp_path: Path) -> None:
    encoder, redux, known = redux_models(studio)
    expected = said(studio, known).embeds
    state = {
        f"vision_model.{name.removeprefix('vision_model.')}": tensor
        for name, tensor in encoder.state_dict().items()
    }
    headless = {name: tensor for name, tensor in state.items() if ".head." not in name}
    seers, models = [], []
    save_file(state, tmp_path / "siglip.safetensors")
    whole = tmp_path / "siglip"  # as Google keeps it: with the side that reads texts
    whole.mkdir()
    save_file(
        state | {"text_model.head.weight": torch.zeros(3), "logit_scale": torch.zeros(1)},
        whole / "model.safetensors",
    )
    (whole / "config.json").write_text(
        '{"architectures": ["SiglipModel"], "vision_config": '
        + encoder.config.to_json_string(use_diff=False)
        + "}"
    )
    save_file(headless, tmp_path / "headless.safetensors")
    for path in (tmp_path / "siglip.safetensors", tmp_path / "headless.safetensors", whole):
        seers.append(tiny.know(studio, path, BaseModelType.ANY, ModelType.SIGLIP))
    save_file(redux.state_dict(), tmp_path / "redux.safetensors")
    redux.save_pretrained(tmp_path / "embedder")
    for name in ("redux.safetensors", "embedder"):
        models.append(tiny.know(studio, tmp_path / name, BaseModelType.FLUX, ModelType.FLUX_REDUX))
    for seer in seers:
        assert torch.equal(said(studio, models[0], seer.identifier()).embeds, expected), seer.path
    for model in models:
        assert torch.equal(said(studio, model, seers[0].identifier()).embeds, expected), model.path


def test_what_does_not_fit_is_refused(studio: Studio) -> None:
    from invoke_tui.engine.embeds import Conditioning

    record = studio.know("flux")
    _, _, known = redux_models(studio)
    wide = Region(Conditioning(torch.zeros(1, 4, TEXT * 2)))
    with pytest.raises(BadInputError, match="Redux' words are 512 wide, the transformer takes 256"):
        drawn(studio, record, regions=(Region(studio.encode(record, "a red cat")), wide))
    state = {
        "redux_up.weight": (9, 99),
        "redux_up.bias": (9,),
        "redux_down.weight": (3, 9),
        "redux_down.bias": (3,),
    }
    path = studio.root / "other-redux.safetensors"
    save_file({name: torch.zeros(shape) for name, shape in state.items()}, path)
    other = tiny.know(studio, path, BaseModelType.FLUX, ModelType.FLUX_REDUX)
    with pytest.raises(BadInputError, match="is not the one that other-redux"):
        said(studio, other, known.identifier("image_encoder"))


def test_siglip_sees_all_of_a_picture() -> None:
    from transformers import SiglipImageProcessor

    image = tiny.drawing(64).resize((100, 64))
    processor = SiglipImageProcessor(size={"height": 32, "width": 32})
    theirs = processor(images=image, return_tensors="pt").pixel_values
    ours = siglip_pixels(image, 32)
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().mean() < 0.01


def test_both_beside_regions_and_in_fill(studio: Studio) -> None:

    _, known = adapter(studio)
    _, _, redux = redux_models(studio)
    shown, words = reference(studio, known), said(studio, redux, factor=2)
    folder = studio.folder("fill")
    fill = FillImage(torch.zeros(1, 16, SIZE // 8, SIZE // 8), Image.new("L", (SIZE, SIZE), 255))
    for record, more in (
        (studio.know("flux"), {}),
        (studio.know("flux", folder, variant="dev_fill"), {"fill": fill}),
    ):
        heard = (Region(studio.encode(record, "a red cat")), Region(words, half(SIZE, left=True)))
        results = [
            drawn(studio, record, *references, regions=regions, **more)
            for references in ((), (shown,))
            for regions in ((), heard)
        ]
        assert all(torch.isfinite(one).all() for one in results)
        assert len({float(one.sum()) for one in results}) == 4
        assert torch.equal(drawn(studio, record, **more), results[0])
