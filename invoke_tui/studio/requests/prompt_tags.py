"""What a prompt asks for besides its words: LoRAs by ``<lora:name:0.7>``, ``[words]`` for the negative prompt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.request.parameters import MOST_LORAS, GenerationRequest, LoRARequest
from invoke_tui.nodes.recipes import Cast
from invoke_tui.prompt.flatten import ignored_words, loras
from invoke_tui.prompt.parse import parse
from invoke_tui.prompt.tree import Prompt
from invoke_tui.studio.models.registry import Models

HEAVIEST: Final = 10.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The LoRAs that the tags of a prompt name, with their weights, and its ignored words."""

    loras: tuple[tuple[str, float | None], ...] = ()
    ignored: tuple[str, ...] = ()


def asked_by(prompts: Iterable[str]) -> dict[str, Asked]:
    """What each prompt asks for. For a thread: it reads them all."""
    return {prompt: _asked(prompt) for prompt in dict.fromkeys(prompts)}


def _asked(prompt: str) -> Asked:
    if "<lora:" not in prompt and "[" not in prompt:
        return Asked()
    tree = parse(prompt).tree
    return Asked(tuple(loras(tree).items()), ignored_words(tree, prompt))


async def with_loras(
    request: GenerationRequest, cast: Cast, tags: Iterable[tuple[str, float | None]], models: Models
) -> tuple[GenerationRequest, Cast]:
    """The request and its cast with the LoRAs of a prompt. Of one that is chosen already, only the weight changes."""
    wanted = {record.key: lora for lora, record in zip(request.loras, cast.loras, strict=True)}
    records = {record.key: record for record in cast.loras}
    if len(wanted) < len(request.loras):  # chosen twice, which the recipe refuses with its own words
        return request, cast
    for name, weight in tags:
        if weight is not None and abs(weight) > HEAVIEST:
            raise BadInputError(
                f"The weight of <lora:{name}> in the prompt is {weight:g}.",
                hint=f"LoRAs take weights from {-HEAVIEST:g} to {HEAVIEST:g}.",
                code="bad_lora_weight",
            )
        record = await _named(name, cast.main, models)
        before = wanted.get(record.key)
        if before is None or weight is not None:
            wanted[record.key] = LoRARequest(model=record.key, weight=weight)
        records[record.key] = record
    if len(wanted) > MOST_LORAS:
        raise BadInputError(f"The prompt asks for more than {MOST_LORAS} LoRAs.", code="too_many_loras")
    return request.model_copy(update={"loras": tuple(wanted.values())}), replace(
        cast, loras=tuple(records[key] for key in wanted)
    )


async def _named(name: str, main: ModelRecord, models: Models) -> ModelRecord:
    """The LoRA a tag names: of the main model's base, where several have that name."""
    found = models.pick(ModelType.LORA, (main.base,), name)
    if found is not None and name.casefold() in (found.key.casefold(), found.name.casefold()):
        return found
    try:
        found = await models.find(name, ModelType.LORA)
    except NotFoundError:
        reason = "names no LoRA that is here"
    else:
        if found.base is main.base:
            return found
        reason = f"is for {found.base} models, and {main.name} is {main.base}"
    fitting = [m.name for m in models.all() if m.type is ModelType.LORA and m.base is main.base]
    near = get_close_matches(name, fitting, 3, 0.3) or sorted(fitting)[:3]
    raise BadInputError(
        f"<lora:{name}> in the prompt {reason}.",
        hint=f"Did you mean {' or '.join(near)}?"
        if near
        else f"No LoRA for {main.base} models is installed.",
        code="unknown_lora",
    )


def takes_words(negative: str) -> bool:
    """Words can be added to a negative prompt; a blend or conjunction has no place for them."""
    return isinstance(parse(negative).tree, Prompt)


def with_ignored(negative: str, ignored: Iterable[str]) -> str:
    """The negative prompt with words that the positive one leaves out, unless it has them or is a blend."""
    if not takes_words(negative):
        return negative
    for words in ignored:
        if f", {words}," not in f", {' '.join(negative.split())},":
            negative = f"{negative}, {words}" if negative.strip() else words
    return negative
