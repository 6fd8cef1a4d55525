"""ControlNets as models of their own: a file in either naming and a folder are the same weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelType
from tests.engine.conftest import record_of
from tests.engine.test_families import Studio

pytestmark = pytest.mark.engine


def test_files_and_folders_hold_the_same_weights(studio: Studio, tmp_path: Path) -> None:
    from diffusers.models.controlnets.controlnet import ControlNetModel

    from invoke_tui.engine.loading.layouts.controlnet import CONTROLNET
    from invoke_tui.engine.loading.layouts.rules import to_original

    torch.manual_seed(9)
    made = ControlNetModel(
        block_out_channels=(32, 64),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        layers_per_block=1,
        cross_attention_dim=64,
        attention_head_dim=8,
    )
    made.save_pretrained(tmp_path / "folder")
    ours = load_file(tmp_path / "folder" / "diffusion_pytorch_model.safetensors")
    save_file(ours, tmp_path / "ours.safetensors")
    theirs = to_original(ours, CONTROLNET.rules(dict(made.config)))
    save_file(
        {f"control_model.{name}": value for name, value in theirs.items()}, tmp_path / "theirs.safetensors"
    )
    for name in ("folder", "ours.safetensors", "theirs.safetensors"):
        record = record_of(
            tmp_path / name,
            BaseModelType.SD1,
            key=name,
            type=ModelType.CONTROLNET,
            format=ModelFormat.DIFFUSERS if name == "folder" else ModelFormat.CHECKPOINT,
        )
        studio.engine.use_models({name: record})
        with studio.engine._store.use(record.identifier(), "controlnet") as loaded:
            state = loaded.state_dict()
            assert set(state) == set(ours), name
            assert all(torch.equal(state[key], ours[key]) for key in ours), name


def test_adapters_and_encoders_in_single_files(studio: Studio, tmp_path: Path) -> None:
    import diffusers

    from invoke_tui.engine.loading.layouts.rules import to_original
    from invoke_tui.engine.loading.layouts.t2i import T2I_ADAPTER
    from tests.engine import tiny_controls as tiny

    torch.manual_seed(10)
    made = diffusers.T2IAdapter(3, [32, 64, 64, 96], num_res_blocks=2, downscale_factor=8)
    state = dict(made.state_dict())
    save_file(state, tmp_path / "ours.safetensors")
    theirs = to_original(state, T2I_ADAPTER.rules(dict(made.config)))
    assert "body.2.in_conv.weight" in theirs
    save_file(theirs, tmp_path / "theirs.safetensors")
    encoder, _ = tiny.clip_vision(studio)
    seen = encoder.state_dict()
    save_file({name: value.clone() for name, value in seen.items()}, tmp_path / "vision.safetensors")
    kinds = {"ours": ModelType.T2I_ADAPTER, "theirs": ModelType.T2I_ADAPTER, "vision": ModelType.CLIP_VISION}
    for name, kind in kinds.items():
        record = tiny.know(studio, tmp_path / f"{name}.safetensors", BaseModelType.SD1, kind)
        with studio.engine._store.use(record.identifier(), kind.value) as loaded:
            expected = seen if name == "vision" else state
            found = loaded.state_dict()
            assert set(found) == set(expected), name
            assert all(torch.equal(found[key], expected[key]) for key in expected), name
            if name != "vision":
                assert loaded.config.channels == [32, 64, 64, 96]
            else:
                assert loaded.config.image_size == 30
