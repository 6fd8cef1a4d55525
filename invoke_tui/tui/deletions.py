"""What was deleted last, wherever that was: a picture deleted in the viewer can be had back in the gallery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.images import Selection

UNDOS: Final = 50
"""Deletions that can be undone one after the other; the trash keeps the older ones, too."""
AT_ONCE: Final = 10_000
"""Names of pictures in one question to the studio."""
NOTHING: Final = "Nothing was deleted here. The trash is below the gallery's boards."


class Deletions:
    """Kept by the app. Both ways raise ``StudioError``."""

    def __init__(self) -> None:
        self._names: list[list[str]] = []

    async def delete(self, client: StudioClient, selection: Selection) -> str:
        """Into the trash; says so."""
        names = await client.delete_images(selection)
        self._names = [*self._names[1 - UNDOS :], names]
        return f"{counted(len(names))} in the trash. z has {'it' if len(names) == 1 else 'them'} back."

    async def undo(self, client: StudioClient) -> tuple[str, list[str]]:
        """Have what was deleted last back; says so, with the names, none where nothing was deleted."""
        from invoke_tui.domain.gallery.images import Selection

        if not self._names:
            return NOTHING, []
        names = self._names[-1]
        parts = [names[at : at + AT_ONCE] for at in range(0, len(names), AT_ONCE)]
        back = sum([await client.restore_images(Selection(names=part)) for part in parts])
        self._names.remove(names)
        return f"{counted(back)} back.", names


def counted(count: int) -> str:
    """``1 picture``, ``2 pictures``."""
    return "1 picture" if count == 1 else f"{count:,} pictures"
