"""What is put together loads with diffusers, nothing missing and nothing left over."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoke_tui.starter.assemble import assemble

pytestmark = pytest.mark.engine


def test_the_controlnet_answers_edges_and_only_them(tmp_path: Path) -> None:
    torch, diffusers = pytest.importorskip("torch"), pytest.importorskip("diffusers")
    network, about = diffusers.ControlNetModel.from_pretrained(
        assemble("canny", tmp_path), output_loading_info=True
    )
    assert not any(about.values()), about
    torch.manual_seed(1)
    inputs = (torch.randn(1, 4, 16, 16), torch.tensor([900]), torch.randn(1, 77, 128))
    edges = torch.zeros(1, 3, 128, 128)
    with torch.inference_mode():
        blank = network(*inputs, edges, return_dict=False)
        edges[..., 40:42, 30:90] = 1
        lined = network(*inputs, edges, return_dict=False)
    sizes = [tuple(found.shape[1:]) for found in (*lined[0], lined[1])]
    assert sizes == [(64, 16, 16), (64, 16, 16), (64, 8, 8), (96, 8, 8), (96, 4, 4), (128, 4, 4), (128, 4, 4)]
    assert not torch.equal(blank[0][0], lined[0][0])


def test_the_inpainting_variant_takes_nine_channels(tmp_path: Path) -> None:
    torch, diffusers = pytest.importorskip("torch"), pytest.importorskip("diffusers")
    folder = assemble("inpaint", tmp_path)
    unet, about = diffusers.UNet2DConditionModel.from_pretrained(folder / "unet", output_loading_info=True)
    assert not any(about.values()), about
    assert unet.config.in_channels == 9
    torch.manual_seed(1)
    noisy, states, left = torch.randn(1, 4, 16, 16), torch.randn(1, 77, 128), torch.randn(1, 4, 16, 16)
    mask = torch.zeros(1, 1, 16, 16)
    with torch.inference_mode():
        kept, anew = (
            unet(torch.cat([noisy, m, left], dim=1), torch.tensor([900]), states).sample
            for m in (mask, mask + 1)
        )
    assert kept.shape == (1, 4, 16, 16)
    assert not torch.equal(kept, anew)
    assert (folder / "vae" / "diffusion_pytorch_model.safetensors").exists()
