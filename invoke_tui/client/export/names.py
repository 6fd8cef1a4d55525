"""What files of an export are called."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.gallery.names import filled, numbered, wrong_template

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImageRecord


class Names:
    """As in the gallery, or by a template; each once, for file systems to which ``A`` is ``a`` too."""

    def __init__(self, template: str = "", boards: Mapping[str, str] | None = None) -> None:
        """``boards`` are their names by id. Raises ``BadInputError`` for a template that cannot be used."""
        if template and (wrong := wrong_template(template)):
            raise BadInputError(
                f"The names {template!r} cannot be used: {wrong}.",
                hint="For example {date}/{model}/{seed}-{prompt:40}.",
                code="bad_template",
            )
        self._template = template
        self._boards = boards or {}
        self._given: set[str] = set()

    def name(self, record: ImageRecord, number: int) -> str:
        """A relative path with its ending."""
        own = PurePosixPath(record.image_name)
        path = own.stem
        if self._template:
            path = filled(self._template, self._values(record, number), otherwise=own.stem)
        free = next(one for one in numbered(path) if one.casefold() not in self._given)
        self._given.add(free.casefold())
        return f"{free}{own.suffix}"

    def _values(self, record: ImageRecord, number: int) -> dict[str, Any]:
        made = record.created_at.astimezone()
        found = record.metadata or {}
        model = found.get("model")
        told = model if isinstance(model, dict) else {}
        return {
            "date": f"{made:%Y-%m-%d}",
            "time": f"{made:%H%M%S}",
            "year": made.year,
            "month": f"{made:%m}",
            "day": f"{made:%d}",
            "model": told.get("name"),
            "base": told.get("base"),
            "seed": record.seed,
            "width": record.width,
            "height": record.height,
            "steps": found.get("steps"),
            "scheduler": found.get("scheduler"),
            "prompt": found.get("positive_prompt"),
            "board": self._boards.get(record.board_id or ""),
            "number": number,
            "id": PurePosixPath(record.image_name).stem,
        }
