"""IP-Adapters in the one loop: as diffusers runs them, by method, span and mask, and gone without a trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import ReferenceMethod
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.engine.guides.references import clip_pixels
from invoke_tui.engine.jobs import Reference
from tests.engine import tiny_controls as tiny
from tests.engine.test_controls import FAMILIES, near, pipeline, prompts
from tests.engine.test_families import SIZE, Studio

pytestmark = pytest.mark.engine


def adapter(studio: Studio, name: str, *, plus: bool = False) -> tuple[dict[str, Any], ModelRecord]:
    """Its weights as the trainer saved them, and the record of the file."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    state = tiny.ip_state(UNet2DConditionModel.from_pretrained(studio.folder(name) / "unet"), plus=plus)
    path = studio.root / f"{name}-ip{'-plus' if plus else ''}.safetensors"
    flat = {f"{part}.{key}": value for part, values in state.items() for key, value in values.items()}
    save_file(flat, path)
    return state, tiny.know(studio, path, FAMILIES[name][0], ModelType.IP_ADAPTER)


def reference(studio: Studio, known: ModelRecord, *images: Image.Image, **changes: Any) -> Reference:
    _, encoder = tiny.clip_vision(studio)
    return Reference(known.identifier(), encoder.identifier(), images or (tiny.drawing(30),), **changes)


@pytest.mark.parametrize(("name", "plus"), [("sd1", False), ("sd1", True), ("sdxl", False)])
def test_they_are_diffusers_pipelines(studio: Studio, name: str, plus: bool) -> None:
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
    from transformers import CLIPImageProcessor

    record = studio.know(name)
    state, known = adapter(studio, name, plus=plus)
    encoder, _ = tiny.clip_vision(studio)
    cls = StableDiffusionXLPipeline if name == "sdxl" else StableDiffusionPipeline
    theirs = pipeline(studio, record, cls)
    theirs.image_encoder = encoder
    theirs.feature_extractor = CLIPImageProcessor(size=30, crop_size=30)
    plain = studio.latents(record)
    theirs.load_ip_adapter(state, subfolder="", weight_name="", image_encoder_folder=None)
    theirs.set_ip_adapter_scale(0.6)
    picture, other = tiny.drawing(30), tiny.drawing(30).transpose(Image.Transpose.ROTATE_90)
    expected = theirs(**prompts(studio, record), ip_adapter_image=[[picture, other]]).images
    ours = studio.latents(record, references=(reference(studio, known, picture, other, weight=0.6),))
    assert near(ours, expected)
    assert not torch.allclose(ours, plain, atol=1e-2)
    assert torch.equal(studio.latents(record), plain)


def test_methods_spans_and_masks(studio: Studio) -> None:
    record = studio.know("sd1")
    _, known = adapter(studio, "sd1")

    def drawn(**changes: Any) -> torch.Tensor:
        return _latents(studio, record, reference(studio, known, **changes), steps=4)

    plain, full = studio.latents(record, steps=4), drawn()
    assert torch.equal(drawn(weight=0.0), plain)
    assert torch.equal(drawn(begin=0.5), drawn(weight=[0.0, 0.0, 1.0, 1.0]))
    assert torch.equal(drawn(end=0.25), drawn(weight=[1.0, 1.0, 0.0, 0.0]))
    # the tiny UNet has its cross-attentions in down_blocks.0, up_blocks.1 and mid_block
    methods: tuple[ReferenceMethod, ...] = ("style", "composition", "style_strong", "style_precise")
    seen = [full, *(drawn(method=method) for method in methods)]
    assert all(not torch.equal(one, plain) for one in seen)
    assert len({one.sum().item() for one in seen}) == len(seen)
    white, black = Image.new("L", (SIZE, SIZE), 255), Image.new("L", (SIZE, SIZE), 0)
    assert torch.equal(drawn(mask=white), full)
    assert torch.equal(drawn(mask=black), plain)
    wide: dict[str, Any] = {"noise": studio.engine.noise(seed=7, width=256, height=256), "steps": 1}
    without, ratios = _latents(studio, record, **wide), []
    for corner in (0, 128):
        half = Image.new("L", (256, 256), 0)
        half.paste(255, (corner, 0, corner + 128, 256))
        change = (_latents(studio, record, reference(studio, known, mask=half), **wide) - without).abs()
        ratios.append(float(change[..., :16].mean() / change[..., 16:].mean()))
    assert ratios[0] > 1.2 > 0.8 > ratios[1]  # the rest is self-attention, which sees the whole picture


def test_precise_style_is_shown_to_the_negative_prompt(studio: Studio) -> None:
    record = studio.know("sd1")
    _, known = adapter(studio, "sd1")
    precise = reference(studio, known, method="style_precise")
    assert near(
        _latents(studio, record, precise, cfg_scale=1.0),
        _latents(studio, record, reference(studio, known, method="style"), cfg_scale=1.0),
    )


def test_several_add_up_and_leave_no_trace(studio: Studio) -> None:
    record = studio.know("sd1")
    _, known = adapter(studio, "sd1")
    plain = studio.latents(record)
    one = reference(studio, known, weight=0.5)
    assert near(
        _latents(studio, record, one, one), _latents(studio, record, reference(studio, known, weight=1.0))
    )
    with studio.engine._store.use(record.identifier("unet"), "unet") as unet:
        kinds = {type(processor).__name__ for processor in unet.attn_processors.values()}
    assert kinds == {"AttnProcessor2_0"}
    with pytest.raises(BadInputError):
        _latents(studio, record, one, reference(studio, known, begin=0.9, end=0.1))
    assert torch.equal(studio.latents(record), plain)
    assert not any(part.locked for part in studio.engine.memory().components)


def test_folders_and_pickles_are_the_same_adapter(studio: Studio, tmp_path: Path) -> None:
    record = studio.know("sd1")
    state, known = adapter(studio, "sd1")
    folder = tmp_path / "ip_adapter_sd15"
    folder.mkdir()
    torch.save(state, folder / "ip_adapter.bin")
    (folder / "image_encoder.txt").write_text("InvokeAI/ip_adapter_sd_image_encoder")
    other = tiny.know(studio, folder, known.base, ModelType.IP_ADAPTER)
    assert torch.equal(
        _latents(studio, record, reference(studio, other)), _latents(studio, record, reference(studio, known))
    )


def test_what_does_not_fit_is_refused(studio: Studio) -> None:
    record = studio.know("sd1")
    _, other = adapter(studio, "sdxl")
    with pytest.raises(BadInputError, match="made for another model"):
        _latents(studio, record, reference(studio, other))
    _, known = adapter(studio, "sd1")
    from safetensors.torch import load_file

    state = load_file(known.path)
    state["image_proj.proj.weight"] = torch.zeros(state["image_proj.proj.weight"].shape[0], 99)
    save_file(state, studio.root / "wide.safetensors")
    wide = tiny.know(studio, studio.root / "wide.safetensors", known.base, ModelType.IP_ADAPTER)
    with pytest.raises(BadInputError, match="image encoder vision is not the one"):
        _latents(studio, record, reference(studio, wide))


def test_clip_sees_the_middle_of_a_picture() -> None:
    from transformers import CLIPImageProcessor

    image = tiny.drawing(64).resize((100, 64))
    ours = clip_pixels(image, 32)
    theirs = CLIPImageProcessor(size=32, crop_size=32)(images=image, return_tensors="pt").pixel_values
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().mean() < 0.01


def _latents(studio: Studio, record: ModelRecord, *references: Reference, **changes: Any) -> torch.Tensor:
    result: torch.Tensor = studio.latents(record, references=references, **changes)
    return result


def test_beside_regions_both_count(studio: Studio) -> None:
    from invoke_tui.engine.jobs import Region

    record = studio.know("sd1")
    _, known = adapter(studio, "sd1")
    left = Image.new("L", (SIZE, SIZE), 0)
    left.paste(255, (0, 0, SIZE // 2, SIZE))
    regions = (Region(studio.encode(record, "a blue fox"), left), Region(studio.encode(record, "a red cat")))
    shown = reference(studio, known)
    plain, parted = studio.latents(record), studio.latents(record, regions=regions)
    seen, both = _latents(studio, record, shown), _latents(studio, record, shown, regions=regions)
    assert not any(torch.allclose(both, other, atol=1e-3) for other in (plain, parted, seen))
    assert near(_latents(studio, record, reference(studio, known, weight=0.0), regions=regions), parted)
    assert torch.equal(studio.latents(record), plain)
