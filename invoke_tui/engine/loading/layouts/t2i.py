"""T2I-Adapters in single files: TencentARC's names, in which all blocks are in one row, and diffusers'."""

from __future__ import annotations

from typing import Final

from invoke_tui.engine.loading.layouts.layout import Config, Layout, Shapes
from invoke_tui.engine.loading.layouts.rules import Rule, numbered, rule

_LEVELS: Final = 4
_UNSHUFFLED: Final = {64: (1, 8), 192: (3, 8), 256: (1, 16), 768: (3, 16)}
"""Channels of the picture and pixels a side that were folded into them, by the channels of the first layer."""


def _ours(shapes: Shapes) -> Config:
    levels = numbered(shapes, "adapter.body.")
    widths = [shapes[f"adapter.body.{level}.resnets.0.block1.weight"][0] for level in range(levels)]
    return _config(shapes["adapter.conv_in.weight"], widths, numbered(shapes, "adapter.body.0.resnets."))


def _original(shapes: Shapes) -> Config:
    depth = numbered(shapes, "body.") // _LEVELS
    widths = [shapes[f"body.{level * depth}.block1.weight"][0] for level in range(_LEVELS)]
    return _config(shapes["conv_in.weight"], widths, depth)


def _config(first: tuple[int, ...], widths: list[int], depth: int) -> Config:
    colours, folded = _UNSHUFFLED[first[1]]
    return {
        "in_channels": colours,
        "channels": widths,
        "num_res_blocks": depth,
        "downscale_factor": folded,
        "adapter_type": "full_adapter" if folded == 8 else "full_adapter_xl",
    }


def _rules(config: Config) -> list[Rule]:
    depth = config["num_res_blocks"]
    rules = [rule("conv_in", "adapter.conv_in")]
    for level in range(_LEVELS):
        rules.append(rule(f"body.{level * depth}.in_conv", f"adapter.body.{level}.in_conv"))
        for block in range(depth):
            name, ours = f"body.{level * depth + block}", f"adapter.body.{level}"
            rules += [
                rule(f"{name}.block1", f"{ours}.resnets.{block}.block1"),
                rule(f"{name}.block2", f"{ours}.resnets.{block}.block2"),
            ]
    return rules


T2I_ADAPTER: Final = Layout(("",), "body.0.block1.weight", _original, _rules)
T2I_ADAPTER_OURS: Final = Layout(
    ("",), "adapter.body.0.resnets.0.block1.weight", _ours, lambda _: [rule("adapter", "adapter")]
)
