"""What steers the loop: masks in every family, models made for inpainting as diffusers runs them, pixels to latents."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import VAEField
from invoke_tui.engine import engine as engine_module
from invoke_tui.engine.guides.base import Guide, ModelCall
from invoke_tui.engine.guides.masks import latent_mask
from invoke_tui.engine.jobs import DenoiseMask, FillImage
from tests.engine import tiny_families as tiny
from tests.engine.conftest import Bench, Recorder
from tests.engine.test_families import SIZE, Studio, close

pytestmark = pytest.mark.engine


def half(kept: int = 255, drawn: int = 0) -> Image.Image:
    """A mask whose left half stays."""
    mask = Image.new("L", (SIZE, SIZE), drawn)
    mask.paste(kept, (0, 0, SIZE // 2, SIZE))
    return mask


def latents_of(studio: Studio, record: Any, seed: int = 3) -> torch.Tensor:
    noise: torch.Tensor = studio.engine.noise(
        seed=seed, width=SIZE, height=SIZE, noise_type=studio.noise_type(record)
    )
    return noise * 0.5


@pytest.mark.parametrize("name", ["sd1", "sdxl", "sd3", "flux"])
def test_a_mask_keeps_what_it_is_to_keep(studio: Studio, name: str) -> None:
    record = studio.know(name)
    kept = latents_of(studio, record)
    begin: dict[str, Any] = {"latents": kept, "denoising_start": 0.3, "steps": 4}
    free = studio.latents(record, **begin)
    for gradient in (True, False):
        masked = studio.latents(record, **begin, mask=DenoiseMask(half(), gradient=gradient))
        assert torch.allclose(masked[..., : SIZE // 16], kept[..., : SIZE // 16], atol=1e-6)
        assert not torch.allclose(masked[..., SIZE // 16 :], kept[..., SIZE // 16 :], atol=1e-2)
        everything = studio.latents(record, **begin, mask=DenoiseMask(half(0, 0), gradient=gradient))
        assert close(everything, free)
        nothing = studio.latents(record, **begin, mask=DenoiseMask(half(255, 255), gradient=gradient))
        assert torch.allclose(nothing, kept, atol=1e-6)


@pytest.mark.parametrize(
    "scheduler", ["ddim", "heun", "dpmpp_2m_k", "lcm", "pndm", "er_sde", "unipc", "kdpm_2"]
)
def test_every_kind_of_scheduler_puts_back_what_stays(bench: Bench, scheduler: str) -> None:
    kept = bench.engine.noise(seed=3, width=64, height=64)
    mask = Image.new("L", (64, 64), 255)
    mask.paste(100, (16, 0, 32, 64))
    mask.paste(0, (32, 0, 64, 64))
    job = bench.job(
        latents=kept, steps=6, scheduler=scheduler, denoising_start=0.2, mask=DenoiseMask(mask, gradient=True)
    )
    result = bench.engine.denoise(job, Recorder())
    assert torch.equal(result[..., :2], kept[..., :2])
    assert not torch.allclose(result[..., 2:4], kept[..., 2:4])
    assert torch.isfinite(result).all()


def test_the_noise_put_back_is_the_schedulers(bench: Bench) -> None:
    from invoke_tui.engine.schedulers.build import build_scheduler
    from invoke_tui.engine.schedulers.diffusion import DiffusionSchedule
    from tests.engine.tiny import SD_SCHEDULER

    x, noise = torch.randn(2, 1, 4, 8, 8)
    for name in ("euler", "ddim", "dpmpp_2m", "lms_k"):
        schedule = DiffusionSchedule(
            build_scheduler(name, SD_SCHEDULER, steps=8, seed=1), steps=8, seed=1, start=0.3
        )
        latents = schedule.start(noise, x, from_noise=False)
        assert torch.allclose(schedule.noised(x, noise, 0), latents, atol=1e-5), name
        assert schedule.noised(x, noise, len(schedule.timesteps)) is x
        assert 0.5 < schedule.level(0) < 0.75
        assert schedule.level(len(schedule.timesteps)) == 0


def test_the_inpainting_unet_is_diffusers_pipeline(studio: Studio) -> None:
    from diffusers import EulerDiscreteScheduler, StableDiffusionInpaintPipeline, StableDiffusionPipeline

    from tests.engine.tiny import write_model

    folder = write_model(studio.root / "inpaint", in_channels=9)
    record = studio.know("sd1", folder, variant="inpaint")
    parts = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None).components
    pipeline = StableDiffusionInpaintPipeline(**parts, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = EulerDiscreteScheduler.from_config(pipeline.scheduler.config)
    mask, masked = half(), latents_of(studio, record, 5)
    theirs = pipeline(
        prompt_embeds=studio.encode(record, "a red cat").embeds,
        negative_prompt_embeds=studio.encode(record, "").embeds,
        image=Image.new("RGB", (SIZE, SIZE)),
        mask_image=Image.fromarray(255 - np.asarray(mask)),
        masked_image_latents=masked,
        latents=studio.engine.noise(seed=7, width=SIZE, height=SIZE),
        height=SIZE,
        width=SIZE,
        strength=1.0,
        num_inference_steps=3,
        guidance_scale=5.0,
        output_type="latent",
    ).images
    kept = torch.zeros_like(masked)
    ours = studio.latents(record, latents=kept, mask=DenoiseMask(mask, masked))
    right = (..., slice(SIZE // 16, None))
    assert torch.equal(ours[..., : SIZE // 16], kept[..., : SIZE // 16])
    # they begin with noise times the scheduler's factor, we with noise on nothing: that is 0.3 % less
    assert (ours[right] - theirs[right]).abs().max() < 0.02 * theirs.abs().max()
    assert torch.isfinite(studio.latents(record)).all()  # from text alone: everything is drawn
    with pytest.raises(BadInputError, match="needs the picture beside the mask"):
        studio.latents(record, latents=kept, mask=DenoiseMask(mask))


def test_sdxl_inpainting_runs(studio: Studio) -> None:
    record = studio.know("sdxl", tiny.write_sdxl(studio.root / "xl", in_channels=9), variant="inpaint")
    kept = latents_of(studio, record)
    mask = DenoiseMask(half(), latents_of(studio, record, 5), gradient=True)
    result = studio.latents(record, latents=kept, mask=mask, denoising_start=0.2)
    assert torch.equal(result[..., : SIZE // 16], kept[..., : SIZE // 16])


def test_flux_fill_is_diffusers_pipeline(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers import FluxFillPipeline

    from invoke_tui.engine.families.flux import pack, unpack

    folder = studio.folder("fill")
    record = studio.know("flux", folder, variant="dev_fill")
    pipeline = FluxFillPipeline.from_pretrained(folder)
    # with latents of its own it still asks for the picture, which it then does not use
    monkeypatch.setattr(
        pipeline.image_processor, "preprocess", lambda *_, **__: torch.zeros(1, 3, SIZE, SIZE)
    )
    pipeline.set_progress_bar_config(disable=True)
    positive, masked = studio.encode(record, "a red cat"), latents_of(studio, record, 5)
    white = Image.fromarray(255 - np.asarray(half()))
    cells = torch.nn.functional.pixel_unshuffle(
        torch.from_numpy(np.array(white))[None, None].float() / 255, 8
    )
    theirs = pipeline(
        prompt_embeds=positive.embeds,
        pooled_prompt_embeds=positive.pooled,
        masked_image_latents=torch.cat([pack(masked), pack(cells)], dim=-1),
        latents=pack(studio.engine.noise(seed=7, width=SIZE, height=SIZE, noise_type="FLUX")),
        height=SIZE,
        width=SIZE,
        num_inference_steps=3,
        guidance_scale=30.0,
        output_type="latent",
    ).images
    ours = studio.latents(record, fill=FillImage(masked, white), guidance=30.0)
    assert close(ours, unpack(theirs, SIZE // 8, SIZE // 8))
    with pytest.raises(BadInputError, match="needs a picture and a mask"):
        studio.latents(record)
    with pytest.raises(BadInputError, match="no FLUX Fill model"):
        studio.latents(studio.know("flux"), fill=FillImage(masked, white))


def test_pixels_become_latents_as_diffusers_has_it(studio: Studio, bench: Bench) -> None:
    from diffusers import AutoencoderKL

    pixels = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    for name, shift in (("sd1", 0.0), ("flux", 0.1159)):
        record = studio.know(name)
        field = VAEField(vae=record.identifier("vae"))
        how: dict[str, Any] = {"fp32": True, "tiled": False, "tile_size": 0, "hooks": Recorder()}
        ours = studio.engine.encode_image(image, field, **how)
        vae = AutoencoderKL.from_pretrained(studio.root / name, subfolder="vae")
        tensor = torch.from_numpy(pixels).movedim(-1, 0)[None].float() / 127.5 - 1
        with torch.no_grad():
            theirs = vae.encode(tensor).latent_dist.sample(torch.Generator().manual_seed(0))
        assert torch.allclose(ours, (theirs - shift) * vae.config.scaling_factor, atol=1e-5), name
        assert torch.equal(ours, studio.engine.encode_image(image, field, **how))
    odd = studio.engine.encode_image(image.crop((0, 0, 61, 50)), field, **how | {"tiled": True})
    assert odd.shape[-2:] == (6, 7)
    hidden = studio.engine.encode_image(image, field, **how, hidden=Image.new("L", (SIZE, SIZE), 255))
    other = Image.new("RGB", (SIZE, SIZE), "red")
    assert torch.equal(
        hidden, studio.engine.encode_image(other, field, **how, hidden=Image.new("L", (SIZE, SIZE), 255))
    )
    with pytest.raises(BadInputError, match="too small"):
        studio.engine.encode_image(image.crop((0, 0, 7, 7)), field, **how)


def test_a_mask_without_its_picture_is_refused(bench: Bench) -> None:
    with pytest.raises(BadInputError, match="needs the picture"):
        bench.engine.denoise(bench.job(mask=DenoiseMask(half())), Recorder())


def test_masks_are_sampled_in_the_middle_of_cells() -> None:
    mask = Image.new("L", (16, 8), 0)
    mask.paste(255, (8, 0, 16, 8))
    assert latent_mask(mask, torch.zeros(1, 4, 1, 2)).flatten().tolist() == [0.0, 1.0]


def test_a_guide_reaches_everything(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Spy(Guide):
        def __init__(self, weight: float) -> None:
            self.weight, self.told = weight, list[str]()

        def ask(self, call: ModelCall, arguments: dict[str, Any]) -> None:
            self.told.append(f"ask {call.call} {len(call.latents)}")
            count = len(call.latents)
            shapes = ((16, 8, 8), (16, 8, 8), (16, 4, 4), (32, 4, 4))
            arguments["down_block_additional_residuals"] = [torch.zeros(count, *shape) for shape in shapes]
            arguments["mid_block_additional_residual"] = torch.full((count, 32, 4, 4), self.weight)

        def after(self, latents: torch.Tensor, call: int) -> torch.Tensor:
            self.told.append(f"after {call}")
            return latents

    results = []
    for spy in (Spy(0.0), Spy(1.0)):
        monkeypatch.setattr(engine_module, "guides_of", lambda *_, spy=spy: (spy,))
        results.append(bench.engine.denoise(bench.job(steps=2), Recorder()))
        assert spy.told == ["ask 0 2", "after 0", "ask 1 2", "after 1"]
    monkeypatch.undo()
    assert torch.equal(results[0], bench.engine.denoise(bench.job(steps=2), Recorder()))
    assert not torch.allclose(results[0], results[1])
