"""The UNet of Stable Diffusion 1, 2, XL and XL's refiner, as CompVis' and Stability's trainers name it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from invoke_tui.engine.loading.layouts.layout import Config, Layout, Shapes
from invoke_tui.engine.loading.layouts.rules import Rule, numbered, rule

HEAD_WIDTH: Final = 64
"""Channels of an attention head in SD 2 and XL."""
SD1_HEADS: Final = 8
TIME_IDS_WIDTH: Final = 256
_RESNET: Final = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}


def config_of(shapes: Shapes) -> Config:
    """The configuration of diffusers' ``UNet2DConditionModel``."""
    levels = list(levels_of(shapes))
    middle = numbered(shapes, "middle_block.1.transformer_blocks.")
    return describe(shapes, levels, middle=middle, sizes="label_emb.0.0.weight") | {
        "in_channels": shapes["input_blocks.0.0.weight"][1],
        "out_channels": shapes["out.2.weight"][0],
        "up_block_types": [
            "CrossAttnUpBlock2D" if level["depth"] else "UpBlock2D" for level in reversed(levels)
        ],
    }


def describe(shapes: Shapes, levels: list[dict[str, int]], *, middle: int, sizes: str) -> Config:
    """What UNets and their halves have in common. ``levels`` are the resolutions, ``middle`` is the depth between the
    ways down and up, ``sizes`` the tensor that SDXL's sizes and crops go through."""
    channels = [level["channels"] for level in levels]
    attended = next(name for name in shapes if name.endswith("attn2.to_k.weight"))
    linear = next(len(shape) == 2 for name, shape in shapes.items() if name.endswith("proj_in.weight"))
    config: Config = {
        "block_out_channels": channels,
        "layers_per_block": levels[0]["layers"],
        "down_block_types": ["CrossAttnDownBlock2D" if level["depth"] else "DownBlock2D" for level in levels],
        "cross_attention_dim": shapes[attended][1],
        "transformer_layers_per_block": [level["depth"] or middle for level in levels],
        "use_linear_projection": linear,
        "attention_head_dim": [count // HEAD_WIDTH for count in channels] if linear else SD1_HEADS,
    }
    if sizes in shapes:
        config |= {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": TIME_IDS_WIDTH,
            "projection_class_embeddings_input_dim": shapes[sizes][1],
        }
    elif linear:
        config["upcast_attention"] = True  # SD 2 makes NaN of half precision otherwise
    return config


def half_rules(config: Config) -> list[Rule]:
    """The names of the way in, down and through the middle."""
    rules = [
        rule("time_embed.0", "time_embedding.linear_1"),
        rule("time_embed.2", "time_embedding.linear_2"),
        rule("label_emb.0.0", "add_embedding.linear_1"),
        rule("label_emb.0.2", "add_embedding.linear_2"),
        rule("input_blocks.0.0", "conv_in"),
        *_resnet("middle_block.0", "mid_block.resnets.0"),
        rule("middle_block.1", "mid_block.attentions.0"),
        *_resnet("middle_block.2", "mid_block.resnets.1"),
    ]
    layers, levels = config["layers_per_block"], len(config["block_out_channels"])
    for level in range(levels):
        attends = "CrossAttn" in config["down_block_types"][level]
        first = 1 + level * (layers + 1)
        for layer in range(layers):
            rules += _resnet(f"input_blocks.{first + layer}.0", f"down_blocks.{level}.resnets.{layer}")
            if attends:
                rules.append(
                    rule(f"input_blocks.{first + layer}.1", f"down_blocks.{level}.attentions.{layer}")
                )
        if level < levels - 1:
            rules.append(
                rule(f"input_blocks.{first + layers}.0.op", f"down_blocks.{level}.downsamplers.0.conv")
            )
    return rules


def rules_of(config: Config) -> list[Rule]:
    """The names of the UNet that ``config`` describes."""
    rules = [*half_rules(config), rule("out.0", "conv_norm_out"), rule("out.2", "conv_out")]
    layers, levels = config["layers_per_block"], len(config["block_out_channels"])
    for level in range(levels):
        attends = "CrossAttn" in config["up_block_types"][level]
        for layer in range(layers + 1):
            number = level * (layers + 1) + layer
            rules += _resnet(f"output_blocks.{number}.0", f"up_blocks.{level}.resnets.{layer}")
            if attends:
                rules.append(rule(f"output_blocks.{number}.1", f"up_blocks.{level}.attentions.{layer}"))
        if level < levels - 1:
            last = level * (layers + 1) + layers
            place = 2 if attends else 1
            rules.append(rule(f"output_blocks.{last}.{place}.conv", f"up_blocks.{level}.upsamplers.0.conv"))
    return rules


UNET: Final = Layout(("model.diffusion_model.", ""), "input_blocks.0.0.weight", config_of, rules_of)


def levels_of(shapes: Shapes) -> Iterator[dict[str, int]]:
    """Resolution by resolution: its channels, resnets and the depth of its transformers."""
    level = {"channels": 0, "layers": 0, "depth": 0}
    for block in range(1, numbered(shapes, "input_blocks.")):
        if f"input_blocks.{block}.0.op.weight" in shapes:
            yield level
            level = {"channels": 0, "layers": 0, "depth": 0}
            continue
        level["channels"] = shapes[f"input_blocks.{block}.0.in_layers.2.weight"][0]
        level["layers"] += 1
        level["depth"] = numbered(shapes, f"input_blocks.{block}.1.transformer_blocks.")
    yield level


def _resnet(original: str, ours: str) -> list[Rule]:
    return [rule(f"{original}.{theirs}", f"{ours}.{name}") for theirs, name in _RESNET.items()]
