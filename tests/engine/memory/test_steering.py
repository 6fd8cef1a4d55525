"""Control and reference pictures where models stream: the same latents, and nothing left on the device."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.engine.jobs import Control, Reference
from tests.engine import tiny_controls as tiny
from tests.engine.conftest import Bench, Recorder, record_of
from tests.engine.memory.conftest import MakeBench

GIB = 2**30
pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def steering(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[ModelRecord]:
    """A ControlNet, an IP-Adapter and its image encoder for the tiny model."""
    from diffusers.models.controlnets.controlnet import ControlNetModel
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    root = tmp_path_factory.mktemp("steering")
    unet = UNet2DConditionModel.from_pretrained(folder / "unet")
    torch.manual_seed(3)
    tiny.randomised(ControlNetModel.from_unet(unet)).save_pretrained(root / "canny")
    state = tiny.ip_state(unet, plus=False)
    flat = {f"{part}.{key}": value for part, values in state.items() for key, value in values.items()}
    save_file(flat, root / "ip.safetensors")
    sizes = {"hidden_size": 64, "intermediate_size": 96, "projection_dim": 24}
    more = {"num_hidden_layers": 2, "num_attention_heads": 1, "image_size": 30, "patch_size": 10}
    CLIPVisionModelWithProjection(CLIPVisionConfig(**sizes, **more)).save_pretrained(root / "vision")
    return [
        record_of(root / "canny", BaseModelType.SD1, type=ModelType.CONTROLNET),
        record_of(root / "ip.safetensors", BaseModelType.SD1, type=ModelType.IP_ADAPTER),
        record_of(root / "vision", BaseModelType.ANY, type=ModelType.CLIP_VISION),
    ]


def drawn(bench: Bench, steering: list[ModelRecord]) -> torch.Tensor:
    bench.engine.use_models({record.key: record for record in steering})
    canny, adapter, vision = (record.identifier() for record in steering)
    job = bench.job(
        controls=(Control(canny, tiny.drawing(), end=0.5),),
        references=(Reference(adapter, vision, (tiny.drawing(30),)),),
    )
    latents: torch.Tensor = bench.engine.denoise(job, Recorder())
    return latents.cpu()


def test_steered_where_models_stream(bench: MakeBench, steering: list[ModelRecord]) -> None:
    roomy = bench()
    steered = drawn(roomy, steering)
    assert not torch.equal(steered, roomy.engine.denoise(roomy.job(), Recorder()).cpu())
    largest = max(one.resident_bytes for one in roomy.engine.memory().components)
    tight = bench(max_cache_vram_gb=0.4 * largest / GIB)
    assert torch.allclose(drawn(tight, steering), steered, atol=1e-6)
    used = tight.engine.memory()
    assert used.streamed_bytes > 0
    assert {"unet", "controlnet", "ip_adapter", "clip_vision"} <= {one.part for one in used.components}
    assert not any(one.locked for one in used.components)
