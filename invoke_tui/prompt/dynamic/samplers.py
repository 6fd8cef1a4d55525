"""The library's samplers within bounds: no recursion over the length of a prompt, no work without end.

What is drawn, and in which order, is the library's. Repaired on the way: values of wildcards with a weight below one
are not left out of combinations, a missing wildcard gives one text and not the limit's number of equal ones, and
weights stay with their choices when several are picked.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from dynamicprompts.commands import Command, LiteralCommand, SequenceCommand, VariantCommand, WildcardCommand
from dynamicprompts.enums import SamplingMethod
from dynamicprompts.samplers import CombinatorialSampler, RandomSampler, Sampler
from dynamicprompts.samplers.command_collection import CommandCollection
from dynamicprompts.samplers.cycle import CyclicalSampler
from dynamicprompts.sampling_context import SamplingContext
from dynamicprompts.sampling_result import SamplingResult

from invoke_tui.prompt.dynamic.lexicon import Lexicon
from invoke_tui.prompt.dynamic.scan import shield

Results = Generator[SamplingResult, None, None]


class Exhausted(Exception):
    """The work an expansion may take is used up."""


@dataclass
class Budget:
    """Steps that are left; one takes a few microseconds."""

    steps: int

    def take(self, steps: int = 1) -> None:
        """Use some up; raises ``Exhausted`` when none are left."""
        self.steps -= steps
        if self.steps < 0:
            raise Exhausted


def context(lexicon: Lexicon, budget: Budget, *, combinatorial: bool, seed: int) -> SamplingContext:
    """What the library's sampling starts from."""
    return SamplingContext(
        default_sampling_method=SamplingMethod.COMBINATORIAL if combinatorial else SamplingMethod.RANDOM,
        wildcard_manager=lexicon,
        samplers={
            SamplingMethod.COMBINATORIAL: _Combinations(lexicon, budget),
            SamplingMethod.RANDOM: _Draws(lexicon, budget),
            SamplingMethod.CYCLICAL: _Cycles(lexicon, budget),
        },
        rand=Random(seed),
        unknown_variable_value="",
    )


class _Counted(Sampler):
    """Literals are what every loop of the library ends in: they are where work is counted."""

    def __init__(self, lexicon: Lexicon, budget: Budget) -> None:
        self._lexicon, self._budget = lexicon, budget

    def _get_literal(self, command: LiteralCommand, context: SamplingContext) -> Results:
        result = SamplingResult(text=command.literal)
        endless = context.default_sampling_method.is_nonfinite()
        while True:
            self._budget.take()
            yield result
            if not endless:
                return

    def _values(self, command: WildcardCommand) -> tuple[list[Command], list[float]]:
        options = self._lexicon.options(str(command.wildcard))
        if not options:
            return [LiteralCommand(shield(f"__{command.wildcard}__"))], [1.0]
        return [option.value for option in options], [option.weight for option in options]


class _Endless(_Counted):
    def _get_wildcard(self, command: WildcardCommand, context: SamplingContext) -> Results:
        inner = context.with_variables(command.variables)
        values, weights = self._values(command)
        drawn = self._pick(values, weights, context)
        while True:
            self._budget.take()
            yield from inner.sample_prompts(next(drawn), 1)

    def _pick(
        self, values: list[Command], weights: list[float], context: SamplingContext
    ) -> Iterator[Command]:
        usable = weights if any(weights) else None
        while True:
            yield context.rand.choices(values, weights=usable)[0] if len(values) > 1 else values[0]


class _Draws(_Endless, RandomSampler):
    def _get_variant(self, command: VariantCommand, context: SamplingContext) -> Results:
        return super()._get_variant(self._lexicon.as_choice(command), context)

    def _get_variant_choices(
        self, values: list[Command], weights: list[float], num_choices: int, rand: Random
    ) -> list[Command]:
        self._budget.take(len(values) // 8 + 1)
        left = list(range(len(values)))
        chosen: list[Command] = []
        for _ in range(min(num_choices, len(left))):
            if len(values) == 1:  # the library draws nothing where there is no choice
                return list(values)
            share = [weights[number] for number in left]
            picked = rand.choices(left, weights=share if any(share) else None)[0]
            left.remove(picked)
            chosen.append(values[picked])
        return chosen


class _Cycles(_Endless, CyclicalSampler):
    def _get_variant(self, command: VariantCommand, sampling_context: SamplingContext) -> Results:
        return super()._get_variant(self._lexicon.as_choice(command), sampling_context)

    def _pick(
        self, values: list[Command], weights: list[float], context: SamplingContext
    ) -> Iterator[Command]:
        while True:
            yield from values


class _Combinations(_Counted, CombinatorialSampler):
    def _get_variant(self, variant_command: VariantCommand, context: SamplingContext) -> Results:
        return super()._get_variant(self._lexicon.as_choice(variant_command), context)

    def _get_wildcard(self, command: WildcardCommand, context: SamplingContext) -> Results:
        inner = context.with_variables(command.variables)
        for value in self._values(command)[0]:
            self._budget.take()
            yield from inner.sample_prompts(value)

    def _get_sequence(self, command: SequenceCommand, context: SamplingContext) -> Results:
        """The library's order, the last part changing first, without its recursion over the parts."""
        tokens, inner = context.process_variable_assignments(command.tokens)
        others = [token for token in tokens if token.sampling_method != SamplingMethod.COMBINATORIAL]
        endless = CommandCollection(others, context=inner)
        free = {
            number
            for number, token in enumerate(tokens)
            if inner.get_effective_sampling_method(token).is_nonfinite()
        }
        finite = [number for number in range(len(tokens)) if number not in free]
        for chosen in self._product([tokens[number] for number in finite], inner):
            parts: list[Any] = [None] * len(tokens)
            for number, result in zip(finite, chosen, strict=True):
                parts[number] = result
            for number in sorted(free, reverse=True):
                parts[number] = endless.get_value(tokens[number])
            self._budget.take(len(parts) // 16 + 1)
            yield SamplingResult.joined([part for part in parts if part], separator=command.separator)

    def _product(self, tokens: list[Command], context: SamplingContext) -> Iterator[list[SamplingResult]]:
        if not tokens:
            yield []
            return
        makers: list[Results] = [iter(context.generator_from_command(tokens[0]))]
        chosen: list[SamplingResult] = []
        while makers:
            result = next(makers[-1], None)
            if result is None:
                makers.pop()
                if chosen:
                    chosen.pop()
                continue
            chosen.append(result)
            if len(chosen) == len(tokens):
                yield list(chosen)
                chosen.pop()
            else:
                makers.append(iter(context.generator_from_command(tokens[len(chosen)])))
