"""Whose tensor it is: from a key in a LoRA file to component, layer and the part the tensor plays."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

DENOISER: Final = "denoiser"
"""The UNet or transformer; text encoders go by their submodel types."""

_ROLES: Final = {
    "lora_down.weight": "down",
    "lora_up.weight": "up",
    "lora_mid.weight": "mid",
    "lora_A": "down",
    "lora_A.weight": "down",
    "lora_A.default.weight": "down",
    "lora_B": "up",
    "lora_B.weight": "up",
    "lora_B.default.weight": "up",
    "lora_B.bias": "bias",
    "lora_B.default.bias": "bias",
    "lora.down.weight": "down",
    "lora.up.weight": "up",
    "lora_linear_layer.down.weight": "down",
    "lora_linear_layer.up.weight": "up",
    "alpha": "alpha",
    "dora_scale": "dora",
    "lora_magnitude_vector": "dora",
    "lora_magnitude_vector.weight": "dora",
    "lora_magnitude_vector.default.weight": "dora",
    "diff": "diff",
    "diff_b": "bias",
    "w_norm": "diff",
    "b_norm": "bias",
    "weight": "factor",
    "on_input": "on_input",
    **{f"hada_{name}": f"hada_{name}" for name in ("w1_a", "w1_b", "w2_a", "w2_b", "t1", "t2")},
    **{f"lokr_{name}": f"lokr_{name}" for name in ("w1", "w1_a", "w1_b", "w2", "w2_a", "w2_b", "t2")},
}
"""Endings of keys, behind a dot."""
_MOST_DOTS: Final = max(ending.count(".") for ending in _ROLES)
_OLD: Final = re.compile(r"^(?P<stem>.+?)(?:\.processor)?\.(?P<name>to_\w+)_lora\.(?P<role>down|up)\.weight$")
"""diffusers before 0.24: ``…attn1.processor.to_q_lora.down.weight``."""
_XLABS: Final = re.compile(
    r"^(?P<kind>double|single)_blocks\.(?P<block>\d+)\.processor\."
    r"(?P<name>qkv|proj)_lora(?P<side>[12]?)\.(?P<role>down|up)\.weight$"
)
_XLABS_SINGLE: Final = {"qkv": "attn.to_qkv", "proj": "proj_out"}
_OLD_TEXT: Final = {"to_q": "q_proj", "to_k": "k_proj", "to_v": "v_proj", "to_out": "out_proj"}
_COMPONENTS: Final = (
    ("lora_unet_", DENOISER),
    ("lora_transformer_", DENOISER),
    ("lora_te_", "text_encoder"),
    ("lora_te1_", "text_encoder"),
    ("lora_te2_", "text_encoder_2"),
    ("lora_te3_", "text_encoder_3"),
    ("text_encoders.clip_l.transformer.", "text_encoder"),
    ("text_encoders.clip_g.transformer.", "text_encoder_2"),
    ("text_encoder.", "text_encoder"),
    ("text_encoder_2.", "text_encoder_2"),
    ("text_encoder_3.", "text_encoder_3"),
    ("clip_l.", "text_encoder"),
    ("clip_g.", "text_encoder_2"),
    ("model.diffusion_model.", DENOISER),
    ("diffusion_model.", DENOISER),
    ("unet.", DENOISER),
    ("transformer.", DENOISER),
)
_WRAPPER: Final = "base_model.model."
"""PEFT's, around a component or around everything."""
_PLAIN_TEXT: Final = "text_model."


@dataclass(frozen=True)
class Layer:
    """A layer that a file changes: the component it belongs to, and its name there in the file's own dialect."""

    component: str
    name: str


def sort_keys(keys: Iterable[str]) -> tuple[dict[Layer, dict[str, str]], list[str]]:
    """The keys of each layer by the part they play, and those that play none."""
    layers: dict[Layer, dict[str, str]] = {}
    strange: list[str] = []
    for key in keys:
        found = _read(key)
        if found is None:
            strange.append(key)
        else:
            layers.setdefault(found[0], {})[found[1]] = key
    return layers, strange


def _read(key: str) -> tuple[Layer, str] | None:
    component, name = _component(key.removeprefix(_WRAPPER))
    name = name.removeprefix(_WRAPPER)
    if (found := _XLABS.match(name)) is not None:
        return Layer(component, _xlabs(found)), found["role"]
    if (found := _OLD.match(name)) is not None:
        part = found["name"]
        if component != DENOISER:
            part = _OLD_TEXT.get(part, part)
        return Layer(component, f"{found['stem']}.{part}"), found["role"]
    if name.endswith(".scale"):  # a norm that is replaced: the name is the tensor's own
        return Layer(component, name), "set"
    pieces = name.split(".")
    for count in range(min(_MOST_DOTS + 1, len(pieces) - 1), 0, -1):
        role = _ROLES.get(".".join(pieces[-count:]))
        if role is not None:
            return Layer(component, ".".join(pieces[:-count])), role
    return None


def _component(name: str) -> tuple[str, str]:
    for prefix, component in _COMPONENTS:
        if name.startswith(prefix):
            return component, name[len(prefix) :]
    return ("text_encoder" if name.startswith(_PLAIN_TEXT) else DENOISER), name


def _xlabs(found: re.Match[str]) -> str:
    block, name = found["block"], found["name"]
    if found["kind"] == "single":
        return f"single_transformer_blocks.{block}.{_XLABS_SINGLE[name]}"
    return f"double_blocks.{block}.{'txt' if found['side'] == '2' else 'img'}_attn.{name}"
