"""Pictures that say what things look like: IP-Adapters (Ye et al., arXiv 2308.06721), for UNets.

A picture does not change during a run, so adapter and image encoder work once, before it: what is left of them are keys
and values, a few tokens for each cross-attention.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.engine.adapters.ip_adapter import IPAdapter
from invoke_tui.engine.guides.base import Guide, ModelCall, Run
from invoke_tui.engine.guides.tools import Tools, weights_of
from invoke_tui.engine.jobs import Reference

MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
STD: Final = (0.26862954, 0.26130258, 0.27577711)
"""Of the pictures CLIP was trained with."""
_SD_COMPOSITION: Final = ("down_blocks.2", "mid_block")
_XL_COMPOSITION: Final = ("down_blocks.2.attentions.1",)
_XL_STYLE: Final = ("up_blocks.0.attentions.1",)
BLOCKS: Final[dict[BaseModelType, dict[str, tuple[str, ...]]]] = {
    BaseModelType.SD1: {
        "style": ("up_blocks.1",),
        "composition": _SD_COMPOSITION,
        "style_strong": ("up_blocks.0", "up_blocks.1", "up_blocks.2", "down_blocks.0", "down_blocks.1"),
        "style_precise": ("up_blocks.1", *_SD_COMPOSITION),
    },
    BaseModelType.SDXL: {
        "style": _XL_STYLE,
        "composition": _XL_COMPOSITION,
        "style_strong": (
            *(f"up_blocks.{block}.attentions.{number}" for block in range(3) for number in range(3)),
            *(f"down_blocks.{block}.attentions.0" for block in range(3)),
            *(f"down_blocks.{block}.attentions.1" for block in range(2)),
        ),
        "style_precise": (*_XL_STYLE, *_XL_COMPOSITION),
    },
}
"""Which blocks look at a picture, by method; all of them for ``full``. The table is InvokeAI's."""
COMPOSITION: Final = (*_SD_COMPOSITION, *_XL_COMPOSITION)
"""Blocks in which ``style_precise`` shows the picture to the negative prompt, so that its layout is avoided."""


@dataclass
class Shown:
    """A reference as the layers see it: ``keys`` and ``values`` (2, tokens, width) by layer, those beside the negative
    prompt first; ``masks`` (1, 1, positions, 1) by their number of positions."""

    weights: list[float]
    keys: dict[str, tuple[Tensor, Tensor]]
    masks: dict[int, Tensor] = field(default_factory=dict)
    weight: float = 0.0


class ReferencesGuide(Guide):
    """All IP-Adapters of a run of a UNet."""

    def __init__(self, references: tuple[Reference, ...], tools: Tools) -> None:
        self._references, self._tools = references, tools
        self._shown: list[Shown] = []
        self._now = Now()

    @torch.no_grad()
    def begin(self, run: Run) -> None:
        """Look at the pictures, and take the place of the attention of the layers that will."""
        layers = self.layers()
        for reference in self._references:
            self._tools.check_cancel()
            weights = weights_of(reference.weight, reference.begin, reference.end, run)
            if any(weights):
                self._shown.append(self._look(reference, weights, layers, run))
        for name, layer in layers.items():
            if shown := [one for one in self._shown if name in one.keys]:
                self._replace(name, layer, shown)

    def layers(self) -> dict[str, Any]:
        """The layers that can look at pictures, by name, in the order adapters count them."""
        return cross_attentions(self._tools.model)

    def fits(self, adapter: IPAdapter, layers: dict[str, Any]) -> bool:
        """Whether an adapter was made for layers like these."""
        wanted = [(layer.to_k.in_features, layer.to_k.out_features) for layer in layers.values()]
        return wanted == [(adapter.text_width, width) for width in adapter.widths]

    def processor(self, name: str, plain: Any, shown: list[Shown], now: Now) -> Any:
        """What takes the place of the processor of a layer."""
        return ReferenceAttention(name, plain, shown, now)

    def unseen(self, encoder: Any, pictures: Tensor) -> Tensor:
        """What stands beside the negative prompt where a plain adapter reads summaries (n, width)."""
        return torch.zeros_like(pictures)

    def ask(self, call: ModelCall, arguments: dict[str, Any]) -> None:
        """How strongly each picture counts in this call, and for which prompt."""
        self._now.negatives, self._now.count = call.negatives, len(call.latents)
        for shown in self._shown:
            shown.weight = shown.weights[call.call]

    def _replace(self, name: str, layer: Any, shown: list[Shown]) -> None:
        plain = layer.processor
        layer.set_processor(self.processor(name, plain, shown, self._now))
        self._tools.stack.callback(layer.set_processor, plain)

    def _look(self, reference: Reference, weights: list[float], layers: dict[str, Any], run: Run) -> Shown:
        """Keys and values of one reference."""
        store = self._tools.store
        record = store.record(reference.model)
        with store.use(reference.model, "ip_adapter") as adapter:
            if not self.fits(adapter, layers):
                raise BadInputError(
                    f"The IP-Adapter {record.name} was made for another model: their layers differ.",
                    hint="Choose an IP-Adapter for this kind of model.",
                    code="wrong_model",
                )
            encoded = self._encoded(reference, adapter, run)
            blank, tokens = (adapter.tokens(one).flatten(0, 1)[None] for one in encoded)
            wanted = BLOCKS.get(record.base, {}).get(reference.method)
            keys = {}
            for number, name in enumerate(layers):
                if wanted is not None and not any(block in name for block in wanted):
                    continue
                avoided = reference.method == "style_precise" and any(block in name for block in COMPOSITION)
                pair = (tokens, torch.zeros_like(tokens)) if avoided else (blank, tokens)
                key, value = adapter.attended(number, torch.cat(pair))
                keys[name] = key.to(run.dtype), value.to(run.dtype)
        masks = {} if reference.mask is None else _masks(reference.mask, run)
        return Shown(weights, keys, masks)

    def _encoded(self, reference: Reference, adapter: IPAdapter, run: Run) -> tuple[Tensor, Tensor]:
        """What the encoder makes of no picture, and of the pictures, as the adapter wants it."""
        store, device = self._tools.store, run.start.device
        dtype = store.precision(reference.encoder, "clip_vision")
        with store.use(reference.encoder, "clip_vision") as encoder:
            seen = torch.cat([clip_pixels(image, encoder.config.image_size) for image in reference.images])
            seen = seen.to(device, dtype)
            if adapter.kind == "plain":
                pictures: Tensor | None = getattr(encoder(seen), "image_embeds", None)
                blank = None if pictures is None else self.unseen(encoder, pictures)
            else:
                pictures, blank = (
                    encoder(pixels, output_hidden_states=True).hidden_states[-2]
                    for pixels in (seen, torch.zeros_like(seen))
                )
        if pictures is None or blank is None or pictures.shape[-1] != adapter.image_width:
            raise BadInputError(
                f"The image encoder {store.record(reference.encoder).name} is not the one that the IP-Adapter "
                f"{store.record(reference.model).name} was made with.",
                hint="Choose another: most are for ViT-H, some for SDXL for ViT-G, those for FLUX.1 for ViT-L.",
                code="wrong_model",
            )
        wanted = next(adapter.parameters()).dtype
        return blank.to(wanted), pictures.to(wanted)


@dataclass
class Now:
    """What every layer is to know of the call that runs."""

    negatives: int = 0
    count: int = 1

    def rows(self, pair: Tensor) -> Tensor:
        """Of a pair for both prompts (2, tokens, width), one for each prompt of the call."""
        negatives, positives = self.negatives, self.count - self.negatives
        return torch.cat([pair[:1].expand(negatives, -1, -1), pair[1:].expand(positives, -1, -1)])


class ReferenceAttention:
    """Attention to the prompt, and beside it to the pictures."""

    def __init__(self, name: str, plain: Any, shown: list[Shown], now: Now) -> None:
        self._name, self._plain, self._shown, self._now = name, plain, shown, now

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        **more: Any,
    ) -> Tensor:
        """As diffusers' ``AttnProcessor2_0`` for a UNet's cross-attention; exactly that where no picture counts."""
        counting = [one for one in self._shown if one.weight]
        if not counting or encoder_hidden_states is None:
            result: Tensor = self._plain(attn, hidden_states, encoder_hidden_states, attention_mask, **more)
            return result
        rows, words = encoder_hidden_states.shape[:2]
        if attention_mask is not None:
            mask = attn.prepare_attention_mask(attention_mask, words, rows)
            attention_mask = mask.view(rows, attn.heads, -1, mask.shape[-1])
        query = heads_of(attn.to_q(hidden_states), attn.heads)
        key, value = attn.to_k(encoder_hidden_states), attn.to_v(encoder_hidden_states)
        found = functional.scaled_dot_product_attention(
            query, heads_of(key, attn.heads), heads_of(value, attn.heads), attn_mask=attention_mask
        )
        for one in counting:
            found = found + seen_of(one, self._name, query, self._now)
        joined = found.transpose(1, 2).flatten(2).to(query.dtype)
        projected: Tensor = attn.to_out[1](attn.to_out[0](joined))
        return projected


def seen_of(shown: Shown, layer: str, query: Tensor, now: Now) -> Tensor:
    """What a layer adds for a reference: (n, heads, positions, width of a head), as its ``query``."""
    heads = query.shape[1]
    key, value = (heads_of(now.rows(tensor), heads) for tensor in shown.keys[layer])
    seen = functional.scaled_dot_product_attention(query, key, value) * shown.weight
    area = shown.masks.get(query.shape[2])
    return seen if area is None else seen * area


def cross_attentions(unet: Any) -> dict[str, nn.Module]:
    """The layers that read the prompt, by name, in the order adapters count them."""
    suffix = ".processor"
    return {
        name.removesuffix(suffix): unet.get_submodule(name.removesuffix(suffix))
        for name in unet.attn_processors
        if name.endswith(f"attn2{suffix}")
    }


def clip_pixels(image: Image.Image, side: int) -> Tensor:
    """A picture as CLIP takes it: its middle, (1, 3, side, side)."""
    picture = image.convert("RGB")
    scale = side / min(picture.size)
    size = tuple(max(side, round(length * scale)) for length in picture.size)
    if picture.size != size:
        picture = picture.resize((size[0], size[1]), Image.Resampling.BICUBIC)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    values = np.asarray(picture.crop((left, top, left + side, top + side)), dtype=np.float32) / 255
    return torch.from_numpy(((values - MEAN) / STD).astype(np.float32)).permute(2, 0, 1)[None]


def heads_of(tensor: Tensor, heads: int) -> Tensor:
    """(n, t, width) to (n, heads, t, width of a head)."""
    split: Tensor = tensor.unflatten(-1, (heads, -1))
    return split.transpose(1, 2)


def _masks(mask: Image.Image, run: Run) -> dict[int, Tensor]:
    """Where a picture counts, for every size the UNet works in: what is white in any part of a cell counts."""
    height, width = run.start.shape[-2:]
    small = mask.convert("L").resize((width, height), Image.Resampling.NEAREST)
    area = torch.from_numpy(np.array(small) > 127)[None, None].to(run.start.device, run.dtype)
    found = {}
    while True:
        found[area.shape[-2] * area.shape[-1]] = area.reshape(1, 1, -1, 1)
        if min(area.shape[-2:]) == 1:
            return found
        area = functional.max_pool2d(area, 2, ceil_mode=True)
