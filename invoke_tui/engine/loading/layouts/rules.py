"""From the tensor names of the original trainers to diffusers' names, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor


class Turn(Enum):
    """How a tensor in the file differs from ours."""

    SWAP = "its two halves change places"
    TRANSPOSE = "rows are columns"
    FLATTEN = "a 1x1 convolution is a linear layer"


@dataclass(frozen=True)
class Rule:
    """``original`` names a tensor, or the beginning of names up to a dot; the rest of a name stays as it is.

    With several names in ``ours``, the file holds those tensors stacked along their first axis, in parts of
    ``shares`` (equal ones by default).
    """

    original: str
    ours: tuple[str, ...]
    shares: tuple[int, ...] = ()
    turn: Turn | None = None


def rule(original: str, *ours: str, shares: tuple[int, ...] = (), turn: Turn | None = None) -> Rule:
    """A rule, spelled shortly."""
    return Rule(original, ours, shares, turn)


def to_ours(state: Mapping[str, Tensor], rules: Sequence[Rule]) -> dict[str, Tensor]:
    """The tensors of a file under our names. What no rule knows is left out."""
    by_name = {rule.original: rule for rule in rules}
    found: dict[str, Tensor] = {}
    for key, tensor in state.items():
        known, rest = _longest(key, by_name)
        if known is None:
            continue
        parts = _split(tensor, len(known.ours), known.shares)
        for name, part in zip(known.ours, parts, strict=True):
            found[name + rest] = _turned(part, known.turn)
    return found


def to_original(state: Mapping[str, Tensor], rules: Sequence[Rule]) -> dict[str, Tensor]:
    """Our tensors as the original trainer's file holds them."""
    by_name = {name: rule for rule in rules for name in rule.ours}
    stacked: dict[str, dict[str, Tensor]] = {}
    of_rule: dict[str, Rule] = {}
    for key, tensor in state.items():
        known, rest = _longest(key, by_name)
        if known is None:
            continue
        name = known.original + rest
        of_rule[name] = known
        stacked.setdefault(name, {})[key.removesuffix(rest)] = tensor
    return {name: _stacked(parts, of_rule[name]) for name, parts in stacked.items()}


def numbered(names: Iterable[str], prefix: str) -> int:
    """How many blocks ``prefix``0, ``prefix``1, … there are."""
    found = {name[len(prefix) :].partition(".")[0] for name in names if name.startswith(prefix)}
    return max((int(number) + 1 for number in found if number.isdecimal()), default=0)


def _stacked(parts: Mapping[str, Tensor], rule: Rule) -> Tensor:
    turned = [_turned_back(parts[name], rule.turn) for name in rule.ours]
    return turned[0] if len(turned) == 1 else torch.cat(turned)


def _longest(key: str, by_name: Mapping[str, Rule]) -> tuple[Rule | None, str]:
    name = key
    while name:
        if (rule := by_name.get(name)) is not None:
            return rule, key[len(name) :]
        name = name.rpartition(".")[0]
    return None, ""


def _split(tensor: Tensor, count: int, shares: tuple[int, ...]) -> list[Tensor]:
    if count == 1:
        return [tensor]
    if tensor.ndim == 0:  # the scale of a quantised weight holds for all of its parts
        return [tensor] * count
    weights = shares or (1,) * count
    unit = tensor.shape[0] // sum(weights)
    return [part.contiguous() for part in tensor.split([unit * weight for weight in weights])]


def _turned(tensor: Tensor, turn: Turn | None) -> Tensor:
    if turn is Turn.SWAP and tensor.ndim:
        return torch.cat([*tensor.chunk(2)[::-1]])
    if turn is Turn.TRANSPOSE and tensor.ndim == 2:
        return tensor.t().contiguous()
    if turn is Turn.FLATTEN and tensor.ndim == 4:
        return tensor.flatten(1)
    return tensor


def _turned_back(tensor: Tensor, turn: Turn | None) -> Tensor:
    if turn is Turn.FLATTEN and tensor.ndim == 2:
        return tensor[:, :, None, None].contiguous()
    return _turned(tensor, turn)
