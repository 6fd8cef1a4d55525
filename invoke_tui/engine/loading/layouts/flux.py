"""FLUX.1's transformer as Black Forest Labs names it."""

from __future__ import annotations

from typing import Final

from invoke_tui.engine.loading.layouts.layout import Config, Layout, Shapes
from invoke_tui.engine.loading.layouts.rules import Rule, Turn, numbered, rule

_ENDS: Final = {
    "img_in": "x_embedder",
    "txt_in": "context_embedder",
    "time_in.in_layer": "time_text_embed.timestep_embedder.linear_1",
    "time_in.out_layer": "time_text_embed.timestep_embedder.linear_2",
    "vector_in.in_layer": "time_text_embed.text_embedder.linear_1",
    "vector_in.out_layer": "time_text_embed.text_embedder.linear_2",
    "guidance_in.in_layer": "time_text_embed.guidance_embedder.linear_1",
    "guidance_in.out_layer": "time_text_embed.guidance_embedder.linear_2",
    "final_layer.linear": "proj_out",
}
_DOUBLE: Final = {
    "img_mod.lin": "norm1.linear",
    "txt_mod.lin": "norm1_context.linear",
    "img_attn.norm.query_norm.scale": "attn.norm_q.weight",
    "img_attn.norm.key_norm.scale": "attn.norm_k.weight",
    "txt_attn.norm.query_norm.scale": "attn.norm_added_q.weight",
    "txt_attn.norm.key_norm.scale": "attn.norm_added_k.weight",
    "img_attn.proj": "attn.to_out.0",
    "txt_attn.proj": "attn.to_add_out",
    "img_mlp.0": "ff.net.0.proj",
    "img_mlp.2": "ff.net.2",
    "txt_mlp.0": "ff_context.net.0.proj",
    "txt_mlp.2": "ff_context.net.2",
}
_SINGLE: Final = {
    "modulation.lin": "norm.linear",
    "norm.query_norm.scale": "attn.norm_q.weight",
    "norm.key_norm.scale": "attn.norm_k.weight",
    "linear2": "proj_out",
}


def _config(shapes: Shapes) -> Config:
    hidden, channels = shapes["img_in.weight"]
    head = shapes["double_blocks.0.img_attn.norm.query_norm.scale"][0]
    return {
        "patch_size": 1,
        "in_channels": channels,
        "out_channels": shapes["final_layer.linear.weight"][0],
        "num_layers": numbered(shapes, "double_blocks."),
        "num_single_layers": numbered(shapes, "single_blocks."),
        "attention_head_dim": head,
        "num_attention_heads": hidden // head,
        "joint_attention_dim": shapes["txt_in.weight"][1],
        "pooled_projection_dim": shapes["vector_in.in_layer.weight"][1],
        "guidance_embeds": "guidance_in.in_layer.weight" in shapes,
        "axes_dims_rope": [head // 8, head * 7 // 16, head * 7 // 16],
    }


def _rules(config: Config) -> list[Rule]:
    rules = [rule(theirs, ours) for theirs, ours in _ENDS.items()]
    rules.append(rule("final_layer.adaLN_modulation.1", "norm_out.linear", turn=Turn.SWAP))
    for number in range(config["num_layers"]):
        theirs, ours = f"double_blocks.{number}", f"transformer_blocks.{number}"
        rules += [rule(f"{theirs}.{a}", f"{ours}.{b}") for a, b in _DOUBLE.items()]
        rules.append(rule(f"{theirs}.img_attn.qkv", *(f"{ours}.attn.to_{name}" for name in "qkv")))
        rules.append(rule(f"{theirs}.txt_attn.qkv", *(f"{ours}.attn.add_{name}_proj" for name in "qkv")))
    for number in range(config["num_single_layers"]):
        theirs, ours = f"single_blocks.{number}", f"single_transformer_blocks.{number}"
        rules += [rule(f"{theirs}.{a}", f"{ours}.{b}") for a, b in _SINGLE.items()]
        parts = [*(f"{ours}.attn.to_{name}" for name in "qkv"), f"{ours}.proj_mlp"]
        rules.append(rule(f"{theirs}.linear1", *parts, shares=(1, 1, 1, 4)))
    return rules


FLUX_TRANSFORMER: Final = Layout(
    ("model.diffusion_model.", "diffusion_model.", ""), "img_in.weight", _config, _rules
)
