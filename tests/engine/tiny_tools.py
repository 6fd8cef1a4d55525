"""Picture tools with random weights, in the layouts that real ones come in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn

from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord, ModelType
from invoke_tui.studio.models.scan import examine


def transformer(kind: str) -> Any:
    """A network of transformers' whose numbers differ from place to place."""
    torch.manual_seed(3)
    made = _KINDS[kind]()
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.3)
            elif kind == "depth":
                parameter.fill_(0.1)
    return made.eval()


def folder(kind: str, at: Path) -> Path:
    """The folder of a tool, with how it wants its pictures."""
    transformer(kind).save_pretrained(at)
    says = {
        "depth": {"size": {"height": 56, "width": 56}, "keep_aspect_ratio": True, "ensure_multiple_of": 14},
        "people": {"size": {"height": 64, "width": 64}, "do_normalize": False},
        "pose": {"size": {"height": 64, "width": 48}},
    }.get(kind, {"size": 64})
    (at / "preprocessor_config.json").write_text(json.dumps(says))
    return at


def record(path: Path) -> ModelRecord:
    """The record of a tool, as a scan finds it."""
    entry = examine(path)
    assert entry.type is ModelType.PICTURE_TOOL, entry.reason
    return ModelRecord(
        key=path.name,
        hash="",
        name=path.name,
        base=BaseModelType.ANY,
        type=entry.type,
        format=ModelFormat.DIFFUSERS,
        variant=entry.variant,
        path=str(path),
        file_size=1,
    )


def _depth() -> Any:
    backbone = transformers.Dinov2Config(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
        out_indices=[1, 2, 3, 4],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    return transformers.DepthAnythingForDepthEstimation(
        transformers.DepthAnythingConfig(
            backbone_config=backbone,
            reassemble_hidden_size=16,
            patch_size=14,
            neck_hidden_sizes=[4, 4, 8, 8],
            fusion_hidden_size=4,
            head_hidden_size=4,
        )
    )


def _segments() -> Any:
    return transformers.SegformerForSemanticSegmentation(
        transformers.SegformerConfig(
            num_labels=150,
            hidden_sizes=[4, 4, 8, 8],
            depths=[1] * 4,
            num_attention_heads=[1] * 4,
            decoder_hidden_size=8,
        )
    )


def _upernet() -> Any:
    backbone = transformers.ConvNextConfig(
        hidden_sizes=[4, 4, 8, 8], depths=[1] * 4, out_features=["stage1", "stage2", "stage3", "stage4"]
    )
    return transformers.UperNetForSemanticSegmentation(
        transformers.UperNetConfig(
            backbone_config=backbone,
            hidden_size=8,
            auxiliary_in_channels=8,
            auxiliary_channels=8,
            num_labels=150,
        )
    )


def _pose() -> Any:
    backbone = transformers.VitPoseBackboneConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=[64, 48],
        patch_size=[16, 16],
        out_indices=[1],
    )
    return transformers.VitPoseForPoseEstimation(
        transformers.VitPoseConfig(backbone_config=backbone, num_labels=17, use_simple_decoder=True)
    )


def _people() -> Any:
    backbone = transformers.RTDetrResNetConfig(
        embedding_size=4,
        hidden_sizes=[4, 4, 8, 8],
        depths=[1] * 4,
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    return transformers.RTDetrForObjectDetection(
        transformers.RTDetrConfig(
            backbone_config=backbone,
            encoder_in_channels=[4, 8, 8],
            encoder_hidden_dim=16,
            encoder_ffn_dim=16,
            decoder_ffn_dim=16,
            d_model=16,
            num_queries=6,
            decoder_in_channels=[16, 16, 16],
            decoder_attention_heads=2,
            encoder_attention_heads=2,
            decoder_layers=1,
            num_denoising=0,
            id2label={0: "car", 1: "Person"},
        )
    )


_KINDS = {"depth": _depth, "segments": _segments, "upernet": _upernet, "pose": _pose, "people": _people}
