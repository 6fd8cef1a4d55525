"""The starter's reference adapter: an image encoder in CLIP's layout and an IP-Adapter in its authors', both tiny."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from PIL import Image
from torch import nn
from transformers import CLIPTextModel, CLIPVisionConfig, CLIPVisionModelWithProjection

from invoke_tui.starter.layout import TOKENS, UNET_CONFIG

TEXT_WIDTH: int = UNET_CONFIG["cross_attention_dim"]
SEEN = 64
"""Side of the pictures that the encoder sees, in pixels."""
SUMMARY = 128
"""Width of what the encoder makes of a picture."""
PICTURE_TOKENS = 4
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
"""Of the pictures CLIP was trained with: whoever loads an encoder in its layout scales colours with these."""


def build_encoder() -> CLIPVisionModelWithProjection:
    """An untrained image encoder: (n, 3, 64, 64) to summaries (n, 128)."""
    config = CLIPVisionConfig(
        hidden_size=128,
        intermediate_size=384,
        projection_dim=SUMMARY,
        num_hidden_layers=3,
        num_attention_heads=2,
        image_size=SEEN,
        patch_size=8,
        hidden_act="gelu",
        attn_implementation="eager",
    )
    return CLIPVisionModelWithProjection(config)


def as_seen(pictures: Sequence[Image.Image]) -> torch.Tensor:
    """Square pictures as the encoder takes them, (n, 3, 64, 64)."""
    small = [picture.resize((SEEN, SEEN), Image.Resampling.BICUBIC) for picture in pictures]
    values = np.stack([np.asarray(picture, np.float32) for picture in small]) / 255
    return torch.from_numpy(((values - MEAN) / STD).astype(np.float32)).permute(0, 3, 1, 2)


class Adapter(nn.Module):
    """Summaries to tokens, and keys and values of those for each cross-attention.

    It begins as one more reader of words: with the denoiser's own keys and values, and tokens on the words' scale.
    Its state is what the file holds: ``image_proj.…`` and ``ip_adapter.<1, 3, 5, …>.to_k_ip.…``.
    """

    def __init__(self, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
        super().__init__()
        self.image_proj = nn.ModuleDict(
            {"proj": nn.Linear(SUMMARY, PICTURE_TOKENS * TEXT_WIDTH), "norm": nn.LayerNorm(TEXT_WIDTH)}
        )
        self.image_proj["norm"].load_state_dict(text.final_layer_norm.state_dict())
        self.ip_adapter = nn.ModuleDict()
        for number, layer in enumerate(cross_attentions(unet).values()):
            pair = nn.ModuleDict({"to_k_ip": _like(layer.to_k), "to_v_ip": _like(layer.to_v)})
            self.ip_adapter[str(2 * number + 1)] = pair

    def tokens(self, summaries: torch.Tensor) -> torch.Tensor:
        """(n, 128) to (n, 4, 128)."""
        wide = self.image_proj["proj"](summaries).unflatten(-1, (PICTURE_TOKENS, TEXT_WIDTH))
        made: torch.Tensor = self.image_proj["norm"](wide)
        return made

    def attach(self, unet: UNet2DConditionModel) -> None:
        """Let the denoiser's cross-attentions look at the pictures, whose tokens follow the words'."""
        for layer, pair in zip(cross_attentions(unet).values(), self.ip_adapter.values(), strict=True):
            layer.set_processor(_Beside(pair))


def cross_attentions(unet: UNet2DConditionModel) -> dict[str, Any]:
    """The layers that read the words, in the order in which an adapter counts them."""
    ending = ".processor"
    names = [name.removesuffix(ending) for name in unet.attn_processors]
    return {name: unet.get_submodule(name) for name in names if name.endswith("attn2")}


def _like(layer: nn.Linear) -> nn.Linear:
    made = nn.Linear(layer.in_features, layer.out_features, bias=False)
    made.load_state_dict({"weight": layer.weight})
    return made


class _Beside:
    """Attention to the words, and the same queries' attention to a picture's tokens added to it."""

    def __init__(self, pair: Any) -> None:
        self._key, self._value = pair["to_k_ip"], pair["to_v_ip"]

    def __call__(
        self, attn: Any, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor, **_: Any
    ) -> torch.Tensor:
        words, picture = encoder_hidden_states.split((TOKENS, PICTURE_TOKENS), dim=1)
        query = attn.head_to_batch_dim(attn.to_q(hidden_states))
        told = _read(attn, query, attn.to_k(words), attn.to_v(words))
        shown = _read(attn, query, self._key(picture), self._value(picture))
        projected: torch.Tensor = attn.to_out[0](attn.batch_to_head_dim(told + shown))
        return projected


def _read(attn: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    shares = attn.get_attention_scores(query, attn.head_to_batch_dim(key))
    return torch.bmm(shares, attn.head_to_batch_dim(value))
