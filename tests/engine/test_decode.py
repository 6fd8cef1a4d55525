"""Latents to pixels: NaN, tiles, seams, and previews."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.graph.fields import VAEField
from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.domain.protocol import EngineSettings
from invoke_tui.domain.running.device import DeviceChoice
from invoke_tui.engine.preview import Previewer, own_factors
from invoke_tui.engine.seamless import seamless
from tests.engine.conftest import Bench, Recorder, fields_of, record_of

pytestmark = pytest.mark.engine


def decode(bench: Bench, latents: torch.Tensor, **options: Any) -> Any:
    vae = fields_of(bench.sd1)[2].model_copy(update={"seamless_axes": options.pop("axes", [])})
    settings: dict[str, Any] = {"fp32": True, "tiled": False, "tile_size": 0, "hooks": Recorder()} | options
    return bench.engine.decode(latents, vae, **settings)


@pytest.fixture
def half(bench: Bench) -> Any:
    """An engine in bfloat16 over the same models."""
    from invoke_tui.engine.engine import Engine

    log: list[tuple[str, str]] = []
    engine = Engine(EngineSettings(device="cpu", precision="bfloat16"), lambda *line: log.append(line))
    engine.use_models(bench.engine._store._records)
    return Bench(engine, log, bench.sd1, bench.sd2, bench.folder)


def test_size_and_mode(bench: Bench) -> None:
    hooks = Recorder()
    picture = decode(bench, torch.randn(1, 4, 8, 12), hooks=hooks)
    assert (picture.size, picture.mode) == ((96, 64), "RGB")
    assert hooks.steps == [(0, 1, "Decoding"), (1, 1, "Decoding")]


def test_latents_of_nan_are_an_error(bench: Bench) -> None:
    latents = torch.zeros(1, 4, 8, 8)
    latents[0, 0, 0, 0] = torch.nan
    with pytest.raises(StudioError, match="NaN") as caught:
        decode(bench, latents)
    assert caught.value.code == "not_a_number"
    assert "float32" in caught.value.hint


def test_nan_in_half_precision_is_decoded_again_in_float32(
    half: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    sound = decode(half, latents, fp32=True)
    original, dtypes = AutoencoderKL.decode, []

    def overflow(self: Any, z: torch.Tensor, **options: Any) -> Any:
        dtypes.append(z.dtype)
        (pixels,) = original(self, z, **options)
        return (pixels * torch.nan if z.dtype is torch.bfloat16 else pixels,)

    monkeypatch.setattr(AutoencoderKL, "decode", overflow)
    assert decode(half, latents, fp32=False).tobytes() == sound.tobytes()
    assert dtypes == [torch.bfloat16, torch.float32]
    assert ("warning", "The VAE made NaN in bfloat16. Decoding again in float32.") in half.log


def test_nan_in_float32_is_an_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    monkeypatch.setattr(
        AutoencoderKL, "decode", lambda self, z, **_: (torch.full((1, 3, 64, 64), torch.nan),)
    )
    with pytest.raises(StudioError, match="NaN in float32"):
        decode(bench, torch.zeros(1, 4, 8, 8))


def test_running_out_of_memory_decodes_in_tiles(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    original, tiled = AutoencoderKL.decode, []

    def full(self: Any, z: torch.Tensor, **options: Any) -> Any:
        tiled.append(z.shape[-1] == 8)
        if not tiled[-1]:
            raise torch.OutOfMemoryError("out of memory")
        return original(self, z, **options)

    monkeypatch.setattr(AutoencoderKL, "decode", full)
    hooks = Recorder()
    assert decode(bench, torch.zeros(1, 4, 16, 12), hooks=hooks).size == (96, 128)
    assert tiled == sorted(tiled), "once in tiles, always in tiles"
    assert tiled[-1]
    assert hooks.steps == [(0, 1, "Decoding"), *((done, 6, "Decoding") for done in range(1, 7))]
    assert any("Trying again: in tiles." in message for _, message in bench.log)


def test_the_same_latents_in_every_precision(half: Bench, bench: Bench) -> None:
    noise = [engine.noise(seed=3, width=64, height=64) for engine in (half.engine, bench.engine)]
    assert torch.equal(*noise)
    assert half.engine.choice.precision == "bfloat16"
    made = half.engine.denoise(half.job(scheduler="euler_a"), Recorder())
    single = bench.engine.denoise(bench.job(scheduler="euler_a"), Recorder())
    assert made.dtype is torch.float32
    assert torch.corrcoef(torch.stack([made.flatten(), single.flatten()]))[0, 1] > 0.98


def test_tiles(bench: Bench) -> None:
    latents = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(2))
    whole = np.asarray(decode(bench, latents), dtype=float)
    tiles = np.asarray(decode(bench, latents, tiled=True, tile_size=64), dtype=float)
    assert whole.shape == tiles.shape == (128, 128, 3)
    assert 0 < np.abs(whole - tiles).mean() < 25
    assert (np.asarray(decode(bench, latents), dtype=float) == whole).all()


def test_seamless_wraps_the_chosen_axis_and_is_undone(bench: Bench) -> None:
    conv = nn.Conv2d(1, 1, 3, padding=1)
    ramp = torch.arange(36.0).reshape(1, 1, 6, 6)
    plain = conv(ramp)
    wrapped_x = torch.nn.functional.pad(
        torch.nn.functional.pad(ramp, (1, 1, 0, 0), mode="circular"), (0, 0, 1, 1)
    )
    with seamless(["x"], conv):
        assert torch.allclose(conv(ramp), nn.functional.conv2d(wrapped_x, conv.weight, conv.bias), atol=1e-5)
    with seamless(["x", "y"], conv):
        rolled = conv(ramp.roll((2, 3), dims=(2, 3)))
        assert torch.allclose(rolled, conv(ramp).roll((2, 3), dims=(2, 3)), atol=1e-5)
    assert torch.equal(conv(ramp), plain)

    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(2))
    before = decode(bench, latents).tobytes()
    assert decode(bench, latents, axes=["x", "y"]).tobytes() != before
    assert decode(bench, latents).tobytes() == before


def test_a_vae_of_its_own(bench: Bench) -> None:
    record = record_of(bench.folder / "tiny-sd2" / "vae", BaseModelType.SD1, type=ModelType.VAE)
    bench.engine.use_models({record.key: record})
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(2))
    picture = bench.engine.decode(
        latents, VAEField(vae=record.identifier()), fp32=True, tiled=False, tile_size=0, hooks=Recorder()
    )
    assert picture.size == (64, 64)
    assert picture.tobytes() != decode(bench, latents).tobytes()


def test_previews_by_the_models_own_factors(tmp_path: Path) -> None:
    factors = {"factors": [[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [0, 0, 0]], "bias": [0, 0, 0]}
    (tmp_path / "latent_rgb_factors.json").write_text(json.dumps(factors))
    own = own_factors(tmp_path, 4)
    assert own is not None
    hooks = Recorder()
    previewer = Previewer(own, hooks, every=2, total=5)
    assert [step for step in range(1, 6) if previewer.due(step)] == [2, 4, 5]
    rare = Previewer(own, hooks, every=1, total=5, seconds=3600)
    assert rare.due(1)
    rare.show(torch.zeros(1, 4, 2, 2), 1)
    assert [step for step in range(2, 6) if rare.due(step)] == [5]
    hooks.previews.clear()
    latents = torch.zeros(1, 4, 2, 3)
    latents[0, 0], latents[0, 1], latents[0, 2, 0, 0] = 2.0, -2.0, torch.nan
    previewer.show(latents, 2)
    image, *rest = hooks.previews[0]
    assert rest == [2, 5, 24, 16]
    assert image.getpixel((0, 0)) == (255, 0, 128)
    assert own_factors(tmp_path, 16) is None
    (tmp_path / "latent_rgb_factors.json").write_text("{")
    assert own_factors(tmp_path, 4) is None


def test_the_choice_is_said_and_logged(bench: Bench) -> None:
    assert isinstance(bench.engine.choice, DeviceChoice)
    assert bench.engine.versions["torch"]
    assert [
        level for level, message in bench.log if message.startswith(("Device cpu", "Precision float32"))
    ] == ["info"] * 2
    assert bench.engine.memory().process_rss > 0
