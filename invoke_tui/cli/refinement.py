"""``--region`` and ``--freeu``: prompts for parts of the picture, and FreeU's factors, as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.refinement import FreeU
from invoke_tui.domain.request.regions import RegionRequest

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.request.parameters import GenerationRequest

_REGION: Final = {
    "prompt": "positive_prompt",
    "negative": "negative_prompt",
    "mask": "mask_image",
    **{name: name for name in ("left", "top", "right", "bottom", "auto_negative")},
}
_FREEU: Final = {name: name for name in FreeU.model_fields}
_Settings = TypeVar("_Settings", bound=Record)


def refined(values: Mapping[str, Any]) -> dict[str, Any]:
    """The flags' values as fields. What says how the high-resolution fix works switches it on."""
    fields = dict(values)
    if (text := fields.pop("freeu", None)) is not None:
        fields["freeu"] = freeu(text)
    if (texts := fields.pop("regions", None)) is not None:
        fields["regions"] = regions(texts)
    if any(name.startswith("hrf_") for name in fields):
        fields.setdefault("hrf_enabled", True)
    return fields


def freeu(text: str) -> FreeU | None:
    """``b1=1.2,s2=0.2``, what is left out as usual; ``on`` and ``off``."""
    if text.strip().lower() in ("on", "off"):
        return FreeU() if text.strip().lower() == "on" else None
    return _read("--freeu", text, FreeU, _FREEU)


def regions(texts: Sequence[str]) -> tuple[RegionRequest, ...]:
    """The values of ``--region``; a prompt may have commas."""
    return tuple(_read("--region", text, RegionRequest, _REGION) for text in texts)


def _read(flag: str, text: str, settings: type[_Settings], names: Mapping[str, str]) -> _Settings:
    """``name=value`` pairs behind commas; a comma before anything else belongs to the value."""
    parts = re.split(rf"(?:^|,)\s*({'|'.join(names)})\s*=", text)
    given = list(zip(parts[1::2], parts[2::2], strict=True))
    if parts[0].strip() or not given:
        raise BadInputError(
            f"{flag} {text}: expected NAME=VALUE",
            hint=f"Write {', '.join(f'{name}=' for name in names)}, with commas between them.",
            code="bad_value",
        )
    if len({name for name, _ in given}) < len(given):
        raise BadInputError(f"{flag} {text}: something is there twice", code="bad_value")
    try:
        return settings.model_validate({names[name]: value.strip() for name, value in given})
    except ValidationError as error:
        problems = []
        for detail in error.errors():
            where = "".join(f"{name}: " for name in detail["loc"][:1])
            problems.append(where + detail["msg"].lower().removeprefix("value error, "))
        raise BadInputError(f"{flag} {text}: {'; '.join(problems)}", code="bad_value") from error


async def with_masks(client: StudioClient, request: GenerationRequest) -> GenerationRequest:
    """The request with pictures of the gallery where its regions named files."""
    from invoke_tui.cli.taking import in_gallery

    if all(region.mask_image is None for region in request.regions):
        return request
    taken = []
    for region in request.regions:
        if region.mask_image is not None:
            name = await in_gallery(client, region.mask_image, "mask", "--region mask")
            region = region.model_copy(update={"mask_image": name})
        taken.append(region)
    return request.model_copy(update={"regions": tuple(taken)})
