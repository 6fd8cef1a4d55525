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


def _xlabs_config(shapes: Shapes) -> Config:
    return _config({**shapes, "final_layer.linear.weight": shapes["img_in.weight"]}) | {
        "patch_size": 2,
        "conditioning_embedding_channels": shapes[f"input_hint_block.{_LAST_HINT}.weight"][0],
    }


def _xlabs_rules(config: Config) -> list[Rule]:
    hint = "input_hint_block"
    return [
        *_rules(config),
        rule("controlnet_blocks", "controlnet_blocks"),
        rule("pos_embed_input", "controlnet_x_embedder"),
        rule(f"{hint}.0", f"{hint}.conv_in"),
        *(rule(f"{hint}.{number}", f"{hint}.blocks.{number // 2 - 1}") for number in range(2, _LAST_HINT, 2)),
        rule(f"{hint}.{_LAST_HINT}", f"{hint}.conv_out"),
    ]


def _ours_config(shapes: Shapes) -> Config:
    """Off a file with diffusers' names, as InstantX saves its ControlNets."""
    hidden, channels = shapes["x_embedder.weight"]
    head = shapes["transformer_blocks.0.attn.norm_q.weight"][0]
    return {
        "patch_size": 1,
        "in_channels": channels,
        "num_layers": numbered(shapes, "transformer_blocks."),
        "num_single_layers": numbered(shapes, "single_transformer_blocks."),
        "attention_head_dim": head,
        "num_attention_heads": hidden // head,
        "joint_attention_dim": shapes["context_embedder.weight"][1],
        "pooled_projection_dim": shapes["time_text_embed.text_embedder.linear_1.weight"][1],
        "guidance_embeds": "time_text_embed.guidance_embedder.linear_1.weight" in shapes,
        "axes_dims_rope": [head // 8, head * 7 // 16, head * 7 // 16],
        "num_mode": shapes["controlnet_mode_embedder.weight"][0]
        if "controlnet_mode_embedder.weight" in shapes
        else None,
    }


_LAST_HINT: Final = 14
"""The last of XLabs' convolutions on the control picture, which stand at even numbers."""
_OURS: Final = (
    "x_embedder", "context_embedder", "time_text_embed", "transformer_blocks", "single_transformer_blocks",
    "controlnet_blocks", "controlnet_single_blocks", "controlnet_mode_embedder", "controlnet_x_embedder",
)  # fmt: skip
FLUX_CONTROLNETS: Final = (
    Layout(("",), "input_hint_block.0.weight", _xlabs_config, _xlabs_rules),
    Layout(
        ("",), "controlnet_x_embedder.weight", _ours_config, lambda _: [rule(name, name) for name in _OURS]
    ),
)
