"""Pictures that are named on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.images import ImageCategory


async def in_gallery(client: StudioClient, named: str, category: ImageCategory, asked: str) -> str:
    """The gallery's name of a file, of a picture by its name, or of the ``last`` one. ``asked`` is the flag."""
    from invoke_tui.client.taking import take

    return (await take(client, named, category, asked=f"{asked} ")).image_name
