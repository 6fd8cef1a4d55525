"""Compressed weights as plain numbers: scaled fp8, and bitsandbytes' int8 and 4-bit floats.

They are unpacked with torch alone, so that such files can be used on any device. What each key means is bitsandbytes'
own way of saving (its ``QuantState.as_dict``) and, for fp8, ComfyUI's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor

STATE: Final = ".quant_state.bitsandbytes__"
_FP8_SCALES: Final = (".scale_weight", ".weight_scale")
_FP8_EXTRAS: Final = (".scale_input", ".input_scale", "scaled_fp8", ".comfy_quant")
FP8: Final = torch.float8_e4m3fn
_FP8: Final = (FP8, torch.float8_e5m2)
_BNB_PARTS: Final = (".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map")


def shapes_of(
    shapes: Mapping[str, tuple[int, ...]], states: Mapping[str, Tensor]
) -> dict[str, tuple[int, ...]]:
    """The shapes weights have once unpacked; ``states`` holds the small tensors that describe 4-bit ones."""
    plain = {name: shape for name, shape in shapes.items() if not is_extra(name)}
    for name, state in states.items():
        if STATE in name:
            plain[name.partition(STATE)[0]] = tuple(_state(state)["shape"])
    return plain


def is_extra(name: str) -> bool:
    """Whether a tensor only describes how another one is packed."""
    return STATE in name or name.endswith((*_BNB_PARTS, *_FP8_SCALES, *_FP8_EXTRAS, ".SCB", ".weight_format"))


def unpack(state: Mapping[str, Tensor], dtype: torch.dtype, *, keep_fp8: bool = False) -> dict[str, Tensor]:
    """Every weight in ``dtype`` (whole numbers stay), what is packed unpacked.

    ``keep_fp8`` leaves matrices in 8 bits that have no scales.
    """
    by_weight = {name.partition(STATE)[0]: name for name in state if STATE in name}
    plain: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if is_extra(name):
            continue
        if name in by_weight:
            plain[name] = _four_bits(name, state, by_weight[name]).to(dtype)
        elif (
            rows := state.get(f"{name.removesuffix('.weight')}.SCB")
        ) is not None and tensor.dtype is torch.int8:
            plain[name] = (tensor.float() * (rows.float()[:, None] / 127)).to(dtype)
        elif tensor.dtype in _FP8:
            scale = _scale_of(name, state)
            kept = keep_fp8 and scale is None and tensor.dtype is FP8 and tensor.ndim > 1
            plain[name] = tensor if kept else _scaled(tensor, scale, dtype)
        else:
            plain[name] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    return plain


def _scale_of(name: str, state: Mapping[str, Tensor]) -> Tensor | None:
    stem = name.removesuffix(".weight")
    return next((state[stem + end] for end in _FP8_SCALES if stem + end in state), None)


def _scaled(tensor: Tensor, scale: Tensor | None, dtype: torch.dtype) -> Tensor:
    if scale is None:
        return tensor.to(dtype)
    factor = scale.float()
    if factor.ndim == 1 and factor.numel() > 1:  # one for each row
        factor = factor.reshape(-1, *[1] * (tensor.ndim - 1))
    return (tensor.float() * factor).to(dtype)


def _four_bits(name: str, state: Mapping[str, Tensor], state_key: str) -> Tensor:
    """NF4 and FP4: two table indices a byte, high half first, scaled in blocks (Dettmers et al., arXiv 2305.14314)."""
    about = _state(state[state_key])
    packed = state[name].flatten()
    indices = torch.stack((packed >> 4, packed & 15), dim=1).flatten().long()
    values = state[f"{name}.quant_map"].float()[indices]
    absmax = state[f"{name}.absmax"]
    if f"{name}.nested_absmax" in state:
        nested = state[f"{name}.nested_quant_map"].float()[absmax.long()]
        outer = state[f"{name}.nested_absmax"].float().repeat_interleave(about["nested_blocksize"])
        absmax = nested * outer[: len(nested)] + about.get("nested_offset", 0.0)
    scales = absmax.float().repeat_interleave(about["blocksize"])[: len(values)]
    shape = about["shape"]
    count = int(torch.tensor(shape).prod())
    return (values * scales)[:count].reshape(shape)


def _state(packed: Tensor) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(bytes(packed.tolist()))
    return about
