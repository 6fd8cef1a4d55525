"""IP-Adapters of FLUX.1 (XLabs): the places of the double blocks look at a picture, and what they see is added behind
the block."""

from __future__ import annotations

from typing import Any

import torch
from PIL import Image
from torch import Tensor

from invoke_tui.engine.adapters.ip_adapter import IPAdapter
from invoke_tui.engine.guides.references import Now, ReferencesGuide, Shown, clip_pixels, seen_of


class FluxReferencesGuide(ReferencesGuide):
    """All IP-Adapters of a run of FLUX.1."""

    def layers(self) -> dict[str, Any]:
        """The attention of the double blocks."""
        blocks: Any = self._tools.model.transformer_blocks
        return {f"transformer_blocks.{number}.attn": block.attn for number, block in enumerate(blocks)}

    def fits(self, adapter: IPAdapter, layers: dict[str, Any]) -> bool:
        """Whether it has a pair of layers as wide as the blocks for each of them."""
        return adapter.widths == [layer.inner_dim for layer in layers.values()]

    def processor(self, name: str, plain: Any, shown: list[Shown], now: Now) -> Any:
        """What looks at the prompt, and beside it at the pictures."""
        return FluxReferenceAttention(name, plain, shown, now)

    def unseen(self, encoder: Any, pictures: Tensor) -> Tensor:
        """A black picture: the negative prompt's, as XLabs trained it."""
        side = encoder.config.image_size
        black = clip_pixels(Image.new("RGB", (side, side)), side).to(pictures)
        seen: Tensor = encoder(black).image_embeds
        return seen.expand_as(pictures)


class FluxReferenceAttention:
    """Attention of a double block, with what its places see of the pictures as a third result."""

    def __init__(self, name: str, plain: Any, shown: list[Shown], now: Now) -> None:
        self._name, self._plain, self._shown, self._now = name, plain, shown, now

    def __call__(self, attn: Any, hidden_states: Tensor, *given: Any, **more: Any) -> Any:
        """As diffusers' processors are called; exactly ``plain`` where no picture counts.

        The places ask with what they ask words with, before it is turned by their position.
        """
        counting = [one for one in self._shown if one.weight]
        if not counting:
            return self._plain(attn, hidden_states, *given, **more)
        queries: list[Tensor] = []
        hook = attn.norm_q.register_forward_hook(lambda _module, _given, made: queries.append(made))
        try:
            places, words = self._plain(attn, hidden_states, *given, **more)
        finally:
            hook.remove()
        query = queries[0].transpose(1, 2)
        seen = [seen_of(one, self._name, query, self._now) for one in counting]
        return places, words, torch.stack(seen).sum(dim=0).transpose(1, 2).flatten(2).to(places.dtype)
