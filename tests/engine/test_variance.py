"""Noise on prompts, and latents of another size."""

from __future__ import annotations

import pytest
import torch

from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.variance import resized, varied

pytestmark = pytest.mark.engine


def test_a_share_of_the_values_is_changed_as_strongly_as_asked() -> None:
    prompt = Conditioning(
        torch.randn(1, 77, 256, generator=torch.Generator().manual_seed(3)) * 5, torch.ones(1, 8)
    )
    made = varied(prompt, seed=1, strength=0.2, percent=30)
    apart = made.embeds - prompt.embeds
    assert float((apart != 0).float().mean()) == pytest.approx(0.3, abs=0.02)
    assert float(apart[apart != 0].std()) == pytest.approx(0.2 * 5, rel=0.05)
    assert torch.equal(made.embeds, varied(prompt, seed=1, strength=0.2, percent=30).embeds)
    assert not torch.equal(made.embeds, varied(prompt, seed=2, strength=0.2, percent=30).embeds)
    assert torch.equal(prompt.embeds, varied(prompt, seed=1, strength=0, percent=30).embeds)
    assert made.pooled is prompt.pooled


def test_half_precision_stays() -> None:
    made = varied(Conditioning(torch.randn(1, 4, 8).to(torch.bfloat16)), seed=1, strength=1, percent=100)
    assert made.embeds.dtype is torch.bfloat16


@pytest.mark.parametrize(
    "mode", ["nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact"]
)
@pytest.mark.parametrize("antialias", [True, False])
def test_latents_of_every_mode(mode: str, antialias: bool) -> None:
    latents = torch.full((1, 16, 8, 4), 2.0)
    made = resized(latents, 64, 96, mode, antialias=antialias)  # type: ignore[arg-type]
    assert made.shape == (1, 16, 12, 8)
    assert torch.allclose(made, torch.tensor(2.0))
