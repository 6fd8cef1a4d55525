"""Flags of drawing from a picture, made from the request's fields; and the way of files into the gallery."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args

from invoke_tui.cli.files import read_bounded
from invoke_tui.cli.parameters import PICTURE_FLAGS, flag
from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.pictures import Outpaint, PictureRequest

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.parameters import GenerationRequest

_METAVARS: Final = {"init_image": "FILE_OR_NAME", "mask_image": "FILE_OR_NAME", "outpaint": "SIDE=PIXELS,…"}
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,120}\.png")
LAST: Final = "last"
"""Stands for the newest picture of the gallery."""
MOST_BYTES: Final = 256 * 2**20


def picture_flags(verb: Callable[..., None]) -> Callable[..., None]:
    """Give ``verb`` the flags; it gets those that were given as ``picture``, ready for a request."""

    @functools.wraps(verb)
    def with_flags(**given: Any) -> None:
        values = {name: given.pop(name) for name in PICTURE_FLAGS}
        verb(**given, picture=_values(values))

    signature = inspect.signature(verb, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != "picture"]
    ours = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(name))
        for name in PICTURE_FLAGS
    ]
    plain = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    with_flags.__signature__ = signature.replace(parameters=[*plain, *ours])  # type: ignore[attr-defined]
    with_flags.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *ours)} | {
        "return": None
    }
    return with_flags


def _annotation(name: str) -> Any:
    """The type of a flag that may be left out."""
    declared: Any = str if name == "outpaint" else PictureRequest.model_fields[name].annotation
    if type(None) not in get_args(declared):
        declared = declared | None
    return Annotated[declared, flag(name, PICTURE_FLAGS[name], metavar=_METAVARS.get(name))]


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in given.items() if value is not None}
    if "outpaint" in values:
        values["outpaint"] = _sides(values["outpaint"])
    return values


def _sides(text: str) -> dict[str, int]:
    """``right=128,top=64``, or one number for all sides."""
    sides = tuple(Outpaint.model_fields)
    if text.strip().isdigit():
        return dict.fromkeys(sides, int(text))
    found: dict[str, int] = {}
    for part in text.split(","):
        side, equals, number = (piece.strip() for piece in part.partition("="))
        if side not in sides or not equals or not number.isdigit():
            raise BadInputError(
                f"--outpaint {text}: expected sides and pixels",
                hint="E.g. right=128,top=64.",
                code="bad_value",
            )
        found[side] = int(number)
    return found


async def with_uploads(client: StudioClient, request: GenerationRequest) -> GenerationRequest:
    """The request with pictures of the gallery where it named files; ``last`` is the newest one there."""
    update: dict[str, str] = {}
    for field, category in (("init_image", "user"), ("mask_image", "mask")):
        named = getattr(request, field)
        if named is not None:
            update[field] = await in_gallery(client, named, category, PICTURE_FLAGS[field])
    return request.model_copy(update=update) if update else request


async def in_gallery(client: StudioClient, named: str, category: Any, asked: str) -> str:
    """The gallery's name of a file, of a picture by its name, or of the ``last`` one. ``asked`` is the flag."""
    if named == LAST:
        newest = await client.images(limit=1)
        if not newest.images:
            raise NotFoundError(f"{asked} {LAST}: the gallery is empty", code="no_file")
        return newest.images[0].image_name
    data = _file(named, asked)
    if data is not None:
        return (await client.upload_image(data, name=named, category=category)).image_name
    if _NAME.fullmatch(named):
        return (await client.image(named)).image_name
    raise NotFoundError(
        f"{asked} {named}: there is no such file",
        hint="Give a file, a gallery name or 'last'.",
        code="no_file",
    )


def _file(named: str, asked: str) -> bytes | None:
    """A file's bytes; None where there is no file of that name."""
    if not Path(named).expanduser().is_file():
        return None
    data = read_bounded(named, MOST_BYTES)
    if len(data) > MOST_BYTES:
        raise BadInputError(f"{asked} {named}: larger than {MOST_BYTES // 2**20} MiB", code="too_large")
    return data
