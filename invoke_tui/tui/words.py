"""Numbers as people read them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path


def bar(share: float, width: int) -> tuple[str, str]:
    """A bar of ``width`` cells: the filled part, to half a cell, and the rest; they differ without colour too."""
    halves = round(max(0.0, min(1.0, share)) * width * 2)
    filled = "━" * (halves // 2) + ("╸" if halves % 2 else "")
    return filled, "─" * (width - len(filled))


def duration(seconds: float) -> str:
    """``7s``, ``1:05``, ``2:03:00``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def gigabytes(count: int) -> str:
    """Bytes in GiB with one figure after the point below ten."""
    value = count / 2**30
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def when(moment: datetime, now: datetime) -> str:
    """A moment as people say it: ``yesterday 14:03``. Both have a time zone."""
    days = (now.date() - moment.date()).days
    if days in (0, 1):
        return f"{'yesterday' if days else 'today'} {moment:%H:%M}"
    if 1 < days < 7:
        return f"{moment:%A %H:%M}"
    return f"{moment.day} {moment:%b %H:%M}" if moment.year == now.year else f"{moment.day} {moment:%b %Y}"


def day(moment: datetime, now: datetime) -> str:
    """A day as people say it: ``yesterday``, ``Tuesday``, ``6 Jan 2026``. Both have a time zone."""
    days = (now.date() - moment.date()).days
    if days in (0, 1):
        return "yesterday" if days else "today"
    return f"{moment:%A}" if 1 < days < 7 else f"{moment.day} {moment:%b %Y}"


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in one unit."""
    seconds = max(0.0, (now - moment).total_seconds())
    for limit, unit, size in ((60, "s", 1), (3600, "min", 60), (86400, "h", 3600)):
        if seconds < limit:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds // 86400)} d"


def at_home(path: str) -> str:
    """A path with ``~`` for the person's own folder."""
    home = str(Path.home())
    return f"~{path[len(home) :]}" if home != "/" and f"{path}/".startswith(f"{home}/") else path


def size(count: float) -> str:
    """Bytes as people say them: ``812 MB``, ``6.9 GB``."""
    for unit in ("B", "kB", "MB"):
        if count < 999.5:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB" if count < 999.5 else f"{count / 1000:.1f} TB"
