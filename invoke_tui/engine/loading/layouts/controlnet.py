"""ControlNets of Stable Diffusion 1, 2 and XL: half a UNet, as lllyasviel's trainer names it or as diffusers does."""

from __future__ import annotations

from typing import Final

from invoke_tui.engine.loading.layouts.layout import Config, Layout, Shapes
from invoke_tui.engine.loading.layouts.rules import Rule, numbered, rule
from invoke_tui.engine.loading.layouts.unet import describe, half_rules, levels_of

_HINT_BLOCKS: Final = 6
"""Convolutions between the first and the last one that look at the control picture."""
_OURS: Final = (
    "conv_in", "time_embedding", "add_embedding", "down_blocks", "mid_block", "controlnet_cond_embedding",
    "controlnet_down_blocks", "controlnet_mid_block",
)  # fmt: skip


def _config(shapes: Shapes) -> Config:
    """The configuration of diffusers' ``ControlNetModel``."""
    ours = "controlnet_cond_embedding.conv_in.weight" in shapes
    if ours:
        first, middle = "conv_in.weight", "mid_block.attentions.0.transformer_blocks."
        sizes, levels = "add_embedding.linear_1.weight", _levels_of_ours(shapes)
        hint = ["conv_in", *(f"blocks.{number}" for number in (1, 3, 5))]
        hints = [shapes[f"controlnet_cond_embedding.{name}.weight"][0] for name in hint]
    else:
        first, middle = "input_blocks.0.0.weight", "middle_block.1.transformer_blocks."
        sizes, levels = "label_emb.0.0.weight", list(levels_of(shapes))
        hints = [shapes[f"input_hint_block.{number}.weight"][0] for number in (0, 4, 8, 12)]
    config = describe(shapes, levels, middle=numbered(shapes, middle), sizes=sizes)
    config.pop("upcast_attention", None)
    return config | {
        "in_channels": shapes[first][1],
        "conditioning_embedding_out_channels": hints,
    }


def _levels_of_ours(shapes: Shapes) -> list[dict[str, int]]:
    return [
        {
            "channels": shapes[f"down_blocks.{level}.resnets.0.conv1.weight"][0],
            "layers": numbered(shapes, f"down_blocks.{level}.resnets."),
            "depth": numbered(shapes, f"down_blocks.{level}.attentions.0.transformer_blocks."),
        }
        for level in range(numbered(shapes, "down_blocks."))
    ]


def _rules(config: Config) -> list[Rule]:
    hint, last = "input_hint_block", 2 * (_HINT_BLOCKS + 1)
    zeros = 1 + len(config["block_out_channels"]) * (config["layers_per_block"] + 1) - 1
    return [
        *(rule(name, name) for name in _OURS),
        *half_rules(config),
        rule(f"{hint}.0", "controlnet_cond_embedding.conv_in"),
        *(
            rule(f"{hint}.{2 * (number + 1)}", f"controlnet_cond_embedding.blocks.{number}")
            for number in range(_HINT_BLOCKS)
        ),
        rule(f"{hint}.{last}", "controlnet_cond_embedding.conv_out"),
        *(rule(f"zero_convs.{number}.0", f"controlnet_down_blocks.{number}") for number in range(zeros)),
        rule("middle_block_out.0", "controlnet_mid_block"),
    ]


CONTROLNET: Final = Layout(("control_model.", ""), "input_hint_block.0.weight", _config, _rules)
CONTROLNET_OURS: Final = Layout(("",), "controlnet_cond_embedding.conv_in.weight", _config, _rules)
"""Files with diffusers' own names."""
