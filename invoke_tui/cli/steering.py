"""``--control`` and ``--reference``: pictures that steer, each as ``model=…,image=…`` and what else is to be said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import ValidationError

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.controls import ControlRequest, ReferenceRequest

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.request.parameters import GenerationRequest

CONTROL_HELP: Final = (
    "A picture that says where things are: model=NAME,image=FILE and, if you like, weight=, begin=, end=, mode=, "
    "resize=, preprocessor=, kind=; can be given several times."
)
REFERENCE_HELP: Final = (
    "A picture that says what things look like: model=NAME,image=FILE and, if you like, weight=, method=, begin=, "
    "end=, mask=, clip_vision=, of FLUX Redux influence=; can be given several times."
)
_SHORT: Final = {"mode": "control_mode", "resize": "resize_mode", "influence": "image_influence"}
_COMMA: Final = re.compile(r"(?<!\\),")
R = TypeVar("R", ControlRequest, ReferenceRequest)


def controls(given: Sequence[str]) -> tuple[ControlRequest, ...]:
    """The values of ``--control``. Raises ``BadInputError``."""
    return tuple(_read("--control", text, ControlRequest) for text in given)


def references(given: Sequence[str]) -> tuple[ReferenceRequest, ...]:
    """The values of ``--reference``. Raises ``BadInputError``."""
    return tuple(_read("--reference", text, ReferenceRequest) for text in given)


def _read(flag: str, text: str, request: type[R]) -> R:
    """``name=value`` pairs; a backslash keeps a comma in a value."""
    values: dict[str, str] = {}
    for part in _COMMA.split(text):
        name, equals, value = part.partition("=")
        field = _SHORT.get(name.strip(), name.strip())
        if not equals or field not in request.model_fields or field in values:
            what = "has no =" if not equals else "is there twice" if field in values else "is not known"
            raise BadInputError(
                f"{flag} {text}: {name.strip() or 'an empty part'} {what}",
                hint=f"Write {', '.join(f'{name}=' for name in request.model_fields)}, with commas between them.",
                code="bad_value",
            )
        values[field] = value.strip().replace("\\,", ",")
    try:
        return request.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{detail['loc'][0]}: {detail['msg'].lower()}" for detail in error.errors())
        raise BadInputError(f"{flag} {text}: {problems}", code="bad_value") from error


async def with_steering(client: StudioClient, request: GenerationRequest) -> GenerationRequest:
    """The request with pictures of the gallery where its control and reference pictures named files."""
    from invoke_tui.cli.taking import in_gallery

    if not request.controls and not request.references:
        return request
    controls = [
        one.model_copy(update={"image": await in_gallery(client, one.image, "control", "--control image")})
        for one in request.controls
    ]
    references = []
    for one in request.references:
        update = {"image": await in_gallery(client, one.image, "user", "--reference image")}
        if one.mask is not None:
            update["mask"] = await in_gallery(client, one.mask, "mask", "--reference mask")
        references.append(one.model_copy(update=update))
    return request.model_copy(update={"controls": tuple(controls), "references": tuple(references)})
