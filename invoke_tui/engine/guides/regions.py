"""Several prompts, each in its own part of the picture.

All are heard in one call, one behind the other. UNets: a place attends to the words that count there, as in InvokeAI.
FLUX.1: in every other block words and places of a region see only each other, in those between everything sees
everything, so that the parts become one picture (Chen et al., "Training-free Regional Prompting for Diffusion
Transformers", arXiv 2411.02395).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.guides.base import Guide, ModelCall, Run
from invoke_tui.engine.guides.tools import Tools
from invoke_tui.engine.jobs import Region

CLOSED: Final = -10000.0
"""Added to the scores of words that are not heard. Where none is, all count alike, and nothing becomes NaN."""


class RegionsGuide(Guide):
    """All prompts of a run that has more than one on a side."""

    def __init__(self, regions: tuple[Region, ...], tools: Tools) -> None:
        self._regions, self._tools = regions, tools
        self._sides: dict[bool, Side] = {}
        self._made: dict[tuple[Any, ...], Tensor] = {}

    def begin(self, run: Run) -> None:
        """Take the place of the attention that reads prompts."""
        self._run, model = run, self._tools.model
        height, width = run.start.shape[-2:]
        if hasattr(model, "single_transformer_blocks"):
            self._size = height // 2, width // 2
            for blocks in (model.transformer_blocks, model.single_transformer_blocks):
                for number, block in enumerate(blocks):  # type: ignore[arg-type]
                    self._replace(block.attn, self.blocks if number % 2 else self.restricted_blocks)
        elif hasattr(model, "down_blocks"):
            self._size = height, width
            for name, layer in model.named_modules():
                if name.endswith("attn2"):
                    self._replace(layer, self.words)
        else:
            raise BadInputError(
                "This kind of model reads one prompt for the whole picture.",
                hint="Leave the regions out, or choose a model of SD 1, SD 2, SDXL or FLUX.1.",
                code="no_regions",
            )

    def hears(self, prompt: Conditioning, *, negative: bool) -> Conditioning:
        """All prompts of one side, one behind the other."""
        mine = [region for region in self._regions if region.negative == negative]
        if not mine:
            self._sides[negative] = Side(self._run.start.device, self._size, [(prompt.embeds.shape[1], None)])
            return prompt
        embeds = [region.prompt.embeds.to(prompt.embeds) for region in mine]
        prompts = [
            (one.shape[1], None if region.mask is None else self._area(region.mask))
            for one, region in zip(embeds, mine, strict=True)
        ]
        self._sides[negative] = Side(self._run.start.device, self._size, prompts)
        return replace(prompt, embeds=torch.cat(embeds, dim=1))

    def ask(self, call: ModelCall, arguments: dict[str, Any]) -> None:
        """Which prompts the layers will be given."""
        self._call = call

    def words(self, positions: int) -> Tensor:
        """For a UNet's layer with so many places: what is added to its scores, (n, positions, tokens)."""

        def made(side: Side, tokens: int) -> Tensor:
            heard = side.heard(positions, tokens)
            return torch.zeros(heard.shape, dtype=self._run.dtype, device=heard.device).masked_fill_(
                ~heard, CLOSED
            )

        return self._rows(positions, made)

    def restricted_blocks(self, _positions: int) -> Tensor | None:
        """For FLUX's blocks in which regions keep to themselves: (n, 1, tokens and places, the same)."""
        if not any(self._sides[side].parted for side in self._asked()):
            return self.blocks(_positions)
        return self._rows("restricted", lambda side, tokens: side.restricted(tokens)[None])

    def blocks(self, _positions: int) -> Tensor | None:
        """For the blocks between: nothing is hidden but padding."""
        if len({self._sides[side].tokens for side in self._asked()}) == 1:
            return None
        return self._rows("all", lambda side, tokens: side.all(tokens)[None])

    def _rows(self, kind: Any, make: Callable[[Side, int], Tensor]) -> Tensor:
        """One for each prompt of the call; made once."""
        call = self._call
        tokens, count = call.conditioning.embeds.shape[1], len(call.latents)
        key = (kind, call.negatives, count)
        if key not in self._made:
            self._made[key] = torch.stack([make(self._sides[side], tokens) for side in self._asked()])
        return self._made[key]

    def _asked(self) -> list[bool]:
        """The side of each prompt of the call."""
        negatives, count = self._call.negatives, len(self._call.latents)
        return [True] * negatives + [False] * (count - negatives)

    def _replace(self, layer: Any, mask: Callable[[int], Tensor | None]) -> None:
        plain = layer.processor
        layer.set_processor(RegionalAttention(plain, mask))
        self._tools.stack.callback(layer.set_processor, plain)

    def _area(self, mask: Image.Image) -> Tensor:
        """Where a mask is white, (h, w), yes or no."""
        height, width = self._size
        small = mask.convert("L").resize((width, height), Image.Resampling.NEAREST)
        return torch.from_numpy(np.array(small) > 127).to(self._run.start.device)


class RegionalAttention:
    """An attention processor that gives ``plain`` the mask of its places instead of the one there was."""

    def __init__(self, plain: Any, mask: Callable[[int], Tensor | None]) -> None:
        self._plain, self._mask = plain, mask

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: Tensor | None = None,
        **more: Any,
    ) -> Any:
        """As diffusers' processors are called."""
        if image_rotary_emb is not None:
            more["image_rotary_emb"] = image_rotary_emb
        mask = self._mask(hidden_states.shape[1])
        return self._plain(attn, hidden_states, encoder_hidden_states, mask, **more)


@dataclass(frozen=True)
class Side:
    """The prompts of one side: how many tokens each has and where it counts, (h, w) of ``size``; None: everywhere."""

    device: torch.device
    size: tuple[int, int]
    prompts: list[tuple[int, Tensor | None]]

    @property
    def parted(self) -> bool:
        """Whether any of them has a part of its own."""
        return any(area is not None for _, area in self.prompts)

    @property
    def tokens(self) -> int:
        """Of all its prompts."""
        return sum(length for length, _ in self.prompts)

    def heard(self, positions: int, tokens: int) -> Tensor:
        """Which words each place of a UNet's layer hears: (positions, tokens); none behind the last prompt."""
        heard = torch.zeros(positions, tokens, dtype=torch.bool, device=self.device)
        end = 0
        for length, area in self.prompts:
            begin, end = end, end + length
            heard[:, begin:end] = True if area is None else _at(area, positions)
        return heard

    def all(self, tokens: int) -> Tensor:
        """What sees what in FLUX, words before places, where nothing is hidden but what is behind the last prompt."""
        every = tokens + self.size[0] * self.size[1]
        seen = torch.ones(every, every, dtype=torch.bool, device=self.device)
        seen[:, self.tokens : tokens] = False
        return seen

    def restricted(self, tokens: int) -> Tensor:
        """The same where regions keep to themselves. A prompt for everywhere is heard where no other is.

        Places in no region see all places and are seen by them, as in InvokeAI: the parts share what is around them.
        """
        areas = [area.flatten() for _, area in self.prompts if area is not None]
        if not areas:
            return self.all(tokens)
        rest = ~torch.stack(areas).any(dim=0)
        every = tokens + len(rest)
        order = torch.arange(every, device=self.device)
        seen = order[:, None] == order  # padding sees itself: not nothing
        seen[tokens:, tokens:] |= rest[:, None] | rest
        end = 0
        for length, area in self.prompts:
            begin, end = end, end + length
            where = rest if area is None else area.flatten()
            seen[begin:end, begin:end] = True
            seen[begin:end, tokens:] = where
            seen[tokens:, begin:end] = where[:, None]
            seen[tokens:, tokens:] |= where[:, None] & where
        return seen


def _at(area: Tensor, positions: int) -> Tensor:
    """An area as a column for a layer with so many places: halved as the UNet does it, small parts stay (InvokeAI)."""
    smaller = area[None, None].float()
    while smaller.numel() > positions and max(smaller.shape) > 1:
        smaller = functional.max_pool2d(smaller, 2, ceil_mode=True)
    return smaller.reshape(positions, 1) > 0
