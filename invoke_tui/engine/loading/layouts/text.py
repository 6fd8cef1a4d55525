"""Text encoders inside single files: CLIP as OpenAI and transformers name it, OpenCLIP, T5."""

from __future__ import annotations

from functools import partial
from typing import Final

from invoke_tui.engine.loading.layouts.layout import Config, Layout, Shapes
from invoke_tui.engine.loading.layouts.rules import Rule, Turn, numbered, rule

HEAD_WIDTH: Final = 64
END_OF_TEXT: Final = 49407
_CLIP_MARK: Final = "text_model.embeddings.token_embedding.weight"
_OPEN_CLIP_LAYER: Final = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}
_T5_GGUF_BLOCK: Final = {
    "attn_q": "0.SelfAttention.q",
    "attn_k": "0.SelfAttention.k",
    "attn_v": "0.SelfAttention.v",
    "attn_o": "0.SelfAttention.o",
    "attn_rel_b": "0.SelfAttention.relative_attention_bias",
    "attn_norm": "0.layer_norm",
    "ffn_gate": "1.DenseReluDense.wi_0",
    "ffn_up": "1.DenseReluDense.wi_1",
    "ffn_down": "1.DenseReluDense.wo",
    "ffn_norm": "1.layer_norm",
}


def _clip_config(act: str, shapes: Shapes) -> Config:
    """CLIP of transformers: its names are ours already."""
    width = shapes["text_model.final_layer_norm.weight"][0]
    projection = shapes.get("text_projection.weight", (width, width))
    return _config(
        vocabulary=shapes["text_model.embeddings.token_embedding.weight"][0],
        positions=shapes["text_model.embeddings.position_embedding.weight"][0],
        width=width,
        inner=shapes["text_model.encoder.layers.0.mlp.fc1.weight"][0],
        layers=numbered(shapes, "text_model.encoder.layers."),
        projection=projection[0],
        act=act,
    )


def _clip_rules(_config: Config) -> list[Rule]:
    return [rule("text_model", "text_model"), rule("text_projection", "text_projection")]


def _open_clip_config(shapes: Shapes, *, drop: int = 0) -> Config:
    width = shapes["ln_final.weight"][0]
    return _config(
        vocabulary=shapes["token_embedding.weight"][0],
        positions=shapes["positional_embedding"][0],
        width=width,
        inner=shapes["transformer.resblocks.0.mlp.c_fc.weight"][0],
        layers=numbered(shapes, "transformer.resblocks.") - drop,
        projection=shapes.get("text_projection", (width, width))[1],
        act="gelu",
    )


def _without_last(shapes: Shapes) -> Config:
    """SD 2 takes the states before the last layer, so that layer is left out."""
    return _open_clip_config(shapes, drop=1)


def _open_clip_rules(config: Config) -> list[Rule]:
    rules = [
        rule("positional_embedding", "text_model.embeddings.position_embedding.weight"),
        rule("token_embedding", "text_model.embeddings.token_embedding"),
        rule("ln_final", "text_model.final_layer_norm"),
        rule("text_projection", "text_projection.weight", turn=Turn.TRANSPOSE),
    ]
    for layer in range(config["num_hidden_layers"]):
        theirs, ours = f"transformer.resblocks.{layer}", f"text_model.encoder.layers.{layer}"
        rules += [rule(f"{theirs}.{a}", f"{ours}.{b}") for a, b in _OPEN_CLIP_LAYER.items()]
        for kind in ("weight", "bias"):
            stacked = [f"{ours}.self_attn.{name}_proj.{kind}" for name in "qkv"]
            rules.append(rule(f"{theirs}.attn.in_proj_{kind}", *stacked))
    return rules


def _config(
    *, vocabulary: int, positions: int, width: int, inner: int, layers: int, projection: int, act: str
) -> Config:
    return {
        "vocab_size": vocabulary,
        "max_position_embeddings": positions,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": max(1, width // HEAD_WIDTH),
        "projection_dim": projection,
        "hidden_act": act,
        "bos_token_id": END_OF_TEXT - 1,
        "eos_token_id": END_OF_TEXT,
    }


def _t5_config(shapes: Shapes) -> Config:
    inner, heads = (
        shapes["encoder.block.0.layer.0.SelfAttention.q.weight"][0],
        shapes["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"][1],
    )
    gated = "encoder.block.0.layer.1.DenseReluDense.wi_0.weight" in shapes
    first = "wi_0" if gated else "wi"
    return {
        "vocab_size": shapes["shared.weight"][0],
        "d_model": shapes["shared.weight"][1],
        "d_ff": shapes[f"encoder.block.0.layer.1.DenseReluDense.{first}.weight"][0],
        "d_kv": inner // heads,
        "num_heads": heads,
        "num_layers": numbered(shapes, "encoder.block."),
        "feed_forward_proj": "gated-gelu" if gated else "relu",
    }


def _t5_rules(_config: Config) -> list[Rule]:
    return [rule("shared", "shared"), rule("encoder", "encoder")]


def _t5_gguf_config(shapes: Shapes) -> Config:
    named = {
        new: shapes[old]
        for old, new in {
            "token_embd.weight": "shared.weight",
            "enc.blk.0.attn_q.weight": "encoder.block.0.layer.0.SelfAttention.q.weight",
            "enc.blk.0.attn_rel_b.weight": "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
            "enc.blk.0.ffn_gate.weight": "encoder.block.0.layer.1.DenseReluDense.wi_0.weight",
        }.items()
    }
    return _t5_config(named) | {"num_layers": numbered(shapes, "enc.blk.")}


def _t5_gguf_rules(config: Config) -> list[Rule]:
    rules = [rule("token_embd", "shared"), rule("enc.output_norm", "encoder.final_layer_norm")]
    for block in range(config["num_layers"]):
        theirs, ours = f"enc.blk.{block}", f"encoder.block.{block}.layer"
        rules += [rule(f"{theirs}.{a}", f"{ours}.{b}") for a, b in _T5_GGUF_BLOCK.items()]
    return rules


_OPENAI: Final = partial(_clip_config, "quick_gelu")
"""OpenAI's own models have the fast approximation, OpenCLIP's the exact function."""

SD1_TEXT: Final = Layout(("cond_stage_model.transformer.",), _CLIP_MARK, _OPENAI, _clip_rules)
SD2_TEXT: Final = Layout(
    ("cond_stage_model.model.",), "positional_embedding", _without_last, _open_clip_rules
)
SDXL_TEXT: Final = Layout(("conditioner.embedders.0.transformer.",), _CLIP_MARK, _OPENAI, _clip_rules)
SDXL_TEXT_2: Final = Layout(
    ("conditioner.embedders.1.model.", "conditioner.embedders.0.model."),
    "positional_embedding",
    _open_clip_config,
    _open_clip_rules,
)
CLIP_L: Final = Layout(("text_encoders.clip_l.transformer.", ""), _CLIP_MARK, _OPENAI, _clip_rules)
CLIP_G: Final = Layout(
    ("text_encoders.clip_g.transformer.", ""), _CLIP_MARK, partial(_clip_config, "gelu"), _clip_rules
)
T5: Final = Layout(("text_encoders.t5xxl.transformer.", ""), "shared.weight", _t5_config, _t5_rules)
T5_GGUF: Final = Layout(("",), "token_embd.weight", _t5_gguf_config, _t5_gguf_rules)
"""T5's encoder as llama.cpp names it."""
