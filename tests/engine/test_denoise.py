"""The denoise loop on tiny models: against diffusers' own pipeline, and everything around the numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from invoke_tui.domain.errors import BadInputError, CanceledError, NotFoundError
from invoke_tui.domain.graph.fields import LoRAField
from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.engine.embeds import join
from invoke_tui.engine.guidance import guide, scales_by_call
from tests.engine.conftest import Bench, Recorder, fields_of

pytestmark = pytest.mark.engine


def test_the_loop_is_diffusers_pipeline(bench: Bench) -> None:
    from diffusers import StableDiffusionPipeline

    from invoke_tui.engine.schedulers.build import build_scheduler
    from tests.engine.tiny import SD_SCHEDULER

    cases = (
        (bench.sd1, "epsilon", ("euler", "ddim", "dpmpp_2m_k", "pndm", "heun")),
        (bench.sd2, "v_prediction", ("euler", "unipc")),
    )
    for model, kind, schedulers in cases:
        pipeline = StableDiffusionPipeline.from_pretrained(
            bench.folder / model.name, safety_checker=None, requires_safety_checker=False
        )
        pipeline.set_progress_bar_config(disable=True)
        for name in schedulers:
            job = bench.job(model, scheduler=name, steps=5, cfg_rescale_multiplier=0.4)
            config = SD_SCHEDULER | {"prediction_type": kind}
            pipeline.scheduler = build_scheduler(name, config, steps=5, seed=7)
            theirs = pipeline(
                prompt_embeds=job.positive.embeds,
                negative_prompt_embeds=job.negative.embeds,
                latents=job.noise.clone(),
                num_inference_steps=5,
                guidance_scale=7.5,
                guidance_rescale=0.4,
                output_type="latent",
            ).images
            ours = bench.engine.denoise(job, Recorder())
            assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max(), (kind, name)
        vae = fields_of(model)[2]
        picture = bench.engine.decode(ours, vae, fp32=True, tiled=False, tile_size=0, hooks=Recorder())
        decoded = pipeline.vae.decode(ours / pipeline.vae.config.scaling_factor).sample
        assert picture.tobytes() == pipeline.image_processor.postprocess(decoded.detach())[0].tobytes()


def test_prompts_are_encoded_as_diffusers_does(bench: Bench) -> None:
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(
        bench.folder / bench.sd1.name, safety_checker=None, requires_safety_checker=False
    )
    # diffusers' clip_skip looks for the layout that text encoders had before transformers 5.6
    pipeline.text_encoder.__dict__["text_model"] = pipeline.text_encoder
    clip = fields_of(bench.sd1)[1]
    for skip in (0, 1, 2, 3):
        theirs, _ = pipeline.encode_prompt("a red cat", "cpu", 1, False, clip_skip=skip or None)
        ours = bench.encode(clip.model_copy(update={"skipped_layers": skip}), "a red cat", Recorder())
        assert torch.allclose(ours.embeds, theirs, atol=1e-6), skip
    with pytest.raises(BadInputError, match="CLIP skip 4 leaves nothing"):
        bench.encode(clip.model_copy(update={"skipped_layers": 4}), "a", Recorder())


def test_the_same_request_is_the_same_picture(bench: Bench) -> None:
    job = bench.job(scheduler="dpmpp_sde_k")
    first = bench.engine.denoise(job, Recorder())
    assert torch.equal(first, bench.engine.denoise(job, Recorder()))
    assert not torch.equal(first, bench.engine.denoise(replace(job, seed=8), Recorder()))
    bench.engine.free()
    assert torch.equal(first, bench.engine.denoise(job, Recorder()))


def test_previews_and_progress(bench: Bench) -> None:
    hooks = Recorder()
    bench.engine.denoise(
        bench.job(scheduler="heun", steps=3, noise=bench.engine.noise(seed=1, width=96, height=64)), hooks
    )
    assert [(step, total) for step, total, _ in hooks.steps] == [(n, 5) for n in range(6)]
    assert [preview[1:] for preview in hooks.previews] == [(n, 5, 96, 64) for n in range(1, 6)]
    image = hooks.previews[-1][0]
    assert (image.size, image.mode) == ((12, 8), "RGB")


def test_every_scheduler_shows_the_picture_it_is_making(bench: Bench) -> None:
    for name in (
        "ddim",
        "dpmpp_2m",
        "pndm",
        "deis",
        "unipc",
        "lcm",
        "tcd",
        "er_sde",
        "dpmpp_sde",
        "dpmpp_2s",
    ):
        for model in (bench.sd1, bench.sd2):
            hooks = Recorder()
            bench.engine.denoise(bench.job(model, scheduler=name, cfg_scale=1), hooks)
            assert hooks.previews, name


def test_cancel_between_and_within_steps(bench: Bench) -> None:
    whole = Recorder()
    job = bench.job()
    first = bench.engine.denoise(job, whole)
    for checks in (1, 2, whole.checks // 2, whole.checks):
        hooks = Recorder(cancel_at=checks)
        with pytest.raises(CanceledError):
            bench.engine.denoise(job, hooks)
        assert hooks.checks == checks
    assert whole.checks > 10 * job.steps
    # what was stopped half way leaves no trace
    assert torch.equal(first, bench.engine.denoise(job, Recorder()))


def test_guidance_one_prompt_at_a_time(bench: Bench) -> None:
    job = bench.job()
    together = bench.engine.denoise(job, Recorder())
    bench.engine._settings = bench.engine._settings.model_copy(update={"sequential_guidance": True})
    try:
        apart = bench.engine.denoise(job, Recorder())
    finally:
        bench.engine._settings = bench.engine._settings.model_copy(update={"sequential_guidance": False})
    assert torch.allclose(together, apart, atol=1e-3 * float(together.abs().max()))


def test_prompts_of_different_length(bench: Bench) -> None:
    clip = fields_of(bench.sd1)[1]
    long = bench.encode(clip, "a red cat. " * 40, Recorder())
    short = bench.encode(clip, "", Recorder())
    assert long.embeds.shape[1] > short.embeds.shape[1] == 77
    batch = join(short, long)
    assert batch.mask is not None
    assert batch.mask.sum(dim=1).tolist() == [77, long.embeds.shape[1]]
    job = bench.job(positive=long, negative=short)
    together = bench.engine.denoise(job, Recorder())
    unguided = bench.engine.denoise(replace(job, cfg_scale=1), Recorder())
    assert torch.isfinite(together).all()
    assert not torch.allclose(together, unguided)


def test_starting_from_a_picture(bench: Bench) -> None:
    job = bench.job(steps=10)
    whole = bench.engine.denoise(job, Recorder())
    hooks = Recorder()
    bench.engine.denoise(replace(job, latents=whole, denoising_start=0.6), hooks)
    assert hooks.steps[-1][1] == 4
    untouched = bench.engine.denoise(replace(job, latents=whole, denoising_start=1), Recorder())
    assert torch.equal(untouched, whole)


def test_two_halves_are_the_whole(bench: Bench) -> None:
    job = bench.job(steps=10, scheduler="ddim")
    whole = bench.engine.denoise(job, Recorder())
    half = bench.engine.denoise(replace(job, denoising_end=0.5), Recorder())
    rest = bench.engine.denoise(replace(job, noise=None, latents=half, denoising_start=0.5), Recorder())
    assert torch.allclose(whole, rest, atol=1e-4 * float(whole.abs().max()))


def test_what_does_not_fit_is_refused(bench: Bench) -> None:
    job = bench.job()
    other = bench.job(bench.sd2)
    noise = bench.engine.noise(seed=0, width=128, height=64)
    wrong: list[tuple[Any, str]] = [
        (replace(job, positive=other.positive), "text encoder's states are 48 wide"),
        (replace(job, noise=None), "needs noise, latents or both"),
        (replace(job, noise=noise, latents=job.noise), "128 x 64, the latents are 64 x 64"),
        (replace(job, noise=torch.zeros(1, 16, 8, 8)), "takes 4 channels"),
        (replace(job, scheduler="nonsense"), "no scheduler"),
        (replace(job, cfg_scale=[2.0, 3.0]), "2 guidance scales for 4 steps"),
        (replace(job, cfg_scale=0.5), "at least 1"),
        (replace(job, cfg_rescale_multiplier=1.0), "between 0 and 1"),
        (replace(job, denoising_start=1.5), "from 0 to 1"),
        (
            replace(job, model=job.model.model_copy(update={"loras": [LoRAField(lora=bench.sd1)]})),
            "is a main model, not a LoRA",
        ),
    ]
    for bad, message in wrong:
        with pytest.raises(BadInputError, match=message):
            bench.engine.denoise(bad, Recorder())
    with pytest.raises(NotFoundError, match="'gone' is not installed"):
        gone, _, _ = fields_of(ModelIdentifier(key="x", name="gone"))
        bench.engine.denoise(replace(job, model=gone), Recorder())


def test_freeu_is_undone(bench: Bench) -> None:
    job = bench.job()
    plain = bench.engine.denoise(job, Recorder())
    config = {"s1": 0.9, "s2": 0.2, "b1": 1.2, "b2": 1.4}
    bench.engine.denoise(
        replace(job, model=job.model.model_copy(update={"freeu_config": config})), Recorder()
    )
    assert torch.equal(plain, bench.engine.denoise(job, Recorder()))
    with pytest.raises(BadInputError, match="FreeU needs"):
        bench.engine.denoise(
            replace(job, model=job.model.model_copy(update={"freeu_config": {}})), Recorder()
        )


def test_guidance_rescale_is_the_papers_algorithm() -> None:
    generator = torch.Generator().manual_seed(1)
    negative, positive = (torch.randn(2, 4, 8, 8, generator=generator) for _ in range(2))
    plain = guide(negative, positive, 7.5)
    assert torch.allclose(plain, negative + 7.5 * (positive - negative))
    full = guide(negative, positive, 7.5, 0.999999)
    assert torch.allclose(full.std(dim=(1, 2, 3)), positive.std(dim=(1, 2, 3)), rtol=1e-4)
    half = guide(negative, positive, 7.5, 0.5)
    assert torch.allclose(half, (plain + full) / 2, rtol=1e-3, atol=1e-4)


def test_guidance_scales_per_step() -> None:
    assert scales_by_call(3, calls=2, first=0, order=1, steps=2) == [3.0, 3.0]
    assert scales_by_call([1, 2, 3], calls=3, first=0, order=1, steps=3) == [1, 2, 3]
    assert scales_by_call([1, 2, 3], calls=2, first=1, order=1, steps=3) == [2, 3]
    assert scales_by_call([1, 2, 3], calls=5, first=0, order=2, steps=3) == [1, 2, 2, 3, 3]
