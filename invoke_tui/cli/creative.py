"""The flags of creative upscaling, made of the fields of ``CreativeRequest``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, get_args

import typer
from pydantic import ValidationError

from invoke_tui.cli.parameters import loras
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.creative import CreativeRequest
from invoke_tui.domain.schedulers import SCHEDULER_NAMES

CREATIVE_FLAGS: Final = {
    "positive_prompt": "--prompt",
    "negative_prompt": "--negative",
    "creativity": "--creativity",
    "structure": "--structure",
    "model": "--main-model",
    "control": "--control",
    "uncontrolled": "--without-control",
    "loras": "--lora",
    "vae": "--vae",
    "tile_size": "--creative-tile",
    "tile_overlap": "--tile-overlap",
    "steps": "--steps",
    "cfg_scale": "--cfg-scale",
    "scheduler": "--scheduler",
    "seed": "--seed",
}
_METAVARS: Final = {"model": "NAME", "control": "NAME", "vae": "NAME", "loras": "NAME:WEIGHT"}
_TYPES: Final[dict[str, Any]] = {"loras": list[str], "scheduler": str}
"""Flags that are written in another form than their field has."""
_OURS: Final = "creative_"
"""Before the names of ours, of which the verb has some for itself."""
_SWITCH: Final = "creative_asked"


def creative_flags(verb: Callable[..., None]) -> Callable[..., None]:
    """Give ``verb`` the flags; it gets what they ask for as ``creative``, None where there are none."""

    @functools.wraps(verb)
    def with_flags(**given: Any) -> None:
        asked = given.pop(_SWITCH)
        values = {name: value for name in CREATIVE_FLAGS if (value := given.pop(_OURS + name)) is not None}
        verb(**given, creative=_request(values) if asked or values else None)

    signature = inspect.signature(verb, eval_str=True)
    own = [one for name, one in signature.parameters.items() if name != "creative"]
    kind = inspect.Parameter.KEYWORD_ONLY
    switch = typer.Option(
        "--creative",
        help="Draw the enlarged picture again, in tiles; each of the flags below asks for it, too.",
    )
    ours = [
        inspect.Parameter(_SWITCH, kind, default=False, annotation=Annotated[bool, switch]),
        *(
            inspect.Parameter(_OURS + name, kind, default=None, annotation=_annotation(name))
            for name in CREATIVE_FLAGS
        ),
    ]
    every = [*(one.replace(kind=kind) for one in own), *ours]
    with_flags.__signature__ = signature.replace(parameters=every)  # type: ignore[attr-defined]
    with_flags.__annotations__ = {one.name: one.annotation for one in every} | {"return": None}
    return with_flags


def _annotation(name: str) -> Any:
    field = CreativeRequest.model_fields[name]
    declared: Any = _TYPES.get(name) or field.annotation
    if type(None) not in get_args(declared):
        declared = declared | None
    help_text = field.description or ""
    if name == "scheduler":
        help_text = f"{help_text}: {', '.join(SCHEDULER_NAMES)}"
    usual = field.get_default()
    if isinstance(usual, int | float) and not isinstance(usual, bool):
        help_text = f"{help_text} ({usual:g})"
    option = typer.Option(
        CREATIVE_FLAGS[name],
        help=f"{help_text}.",
        show_default=False,
        metavar=_METAVARS.get(name),
    )
    return Annotated[declared, option]


def _request(values: Mapping[str, Any]) -> CreativeRequest:
    """What the flags ask for. Raises ``BadInputError`` that names the flag."""
    if values.get("uncontrolled") and "control" in values:
        raise BadInputError(
            "--control and --without-control: one or the other", hint="Leave one out.", code="bad_usage"
        )
    given = dict(values)
    if "loras" in given:
        given["loras"] = loras(given["loras"])
    try:
        return CreativeRequest.model_validate(given)
    except ValidationError as error:
        detail = error.errors()[0]
        flag = CREATIVE_FLAGS.get(str(detail["loc"][0]), "")
        message = detail["msg"][:1].lower() + detail["msg"][1:]
        raise BadInputError(
            f"{flag} {detail.get('input')}: {message}",
            hint="'invoke-tui upscale --help' shows the bounds.",
            code="bad_value",
        ) from error
