"""FLUX.1's ControlNets in the one loop: as diffusers runs them, several at once, from folders and single files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import VAEField
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.engine.jobs import Control
from tests.engine import tiny_controls as tiny
from tests.engine.conftest import Recorder
from tests.engine.test_controls import near
from tests.engine.test_families import SIZE, Studio

pytestmark = pytest.mark.engine
HINTED: dict[str, Any] = {"conditioning_embedding_channels": 16, "num_single_layers": 0, "patch_size": 2}


def made(studio: Studio, name: str, **config: Any) -> tuple[Any, ModelRecord]:
    from diffusers.models.controlnets.controlnet_flux import FluxControlNetModel

    torch.manual_seed(61)
    model = tiny.randomised(
        FluxControlNetModel(
            **{
                "num_layers": 1,
                "num_single_layers": 1,
                "attention_head_dim": 32,
                "num_attention_heads": 2,
                "joint_attention_dim": 256,
                "pooled_projection_dim": 64,
                "guidance_embeds": True,
                "axes_dims_rope": [4, 14, 14],
            }
            | config
        )
    ).eval()
    folder = studio.root / name
    model.save_pretrained(folder)
    return model, tiny.know(studio, folder, BaseModelType.FLUX, ModelType.CONTROLNET)


def latents_of(studio: Studio, record: ModelRecord) -> torch.Tensor:
    found: torch.Tensor = studio.engine.encode_image(
        tiny.drawing(),
        VAEField(vae=record.identifier("vae")),
        fp32=True,
        tiled=False,
        tile_size=0,
        hooks=Recorder(),
    )
    return found


def drawn(studio: Studio, record: ModelRecord, *controls: Control, **changes: Any) -> torch.Tensor:
    result: torch.Tensor = studio.latents(record, controls=controls, guidance=2.5, negative=None, **changes)
    return result


@pytest.mark.parametrize("kind", ["latents", "union", "pixels"])
def test_they_are_diffusers_pipeline(studio: Studio, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers import FluxControlNetPipeline

    from invoke_tui.engine.families.flux import pack, unpack

    record = studio.know("flux")
    configs: dict[str, Any] = {"latents": {}, "union": {"num_mode": 4}, "pixels": HINTED}
    config = configs[kind]
    model, known = made(studio, f"flux-{kind}", **config)
    pipeline = FluxControlNetPipeline.from_pretrained(record.path, controlnet=model)
    pipeline.set_progress_bar_config(disable=True)
    positive, seen = studio.encode(record, "a red cat"), latents_of(studio, record)
    monkeypatch.setattr(
        "diffusers.pipelines.flux.pipeline_flux_controlnet.retrieve_latents", lambda *_, **__: seen
    )
    shift, scale = pipeline.vae.config.shift_factor, pipeline.vae.config.scaling_factor
    seen = seen / scale + shift
    theirs = pipeline(
        prompt_embeds=positive.embeds,
        pooled_prompt_embeds=positive.pooled,
        control_image=tiny.drawing(),
        control_mode=2 if kind == "union" else None,
        controlnet_conditioning_scale=0.7,
        latents=pack(studio.engine.noise(seed=7, width=SIZE, height=SIZE, noise_type="FLUX")),
        height=SIZE,
        width=SIZE,
        num_inference_steps=3,
        guidance_scale=2.5,
        output_type="latent",
    ).images
    control = Control(
        known.identifier(), tiny.drawing(), weight=0.7, union=2, latents=latents_of(studio, record)
    )
    ours = drawn(studio, record, control)
    assert near(ours, unpack(theirs, SIZE // 8, SIZE // 8))
    plain = drawn(studio, record)
    assert not torch.allclose(ours, plain, atol=1e-3)
    assert torch.equal(drawn(studio, record, Control(known.identifier(), tiny.drawing(), weight=0.0)), plain)


def test_several_add_up_and_files_are_folders(studio: Studio, tmp_path: Path) -> None:
    from invoke_tui.engine.loading.layouts.flux import FLUX_CONTROLNETS
    from invoke_tui.engine.loading.layouts.rules import to_original

    record, seen = studio.know("flux"), None
    _, known = made(studio, "flux-more", num_layers=2)
    seen = latents_of(studio, record)
    half = Control(known.identifier(), tiny.drawing(), weight=0.4, latents=seen)
    whole = Control(known.identifier(), tiny.drawing(), weight=0.8, latents=seen)
    assert near(drawn(studio, record, half, half), drawn(studio, record, whole))
    with pytest.raises(BadInputError, match="latents of its picture"):
        drawn(studio, record, Control(known.identifier(), tiny.drawing()))
    model, hinted = made(studio, "flux-hint", **HINTED)
    for one, rules in ((known, None), (hinted, FLUX_CONTROLNETS[0].rules(dict(model.config)))):
        state = load_file(Path(one.path) / "diffusion_pytorch_model.safetensors")
        if rules is not None:
            state = {name: value.clone() for name, value in to_original(state, rules).items()}
        path = tmp_path / f"{Path(one.path).name}.safetensors"
        save_file(state, path)
        filed = tiny.know(studio, path, BaseModelType.FLUX, ModelType.CONTROLNET)
        same = [
            drawn(studio, record, Control(given.identifier(), tiny.drawing(), weight=0.8, latents=seen))
            for given in (one, filed)
        ]
        assert torch.equal(*same), path.name
