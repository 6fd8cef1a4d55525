"""The line below a thumbnail."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from invoke_tui.domain.text import safe_text
from invoke_tui.tui.words import size

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImageOrder, ImageRecord


def caption(image: ImageRecord, order: ImageOrder, *, marked: bool, width: int) -> Content:
    """Marks for selected, star and rating, then what the list is ordered by."""
    marks = f"{'✓' if marked else ''}{'★' if image.starred else ''}{image.rating or ''}"
    text = _told(image, order, width - len(marks) - 1)
    content = Content.assemble((f"{marks} " if marks else "", "bold"), text)
    return content.truncate(max(0, width), ellipsis=True)


def _told(image: ImageRecord, order: ImageOrder, room: int) -> str:
    match order:
        case "name":
            return safe_text(image.image_name.removesuffix(".png"), limit=200)
        case "size":
            return size(image.file_size) if image.file_size else "size unknown"
        case "newest" | "oldest":
            return _day(image.created_at, room)
        case _:
            return f"{image.width}×{image.height}"


def _day(made: datetime, room: int) -> str:
    """As much of day and time as there is room for."""
    local = made.astimezone()
    full = f"{local:%Y-%m-%d %H:%M}"
    return full if room >= len(full) else f"{local:%Y-%m-%d}" if room >= 10 else f"{local:%m-%d}"
