"""The autoencoder of every family here, as CompVis' and Black Forest Labs' trainers name it."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.engine.loading.layouts.layout import Config, Layout, Shapes
from invoke_tui.engine.loading.layouts.rules import Rule, Turn, numbered, rule

_SCALING: Final[dict[BaseModelType, Config]] = {
    BaseModelType.SD1: {"scaling_factor": 0.18215, "sample_size": 512},
    BaseModelType.SD2: {"scaling_factor": 0.18215, "sample_size": 768},
    BaseModelType.SDXL: {"scaling_factor": 0.13025, "sample_size": 1024, "force_upcast": True},
    BaseModelType.SDXL_REFINER: {"scaling_factor": 0.13025, "sample_size": 1024, "force_upcast": True},
    BaseModelType.FLUX: {"scaling_factor": 0.3611, "shift_factor": 0.1159, "sample_size": 1024},
    BaseModelType.SD3: {"scaling_factor": 1.5305, "shift_factor": 0.0609, "sample_size": 1024},
}
"""What the weights do not say: how each family scales and shifts its latents."""
_ENDS: Final = {"norm_out": "conv_norm_out", "conv_in": "conv_in", "conv_out": "conv_out"}
_ATTENTION: Final = {
    "norm": "group_norm", "q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0",
}  # fmt: skip
_OURS: Final = tuple(
    f"{side}.{name}"
    for side, blocks in (("encoder", "down_blocks"), ("decoder", "up_blocks"))
    for name in (blocks, "mid_block", "conv_norm_out")
)
_DOWN: Final = re.compile(r"^encoder\.down_blocks\.(\d+)\.resnets\.(\d+)")


def vae_layout(base: BaseModelType) -> Layout:
    """The layout of the autoencoder of a family."""
    return Layout(
        ("first_stage_model.", "vae.", ""), "decoder.conv_in.weight", partial(_config, base), _rules
    )


def _config(base: BaseModelType, shapes: Shapes) -> Config:
    shapes = {_DOWN.sub(r"encoder.down.\1.block.\2", name): shape for name, shape in shapes.items()}
    levels = numbered(shapes, "encoder.down.")
    channels = [shapes[f"encoder.down.{level}.block.0.conv1.weight"][0] for level in range(levels)]
    return {
        "block_out_channels": channels,
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "layers_per_block": numbered(shapes, "encoder.down.0.block."),
        "latent_channels": shapes["decoder.conv_in.weight"][1],
        "use_quant_conv": "quant_conv.weight" in shapes,
        "use_post_quant_conv": "post_quant_conv.weight" in shapes,
        "force_upcast": False,
        **_SCALING.get(base, {}),
    }


def _rules(config: Config) -> list[Rule]:
    levels, layers = len(config["block_out_channels"]), config["layers_per_block"]
    # diffusers' own files are sold as single ones, too: what is not renamed below has its name already
    rules = [rule(name, name) for name in ("quant_conv", "post_quant_conv", *_OURS)]
    for side in ("encoder", "decoder"):
        rules += [rule(f"{side}.{theirs}", f"{side}.{ours}") for theirs, ours in _ENDS.items()]
        for number in (1, 2):
            rules += _resnet(f"{side}.mid.block_{number}", f"{side}.mid_block.resnets.{number - 1}")
        rules += [
            rule(
                f"{side}.mid.attn_1.{theirs}",
                f"{side}.mid_block.attentions.0.{ours}",
                turn=None if theirs == "norm" else Turn.FLATTEN,
            )
            for theirs, ours in _ATTENTION.items()
        ]
    for level in range(levels):
        for layer in range(layers):
            rules += _resnet(
                f"encoder.down.{level}.block.{layer}", f"encoder.down_blocks.{level}.resnets.{layer}"
            )
        rules.append(
            rule(f"encoder.down.{level}.downsample.conv", f"encoder.down_blocks.{level}.downsamplers.0.conv")
        )
        mirrored = levels - 1 - level  # the decoder's file counts resolutions from the biggest
        for layer in range(layers + 1):
            rules += _resnet(
                f"decoder.up.{mirrored}.block.{layer}", f"decoder.up_blocks.{level}.resnets.{layer}"
            )
        rules.append(
            rule(f"decoder.up.{mirrored}.upsample.conv", f"decoder.up_blocks.{level}.upsamplers.0.conv")
        )
    return rules


def _resnet(original: str, ours: str) -> list[Rule]:
    same = [rule(f"{original}.{name}", f"{ours}.{name}") for name in ("norm1", "conv1", "norm2", "conv2")]
    return [*same, rule(f"{original}.nin_shortcut", f"{ours}.conv_shortcut")]
