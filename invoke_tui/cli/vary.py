"""``--vary steps=20,30 --vary cfg=5:9:2``: requests that differ in some settings, and the labels of each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from invoke_tui.cli.parameters import FLAGS, explain
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.parameters import GenerationRequest

if TYPE_CHECKING:
    pass

MOST: Final = 10_000
NOT_VARIED: Final = ("count", "loras", "outpaint", "controls", "references", "regions", "freeu")
_SHORT: Final = {
    "cfg": "cfg_scale",
    "prompt": "positive_prompt",
    "max-prompts": "max_prompts",
    "template": "template",
}
_Setting = tuple[str, str]


def field_of(name: str) -> str:
    """The request's field that a flag's name stands for: ``cfg-scale``, ``cfg_scale`` or ``cfg``."""
    wanted = name.strip().lstrip("-")
    by_flag = {flag.lstrip("-").lower(): field for field, flag in FLAGS.items()} | _SHORT
    field = by_flag.get(wanted.lower(), wanted.replace("-", "_"))
    if field not in GenerationRequest.model_fields or field in NOT_VARIED:
        raise BadInputError(
            f"--vary {name}: there is no such setting",
            hint="Use a flag's name, e.g. steps.",
            code="bad_value",
        )
    return field


def values_of(text: str) -> list[str]:
    """``20,30`` or ``5:9:2`` (from, to, step; both ends belong to it); a backslash keeps a comma in a value."""
    parts = text.split(":")
    if len(parts) == 3:
        try:
            start, end, step = (float(part) for part in parts)
        except ValueError:
            start = end = step = math.nan
        if all(map(math.isfinite, (start, end, step))):
            number = (end - start) / step + 1e-9 if step else -1.0
            if not 0 <= number < MOST:
                raise BadInputError(
                    f"--vary {text}: from, to and step make no list of at most {MOST}",
                    hint="The step leads from the first to the second, e.g. 5:9:2 or 9:5:-2.",
                    code="bad_value",
                )
            return [f"{start + step * k:.10g}" for k in range(int(number) + 1)]
    values = [value.replace("\0", ",").strip() for value in text.replace("\\,", "\0").split(",")]
    return [value for value in values if value]


def matrix(
    request: GenerationRequest, wishes: list[str]
) -> list[tuple[GenerationRequest, tuple[_Setting, ...]]]:
    """The product of all wishes, the last changing first, each with what is special about it."""
    axes: dict[str, list[_Setting]] = {}
    for wish in wishes:
        name, equals, text = wish.partition("=")
        field, values = field_of(name), values_of(text)
        if not equals or not values:
            raise BadInputError(
                f"--vary {wish}: expected NAME=VALUE,VALUE or NAME=FROM:TO:STEP", code="bad_value"
            )
        if field in axes:
            raise BadInputError(f"--vary {name} is given twice", code="bad_usage")
        axes[field] = [(name.strip().lstrip("-"), value) for value in values]
    if math.prod(len(axis) for axis in axes.values()) > MOST:
        raise BadInputError(
            f"--vary makes more than {MOST} settings", hint="Give fewer values.", code="bad_value"
        )
    return [
        (changed(request, dict(zip(axes, (value for _, value in chosen), strict=True))), chosen)
        for chosen in itertools.product(*axes.values())
    ]


def changed(request: GenerationRequest, values: dict[str, str]) -> GenerationRequest:
    """The request with settings given as text; raises ``BadInputError`` that names the flag."""
    given: dict[str, Any] = {**request.model_dump(mode="json"), **values}
    try:
        return GenerationRequest.model_validate(given)
    except ValidationError as error:
        raise explain(error) from error


def assigned(settings: list[str]) -> GenerationRequest:
    """A request of ``field=value`` texts."""
    values = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise BadInputError(f"--set {setting}: expected FIELD=VALUE", code="bad_value")
        values["count" if name == "count" else field_of(name)] = value
    return changed(GenerationRequest(), values)


def dynamic_values(
    dynamic: bool | None, combinatorial: bool | None, most: int | None, count: int
) -> dict[str, Any]:
    """The flags of dynamic prompts as fields. Random draws without a limit: one for each picture that was asked for."""
    values: dict[str, Any] = {"dynamic_prompts": dynamic, "combinatorial": combinatorial, "max_prompts": most}
    if combinatorial is False and most is None:
        values |= {"max_prompts": count, "count": 1, "seed_behaviour": "PER_PROMPT"}
    return {name: value for name, value in values.items() if value is not None}


def last_axis(labels: Sequence[tuple[str, ...]]) -> int:
    """How many values the last --vary has: the columns of a contact sheet."""
    return len(dict.fromkeys(label[-1] for label in labels if label)) or 1
