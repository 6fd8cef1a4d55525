"""Every family, from prompt to pixels: as diffusers draws it, and the same from a single file, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import CLIPField, T5EncoderField, TransformerField, UNetField, VAEField
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelIdentifier, ModelRecord
from invoke_tui.domain.request.texts import CompelText, FluxText, SD3Text, SDXLText, Text
from tests.engine.conftest import Recorder, record_of

pytestmark = pytest.mark.engine
SIZE = 64
BASES = {
    "sd1": BaseModelType.SD1,
    "sd2": BaseModelType.SD2,
    "sdxl": BaseModelType.SDXL,
    "refiner": BaseModelType.SDXL_REFINER,
    "flux": BaseModelType.FLUX,
    "schnell": BaseModelType.FLUX,
    "sd3": BaseModelType.SD3,
}


@dataclass
class Studio:
    """An engine, and tiny models of every family that are written when they are asked for."""

    engine: Any
    root: Path

    def folder(self, name: str) -> Path:
        """A model as diffusers writes it."""
        from tests.engine import tiny_families as tiny

        write: dict[str, Callable[[Path], Path]] = {
            "sd1": tiny.write_sd1,
            "sd2": tiny.write_sd2,
            "sdxl": tiny.write_sdxl,
            "refiner": lambda folder: tiny.write_sdxl(folder, refiner=True),
            "flux": tiny.write_flux,
            "schnell": lambda folder: tiny.write_flux(folder, guidance=False),
            "fill": lambda folder: tiny.write_flux(folder, in_channels=384),
            "sd3": tiny.write_sd3,
        }
        path = self.root / name
        return path if path.is_dir() else write[name](path)

    def know(self, name: str, path: Path | None = None, **changes: Any) -> ModelRecord:
        """Make a model known to the engine: the family's folder, or another file of the same family."""
        given = path or self.folder(name)
        variant = "schnell" if name == "schnell" else "dev" if name == "flux" else "normal"
        format_ = ModelFormat.DIFFUSERS if given.is_dir() else ModelFormat.CHECKPOINT
        fields = {"key": str(given), "variant": variant, "format": format_} | changes
        record = record_of(given, BASES[name], **fields)
        self.engine.use_models({record.key: record})
        return record

    def picture(self, record: ModelRecord, *, encoders: ModelRecord | None = None, **changes: Any) -> Any:
        """The picture of a red cat that ``record`` draws; ``encoders`` brings the text encoders and the VAE."""
        latents = self.latents(record, encoders=encoders, **changes)
        vae = VAEField(vae=(encoders or record).identifier("vae"))
        return self.engine.decode(latents, vae, fp32=True, tiled=False, tile_size=0, hooks=Recorder())

    def latents(self, record: ModelRecord, *, encoders: ModelRecord | None = None, **changes: Any) -> Any:
        """The latents of the above."""
        return self.engine.denoise(self.job(record, encoders=encoders, **changes), Recorder())

    def job(self, record: ModelRecord, *, encoders: ModelRecord | None = None, **changes: Any) -> Any:
        """What the engine is asked for the above."""
        from invoke_tui.engine.jobs import DenoiseJob

        flow = record.base in (BaseModelType.FLUX, BaseModelType.SD3)
        model = record.identifier
        fields: dict[str, Any] = {
            "model": TransformerField(transformer=model("transformer"))
            if flow
            else UNetField(unet=model("unet"), scheduler=model("scheduler")),
            "positive": self.encode(encoders or record, "a red cat"),
            "negative": self.encode(encoders or record, ""),
            "noise": self.engine.noise(seed=7, width=SIZE, height=SIZE, noise_type=self.noise_type(record)),
            "latents": None,
            "steps": 3,
            "cfg_scale": 1.0 if record.base is BaseModelType.FLUX else 5.0,
            "scheduler": "euler",
            "seed": 7,
        }
        return DenoiseJob(**(fields | changes))

    def noise_type(self, record: ModelRecord) -> str:
        """InvokeAI's noise type of the family."""
        return {BaseModelType.FLUX: "FLUX", BaseModelType.SD3: "SD3"}.get(record.base, "SD")

    def encode(self, record: ModelRecord, prompt: str) -> Any:
        """A prompt as the family of ``record`` reads it."""
        return self.engine.encode(text_of(record, prompt), Recorder())


def clip(record: ModelRecord, number: str = "") -> CLIPField:
    return CLIPField(
        tokenizer=record.identifier(f"tokenizer{number}"),
        text_encoder=record.identifier(f"text_encoder{number}"),
    )


def t5(record: ModelRecord, number: str) -> T5EncoderField:
    return T5EncoderField(
        tokenizer=record.identifier(f"tokenizer{number}"),
        text_encoder=record.identifier(f"text_encoder{number}"),
    )


def text_of(record: ModelRecord, prompt: str) -> Text:
    sizes = {"original_width": SIZE, "original_height": SIZE}
    match record.base:
        case BaseModelType.SDXL:
            target = {"target_width": SIZE, "target_height": SIZE}
            return SDXLText(prompt=prompt, clip=clip(record), clip2=clip(record, "_2"), **sizes, **target)
        case BaseModelType.SDXL_REFINER:
            return SDXLText(prompt=prompt, clip2=clip(record, "_2"), aesthetic_score=6.0, **sizes)
        case BaseModelType.FLUX:
            return FluxText(prompt=prompt, clip=clip(record), t5_encoder=t5(record, "_2"), max_length=32)
        case BaseModelType.SD3:
            return SD3Text(
                prompt=prompt, clip_l=clip(record), clip_g=clip(record, "_2"), t5_encoder=t5(record, "_3")
            )
        case _:
            return CompelText(prompt=prompt, clip=clip(record))


def close(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    return bool((ours - theirs).abs().max() <= 2e-5 * theirs.abs().max())


def test_sdxl_is_diffusers_pipeline(studio: Studio) -> None:
    from diffusers import StableDiffusionXLPipeline

    record = studio.know("sdxl")
    pipeline = StableDiffusionXLPipeline.from_pretrained(record.path)
    pipeline.set_progress_bar_config(disable=True)
    embeds, negative, pooled, negative_pooled = pipeline.encode_prompt("a red cat", device="cpu")
    positive, empty = studio.encode(record, "a red cat"), studio.encode(record, "")
    assert torch.allclose(positive.embeds, embeds, atol=1e-5)
    assert torch.allclose(positive.pooled, pooled, atol=1e-5)
    assert torch.equal(empty.embeds, negative)
    assert torch.equal(empty.pooled, negative_pooled)
    from diffusers import EulerDiscreteScheduler

    pipeline.scheduler = EulerDiscreteScheduler.from_config(pipeline.scheduler.config)
    theirs = pipeline(
        prompt_embeds=positive.embeds,
        negative_prompt_embeds=empty.embeds,
        pooled_prompt_embeds=positive.pooled,
        negative_pooled_prompt_embeds=empty.pooled,
        latents=studio.engine.noise(seed=7, width=SIZE, height=SIZE),
        height=SIZE,
        width=SIZE,
        num_inference_steps=3,
        guidance_scale=5.0,
        output_type="latent",
    ).images
    assert close(studio.latents(record), theirs)


def test_flux_is_diffusers_pipeline(studio: Studio) -> None:
    from diffusers import FluxPipeline

    from invoke_tui.engine.families.flux import pack, unpack

    for name in ("flux", "schnell"):
        record = studio.know(name)
        pipeline = FluxPipeline.from_pretrained(record.path)
        pipeline.set_progress_bar_config(disable=True)
        positive = studio.encode(record, "a red cat")
        embeds, pooled, _ = pipeline.encode_prompt("a red cat", None, device="cpu", max_sequence_length=32)
        assert torch.allclose(positive.embeds, embeds, atol=1e-5), name
        assert torch.allclose(positive.pooled, pooled, atol=1e-5), name
        noise = studio.engine.noise(seed=7, width=SIZE, height=SIZE, noise_type="FLUX")
        theirs = pipeline(
            prompt_embeds=positive.embeds,
            pooled_prompt_embeds=positive.pooled,
            latents=pack(noise),
            height=SIZE,
            width=SIZE,
            num_inference_steps=3,
            guidance_scale=2.5,
            output_type="latent",
        ).images
        ours = studio.latents(record, guidance=2.5, negative=None)
        assert close(ours, unpack(theirs, SIZE // 8, SIZE // 8)), name


def test_sd3_is_diffusers_pipeline(studio: Studio) -> None:
    from diffusers import StableDiffusion3Pipeline

    record = studio.know("sd3")
    pipeline = StableDiffusion3Pipeline.from_pretrained(record.path)
    pipeline.set_progress_bar_config(disable=True)
    positive, negative = studio.encode(record, "a red cat"), studio.encode(record, "")
    embeds, _, pooled, _ = pipeline.encode_prompt("a red cat", None, None, device="cpu")
    assert torch.allclose(positive.embeds, embeds, atol=1e-5)
    assert torch.allclose(positive.pooled, pooled, atol=1e-5)
    theirs = pipeline(
        prompt_embeds=positive.embeds,
        negative_prompt_embeds=negative.embeds,
        pooled_prompt_embeds=positive.pooled,
        negative_pooled_prompt_embeds=negative.pooled,
        latents=studio.engine.noise(seed=7, width=SIZE, height=SIZE, noise_type="SD3"),
        height=SIZE,
        width=SIZE,
        num_inference_steps=3,
        guidance_scale=5.0,
        output_type="latent",
    ).images
    assert close(studio.latents(record), theirs)


def test_the_refiner_finishes_what_sdxl_began(studio: Studio) -> None:
    base, refiner = studio.know("sdxl"), studio.know("refiner")
    half = studio.latents(base, steps=5, denoising_end=0.8)
    done = studio.latents(refiner, steps=5, latents=half, noise=None, denoising_start=0.8)
    assert torch.isfinite(done).all()
    assert not torch.equal(half, done)


@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl", "refiner", "sd3"])
def test_a_single_file_is_the_same_picture(studio: Studio, name: str, tmp_path: Path) -> None:
    from tests.engine.tiny_families import write_single

    folder = studio.know(name)
    path = write_single(studio.folder(name), tmp_path / f"{name}.safetensors")
    brought = {"encoders": None}
    if name == "sd3":  # T5's tokenizer is in no single file
        brought = {"encoders": folder}
    single = studio.know(name, path)
    assert studio.picture(single, **brought).tobytes() == studio.picture(folder).tobytes()


@pytest.mark.parametrize("prefix", ["", "model.diffusion_model."])
def test_flux_is_a_transformer_with_encoders_of_its_own(studio: Studio, prefix: str, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    from tests.engine.tiny_families import original_state

    folder = studio.know("flux")
    path = tmp_path / "flux.safetensors"
    state = {prefix + name: tensor for name, tensor in original_state(studio.folder("flux")).items()}
    save_file(state, path)
    drawn = studio.picture(studio.know("flux", path), encoders=folder)
    assert drawn.tobytes() == studio.picture(folder).tobytes()


def test_half_precision_files_are_the_half_precision_folder(studio: Studio, tmp_path: Path) -> None:
    from tests.engine.tiny_families import write_single

    folder = studio.folder("sd1")
    exact = studio.picture(studio.know("sd1"))
    half = write_single(folder, tmp_path / "half.safetensors", torch.float16)
    drawn = studio.picture(studio.know("sd1", half))
    difference = torch.tensor(list(drawn.tobytes())).float() - torch.tensor(list(exact.tobytes())).float()
    assert 0 < difference.abs().max() < 30


@pytest.mark.parametrize("scheduler", ["heun", "lcm"])
def test_flow_models_have_other_schedulers(studio: Studio, scheduler: str) -> None:
    record = studio.know("flux")
    first = studio.latents(record, scheduler=scheduler, negative=None)
    assert torch.isfinite(first).all()
    assert torch.equal(first, studio.latents(record, scheduler=scheduler, negative=None))
    with pytest.raises(BadInputError, match="not made for flow models"):
        studio.latents(record, scheduler="ddim")


def test_true_guidance_needs_a_negative_prompt(studio: Studio) -> None:
    record = studio.know("flux")
    with pytest.raises(BadInputError, match="Guidance needs a negative prompt"):
        studio.latents(record, cfg_scale=3.0, negative=None)
    assert not torch.equal(studio.latents(record, cfg_scale=3.0), studio.latents(record, negative=None))


def test_a_file_without_the_component_says_so(studio: Studio, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    from tests.engine.tiny_families import original_state

    path = tmp_path / "bare.safetensors"
    save_file(original_state(studio.folder("flux")), path)
    record = studio.know("flux", path)
    with pytest.raises(BadInputError, match="holds no text_encoder"):
        studio.encode(record, "a red cat")


def test_encoders_of_another_family_are_refused(studio: Studio) -> None:
    identifier: ModelIdentifier = studio.know("sd3").identifier()
    assert identifier.base == "sd-3"
    with pytest.raises(BadInputError, match="wide"):
        studio.latents(studio.know("flux"), positive=studio.encode(studio.know("sdxl"), "a"), negative=None)
