"""What several patches make of one weight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.adapters.lora.names import Target
from invoke_tui.engine.adapters.lora.patches import LowRank, Patch
from invoke_tui.engine.loading.layouts.rules import Rule, Turn, to_original, to_ours

Read = Callable[[str], Tensor]
"""The weight of a layer by path as it is without patches, in plain numbers."""
_WHOLE = "weight"


@dataclass(frozen=True)
class Term:
    """One patch of one weight: the ``index``-th of the layers that ``target`` names; ``source`` is its LoRA."""

    patch: Patch
    target: Target
    index: int
    strength: float
    source: str

    @property
    def is_product(self) -> bool:
        """Whether the difference is a product of two thin matrices."""
        plain = isinstance(self.patch, LowRank) and self.patch.mid is None
        return plain and self.target.rule.turn is not Turn.TRANSPOSE

    def factors(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Of a product: (out, rank) with the strength in it, and (rank, rest)."""
        assert isinstance(self.patch, LowRank)
        up, down = self.patch.factors(device)
        return self._part(up) * self.strength, down

    def delta(self, device: torch.device, read: Read) -> Tensor:
        """The difference, float32, strength included."""
        weight = self._stacked(read, device) if self.patch.needs_weight else None
        return self._part(self.patch.delta(device, weight)) * self.strength

    def _part(self, whole: Tensor) -> Tensor:
        """This layer's share of what is stacked as the trainer had it."""
        if len(self.target.paths) == 1 and self.target.rule.turn is None:
            return whole
        rule = self._rule()
        return to_ours({_WHOLE: whole}, [rule])[rule.ours[self.index]]

    def _stacked(self, read: Read, device: torch.device) -> Tensor:
        rule = self._rule()
        parts = {
            name: read(path).to(device, torch.float32)
            for name, path in zip(rule.ours, self.target.paths, strict=True)
        }
        return to_original(parts, [rule])[_WHOLE]

    def _rule(self) -> Rule:
        rule = self.target.rule
        return Rule(_WHOLE, tuple(str(n) for n in range(len(rule.ours))), rule.shares, rule.turn)


@dataclass
class Sum:
    """All patches of one tensor, in an order that does not depend on how they were chosen."""

    path: str
    terms: list[Term] = field(default_factory=list)
    _factors: dict[torch.dtype, tuple[Tensor, Tensor] | None] = field(default_factory=dict)

    def ready(self) -> None:
        """Call once all terms are there."""
        self.terms.sort(key=lambda term: (term.source, term.index, term.strength))

    def over(self, weight: Tensor, read: Read, dtype: torch.dtype) -> Tensor:
        """``weight`` (plain numbers) with all patches, computed in ``dtype``; a new tensor."""
        base = weight.to(dtype)
        if (product := self._product(weight.device, dtype)) is not None:
            base = torch.addmm(base.reshape(base.shape[0], -1), *product).reshape(weight.shape)
        for term in self.terms:
            if not term.is_product:
                base = base + term.delta(weight.device, read).reshape(weight.shape).to(dtype)
        return base

    def check(self, elements: Sequence[int]) -> None:
        """Raise when a patch is for a weight of another size; ``elements`` are those of each term's layers."""
        for term, size in zip(self.terms, elements, strict=True):
            if term.patch.size not in (0, size):
                raise BadInputError(
                    f"{self.path} has {size} numbers, the LoRA {term.source} changes {term.patch.size}.",
                    hint="It was made for another model.",
                    code="wrong_model",
                )

    def forget(self) -> None:
        """Let go of what is kept on the device."""
        self._factors.clear()

    def _product(self, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor] | None:
        """All patches of low rank as one product."""
        if dtype not in self._factors:
            pairs = [term.factors(device) for term in self.terms if term.is_product]
            ups, downs = [up for up, _ in pairs], [down for _, down in pairs]
            self._factors[dtype] = (
                (torch.cat(ups, dim=1).to(dtype), torch.cat(downs).to(dtype)) if pairs else None
            )
        return self._factors[dtype]
