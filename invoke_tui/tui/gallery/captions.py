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
    """As much of day and time as there is room for; in this week a day's name says more than its date."""
    local, now = made.astimezone(), datetime.now().astimezone()
    days = (now.date() - local.date()).days
    near = [f"today {local:%H:%M}", f"{local:%H:%M}"] if days == 0 else [f"{local:%a %H:%M}"]
    told = [*(near if 0 <= days < 7 else []), f"{local:%Y-%m-%d %H:%M}", f"{local:%Y-%m-%d}"]
    return next((text for text in told if len(text) <= room), f"{local:%m-%d}")
