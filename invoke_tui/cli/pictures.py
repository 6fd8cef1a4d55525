"""Flags made from the request's fields: drawing from a picture, refinement; and the way of files into the gallery."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args

from invoke_tui.cli.parameters import MORE_FLAGS, PICTURE_FLAGS, flag
from invoke_tui.cli.refinement import refined, with_masks
from invoke_tui.cli.taking import in_gallery
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.pictures import read_sides

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.images import ImageCategory

_METAVARS: Final = {
    "init_image": "FILE_OR_NAME",
    "mask_image": "FILE_OR_NAME",
    "outpaint": "SIDE=PIXELS,…",
    "regions": "prompt=…,left=…,right=…",
    "freeu": "b1=…,b2=…,s1=…,s2=…",
    "hrf_model": "NAME",
}
_TEXTS: Final[dict[str, Any]] = {"outpaint": str, "freeu": str, "regions": list[str]}
"""Flags that are written in another form than their field has."""


def picture_flags(verb: Callable[..., None]) -> Callable[..., None]:
    """Give ``verb`` the flags; it gets those that were given as ``picture``, ready for a request."""

    @functools.wraps(verb)
    def with_flags(**given: Any) -> None:
        values = {name: given.pop(name) for name in MORE_FLAGS}
        verb(**given, picture=_values(values))

    signature = inspect.signature(verb, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != "picture"]
    ours = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(name))
        for name in MORE_FLAGS
    ]
    plain = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    with_flags.__signature__ = signature.replace(parameters=[*plain, *ours])  # type: ignore[attr-defined]
    with_flags.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *ours)} | {
        "return": None
    }
    return with_flags


def _annotation(name: str) -> Any:
    """The type of a flag that may be left out."""
    declared: Any = _TEXTS.get(name) or GenerationRequest.model_fields[name].annotation
    if type(None) not in get_args(declared):
        declared = declared | None
    return Annotated[declared, flag(name, metavar=_METAVARS.get(name))]


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in given.items() if value is not None}
    if "outpaint" in values:
        values["outpaint"] = _sides(values["outpaint"])
    return refined(values)


def _sides(text: str) -> dict[str, int]:
    try:
        return read_sides(text)
    except BadInputError as error:
        raise BadInputError(f"--outpaint {error.message}", hint=error.hint, code=error.code) from None


async def with_uploads(client: StudioClient, request: GenerationRequest) -> GenerationRequest:
    """The request with pictures of the gallery where it named files; ``last`` is the newest one there."""
    update: dict[str, str] = {}
    categories: dict[str, ImageCategory] = {"init_image": "user", "mask_image": "mask"}
    for field, category in categories.items():
        named = getattr(request, field)
        if named is not None:
            update[field] = await in_gallery(client, named, category, PICTURE_FLAGS[field])
    return await with_masks(client, request.model_copy(update=update) if update else request)
