"""What a layer's tensors do to its weight, algorithm by algorithm.

Every patch gives the full difference it makes at strength 1, in float32, in the shape the trainer's model had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Protocol

import torch
from torch import Tensor

EPSILON = 1e-12


class Patch(Protocol):
    """A change of one weight."""

    needs_weight: bool
    """Whether the difference depends on the weight it is made to."""

    @property
    def size(self) -> int:
        """Elements of the weight it is for; 0 where any fits."""

    def delta(self, device: torch.device, weight: Tensor | None = None) -> Tensor:
        """The difference it makes."""


@dataclass(frozen=True)
class LowRank:
    """LoRA and LoCon: ``up`` (out, rank, …) times ``down`` (rank, in, …), with a Tucker core ``mid`` in between."""

    up: Tensor
    down: Tensor
    scale: float
    mid: Tensor | None = None
    needs_weight = False

    @property
    def size(self) -> int:
        """See ``Patch``."""
        core = prod(self.mid.shape[2:]) if self.mid is not None else 1
        return self.up.shape[0] * core * prod(self.down.shape[1:])

    def factors(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """(out, rank) with the scale in it, and (rank, rest)."""
        up, down = _wide(self.up, device).flatten(1), _wide(self.down, device).flatten(1)
        return up * self.scale, down

    def delta(self, device: torch.device, weight: Tensor | None = None) -> Tensor:
        """See ``Patch``."""
        up, down = self.factors(device)
        if self.mid is not None:
            return torch.einsum("mnwh,im,nj->ijwh", _wide(self.mid, device), up, down)
        return (up @ down).reshape(self.up.shape[0], *self.down.shape[1:])


@dataclass(frozen=True)
class Hadamard:
    """LoHa: the product, element by element, of two products of low rank."""

    w1_a: Tensor
    w1_b: Tensor
    w2_a: Tensor
    w2_b: Tensor
    scale: float
    t1: Tensor | None = None
    t2: Tensor | None = None
    needs_weight = False

    @property
    def size(self) -> int:
        """See ``Patch``."""
        if self.t1 is not None:
            return self.w1_a.shape[1] * self.w1_b.shape[1] * prod(self.t1.shape[2:])
        return self.w1_a.shape[0] * self.w1_b.shape[1]

    def delta(self, device: torch.device, weight: Tensor | None = None) -> Tensor:
        """See ``Patch``."""
        one = _pair(self.t1, self.w1_a, self.w1_b, device)
        return one * _pair(self.t2, self.w2_a, self.w2_b, device) * self.scale


@dataclass(frozen=True)
class Kronecker:
    """LoKr: the Kronecker product of two factors, each of which may be a product of low rank itself."""

    parts: Mapping[str, Tensor]
    scale: float
    needs_weight = False

    @property
    def size(self) -> int:
        """See ``Patch``."""
        return prod(self._shape("w1")) * prod(self._shape("w2"))

    def delta(self, device: torch.device, weight: Tensor | None = None) -> Tensor:
        """See ``Patch``."""
        small, large = self._factor("w1", device), self._factor("w2", device)
        if large.ndim > small.ndim:
            small = small.reshape(*small.shape, *(1,) * (large.ndim - small.ndim))
        return torch.kron(small, large.contiguous()) * self.scale

    def _shape(self, name: str) -> tuple[int, ...]:
        if name in self.parts:
            return tuple(self.parts[name].shape)
        core = self.parts.get("t2") if name == "w2" else None
        a, b = self.parts[f"{name}_a"], self.parts[f"{name}_b"]
        if core is not None:
            return (a.shape[1], b.shape[1], *core.shape[2:])
        return (a.shape[0], *b.shape[1:])

    def _factor(self, name: str, device: torch.device) -> Tensor:
        if name in self.parts:
            return _wide(self.parts[name], device)
        core = self.parts.get("t2") if name == "w2" else None
        return _pair(core, self.parts[f"{name}_a"], self.parts[f"{name}_b"], device)


@dataclass(frozen=True)
class Full:
    """The difference itself: full fine-tunes, and norms."""

    diff: Tensor
    needs_weight = False

    @property
    def size(self) -> int:
        """See ``Patch``."""
        return self.diff.numel()

    def delta(self, device: torch.device, weight: Tensor | None = None) -> Tensor:
        """See ``Patch``."""
        return _wide(self.diff, device)


@dataclass(frozen=True)
class Exact:
    """Another value in the weight's place."""

    value: Tensor
    needs_weight = True

    @property
    def size(self) -> int:
        """See ``Patch``."""
        return self.value.numel()

    def delta(self, device: torch.device, weight: Tensor | None = None) -> Tensor:
        """See ``Patch``."""
        assert weight is not None
        return _wide(self.value, device).reshape(weight.shape) - weight


@dataclass(frozen=True)
class Scaled:
    """IA3: columns (``on_input``) or rows of the weight grow by a factor each."""

    factor: Tensor
    on_input: bool
    needs_weight = True

    @property
    def size(self) -> int:
        """See ``Patch``."""
        return 0

    def delta(self, device: torch.device, weight: Tensor | None = None) -> Tensor:
        """See ``Patch``."""
        assert weight is not None
        factor = _wide(self.factor, device).flatten()
        shape = (1, -1) if self.on_input else (-1, 1)
        return weight * factor.reshape(*shape, *(1,) * (weight.ndim - 2))


@dataclass(frozen=True)
class Decomposed:
    """DoRA: the changed weight's rows or columns are brought to the lengths in ``magnitude``."""

    base: Patch
    magnitude: Tensor
    needs_weight = True

    @property
    def size(self) -> int:
        """See ``Patch``."""
        return self.base.size

    def delta(self, device: torch.device, weight: Tensor | None = None) -> Tensor:
        """See ``Patch``. Lengths are those of the changed weight, as the trainers compute them."""
        assert weight is not None
        changed = weight + self.base.delta(device, weight).reshape(weight.shape)
        length = _wide(self.magnitude, device).flatten()
        # rows are what PEFT and newer trainers scale; (1, in) is the way of the older ones
        by_row = self.magnitude.ndim == 1 or self.magnitude.shape[0] != 1 or weight.shape[0] == 1
        others = [axis for axis in range(weight.ndim) if axis != (0 if by_row else 1)]
        norm = torch.linalg.vector_norm(changed, dim=others, keepdim=True).clamp_min(EPSILON)
        turned: Tensor = changed * (length.reshape(norm.shape) / norm)
        return turned - weight


def _wide(tensor: Tensor, device: torch.device) -> Tensor:
    return tensor.to(device, torch.float32)


def _pair(core: Tensor | None, a: Tensor, b: Tensor, device: torch.device) -> Tensor:
    """``a @ b``, or with a Tucker core (rank, rank, h, w) between them (``a`` is then (rank, out))."""
    if core is None:
        return (_wide(a, device) @ _wide(b, device).flatten(1)).reshape(a.shape[0], *b.shape[1:])
    return torch.einsum("ijkl,jr,ip->prkl", _wide(core, device), _wide(b, device), _wide(a, device))
