"""The transformer of Stable Diffusion 3 and 3.5 as Stability names it."""

from __future__ import annotations

from math import isqrt
from typing import Final

from invoke_tui.engine.loading.layouts.layout import Config, Layout, Shapes
from invoke_tui.engine.loading.layouts.rules import Rule, Turn, numbered, rule

HEAD_WIDTH: Final = 64
PATCH: Final = 2
_ENDS: Final = {
    "pos_embed": "pos_embed.pos_embed",
    "x_embedder.proj": "pos_embed.proj",
    "context_embedder": "context_embedder",
    "t_embedder.mlp.0": "time_text_embed.timestep_embedder.linear_1",
    "t_embedder.mlp.2": "time_text_embed.timestep_embedder.linear_2",
    "y_embedder.mlp.0": "time_text_embed.text_embedder.linear_1",
    "y_embedder.mlp.2": "time_text_embed.text_embedder.linear_2",
    "final_layer.linear": "proj_out",
}
_BLOCK: Final = {
    "x_block.attn.proj": "attn.to_out.0",
    "context_block.attn.proj": "attn.to_add_out",
    "x_block.attn.ln_q": "attn.norm_q",
    "x_block.attn.ln_k": "attn.norm_k",
    "context_block.attn.ln_q": "attn.norm_added_q",
    "context_block.attn.ln_k": "attn.norm_added_k",
    "x_block.attn2.proj": "attn2.to_out.0",
    "x_block.attn2.ln_q": "attn2.norm_q",
    "x_block.attn2.ln_k": "attn2.norm_k",
    "x_block.adaLN_modulation.1": "norm1.linear",
    "x_block.mlp.fc1": "ff.net.0.proj",
    "x_block.mlp.fc2": "ff.net.2",
    "context_block.mlp.fc1": "ff_context.net.0.proj",
    "context_block.mlp.fc2": "ff_context.net.2",
}


def _config(shapes: Shapes) -> Config:
    hidden, channels = shapes["x_embedder.proj.weight"][:2]
    blocks = numbered(shapes, "joint_blocks.")
    return {
        "sample_size": 128,
        "patch_size": PATCH,
        "in_channels": channels,
        "out_channels": shapes["final_layer.linear.weight"][0] // PATCH**2,
        "num_layers": blocks,
        "attention_head_dim": HEAD_WIDTH,
        "num_attention_heads": hidden // HEAD_WIDTH,
        "caption_projection_dim": hidden,
        "joint_attention_dim": shapes["context_embedder.weight"][1],
        "pooled_projection_dim": shapes["y_embedder.mlp.0.weight"][1],
        "pos_embed_max_size": isqrt(shapes["pos_embed"][1]),
        "qk_norm": "rms_norm" if "joint_blocks.0.x_block.attn.ln_q.weight" in shapes else None,
        "dual_attention_layers": [
            block for block in range(blocks) if f"joint_blocks.{block}.x_block.attn2.qkv.weight" in shapes
        ],
    }


def _rules(config: Config) -> list[Rule]:
    rules = [rule(theirs, ours) for theirs, ours in _ENDS.items()]
    rules.append(rule("final_layer.adaLN_modulation.1", "norm_out.linear", turn=Turn.SWAP))
    last = config["num_layers"] - 1
    for block in range(config["num_layers"]):
        theirs, ours = f"joint_blocks.{block}", f"transformer_blocks.{block}"
        rules += [rule(f"{theirs}.{a}", f"{ours}.{b}") for a, b in _BLOCK.items()]
        rules += [
            rule(f"{theirs}.x_block.attn.qkv", *(f"{ours}.attn.to_{name}" for name in "qkv")),
            rule(f"{theirs}.x_block.attn2.qkv", *(f"{ours}.attn2.to_{name}" for name in "qkv")),
            rule(f"{theirs}.context_block.attn.qkv", *(f"{ours}.attn.add_{name}_proj" for name in "qkv")),
            # the last block's context goes nowhere; it is only shifted and scaled, in the other order
            rule(
                f"{theirs}.context_block.adaLN_modulation.1",
                f"{ours}.norm1_context.linear",
                turn=Turn.SWAP if block == last else None,
            ),
        ]
    return rules


SD3_TRANSFORMER: Final = Layout(
    ("model.diffusion_model.", "diffusion_model.", ""), "joint_blocks.0.x_block.attn.qkv.weight",
    _config, _rules,
)  # fmt: skip
