"""What the verbs about models have in common: asking the studio, finding the one that is meant, sizes for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from invoke_tui.cli.options import attach, open_studio, run
from invoke_tui.domain.errors import NotFoundError

if TYPE_CHECKING:
    from invoke_tui.cli.output import Output
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.models.records import ModelRecord

_Answer = TypeVar("_Answer")
Wanted = Annotated[str, typer.Argument(metavar="MODEL", help="Key or name.", show_default=False)]


def ask(root: Path | None, question: Callable[[StudioClient], Awaitable[_Answer]]) -> _Answer:
    """Attach, ask, let go."""

    async def asked() -> _Answer:
        async with attach(open_studio(root)) as client:
            return await question(client)

    return run(asked())


def find(known: list[ModelRecord], wanted: str) -> ModelRecord:
    """The model with this key or name."""
    for model in known:
        if model.key == wanted:
            return model
    named = [model for model in known if model.name.casefold() == wanted.casefold()]
    if named:
        return min(named, key=lambda model: (model.missing, model.name != wanted))
    from difflib import get_close_matches

    near = get_close_matches(wanted, [model.name for model in known], n=1, cutoff=0.5)
    raise NotFoundError(
        f"there is no model {wanted!r}",
        hint=f"Did you mean {near[0]!r}?" if near else "'invoke-tui models list' shows what is installed.",
        code="model_not_found",
    )


def tell(output: Output, model: ModelRecord) -> None:
    """Print everything known about a model."""
    document: dict[str, Any] = model.model_dump(mode="json")
    rows = [
        (name, _plain(value))
        for name, value in document.items()
        if value not in (None, "", [], {}) and _plain(value)
    ]
    output.result({"model": document}, output.table(("model", model.name), rows))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items() if part is not None)
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def size(count: float) -> str:
    """Return a number of bytes as people say it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
