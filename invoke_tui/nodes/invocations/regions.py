"""Prompts that come one at a time, or as a list in which each may have its part of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from invoke_tui.domain.graph.fields import (
    ConditioningField,
    FluxConditioningField,
    FluxReduxConditioningField,
    TensorField,
)
from invoke_tui.nodes.context import RegionCall

Prompt = TypeVar("Prompt", ConditioningField, FluxConditioningField)


def chief(given: Prompt | list[Prompt]) -> Prompt:
    """The prompt that stands for all where only one can: the first that is for the whole picture, else the first."""
    prompts = given if isinstance(given, list) else [given]
    return next((prompt for prompt in prompts if prompt.mask is None), prompts[0])


def regions(
    positive: ConditioningField | FluxConditioningField | Sequence[ConditioningField | FluxConditioningField],
    negative: ConditioningField
    | FluxConditioningField
    | Sequence[ConditioningField | FluxConditioningField]
    | None,
    shown: Sequence[FluxReduxConditioningField] = (),
) -> tuple[RegionCall, ...]:
    """All prompts of the sides that have more than one, or one with a mask. Pictures that FLUX Redux ``shown`` are
    heard behind what is wished for."""
    found = []
    for given, avoided in ((positive, False), (negative, True)):
        prompts = [] if given is None else list(given) if isinstance(given, Sequence) else [given]
        pictures = () if avoided else shown
        if len(prompts) + len(pictures) > 1 or any(prompt.mask for prompt in prompts):
            found += [_call(prompt.conditioning_name, prompt.mask, avoided) for prompt in prompts]
            found += [_call(one.conditioning.tensor_name, one.mask, avoided) for one in pictures]
    return tuple(found)


def _call(name: str, mask: TensorField | None, negative: bool) -> RegionCall:
    return RegionCall(name, mask.tensor_name if mask else None, negative)
