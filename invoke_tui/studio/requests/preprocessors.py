"""Which preprocessors and infill methods can run here."""

from __future__ import annotations

from importlib.util import find_spec

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import ModelType
from invoke_tui.domain.models.tools import ToolKind, missing_tool
from invoke_tui.domain.request.controls import PREPROCESSORS, preprocessor_named, refused_preprocessor
from invoke_tui.domain.request.pictures import Start
from invoke_tui.nodes import images
from invoke_tui.studio.models.registry import Models


def preprocessor_of(asked: str, wish: str | None) -> str | None:
    """The name in the table, or none; ``wish`` is what ``auto`` means. Raises ``BadInputError`` for one that is not
    known or never runs here."""
    name = preprocessor_named((wish or "none") if asked == "auto" else asked)
    if name == "none":
        return None
    if name not in PREPROCESSORS:
        raise BadInputError(
            f"There is no preprocessor called {asked}.",
            hint=f"There are none, auto, {', '.join(PREPROCESSORS)}.",
            code="no_preprocessor",
        )
    _refuse(name)
    return name


async def require_preprocessor(name: str | None, models: Models) -> None:
    """Raise ``NotFoundError`` unless every picture tool it looks through is installed, and ``BadInputError`` for one
    that never runs here."""
    if name is not None:
        _refuse(name)
        await _require(PREPROCESSORS[name].needs, f"The preprocessor {name}", models)


async def require_infill(start: Start, models: Models) -> None:
    """Raise unless what fills the empty parts of a picture can be used here, where there are any."""
    if start.mode == "outpaint" and start.infill_method == "lama":
        await _require(("lama",), "The infill method lama", models)
    if start.mode == "outpaint" and start.infill_method == "patchmatch" and find_spec("patchmatch") is None:
        raise images.infill.no_patchmatch()


def _refuse(name: str) -> None:
    if PREPROCESSORS[name].refused:
        raise refused_preprocessor(name)


async def _require(kinds: tuple[ToolKind, ...], wanted_by: str, models: Models) -> None:
    for kind in kinds:
        if not _installed(kind, models):
            await models.refresh()
            if not _installed(kind, models):
                raise missing_tool(kind, wanted_by)


def _installed(kind: ToolKind, models: Models) -> bool:
    return any(
        one.type is ModelType.PICTURE_TOOL and one.variant == kind and not one.missing for one in models.all()
    )
