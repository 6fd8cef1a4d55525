"""What belongs to one item while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from PIL.Image import Image

from invoke_tui.domain.errors import CanceledError, NotFoundError
from invoke_tui.domain.graph.fields import ImageField
from invoke_tui.domain.protocol import EngineSettings, RunItem
from invoke_tui.nodes import images
from invoke_tui.worker.facade import EngineFacade
from invoke_tui.worker.link import Link
from invoke_tui.worker.previews import PreviewSender

_NUMBERS: Final = count(1)
"""Numbers the names of latents and conditioning; a name is never used twice in a process."""


@dataclass(frozen=True)
class Stored:
    """An object that edges name: conditioning, a mask, latents, which know the size of their picture."""

    value: Any
    width: int = 0
    height: int = 0


@dataclass
class ItemState:
    """What belongs to one item while it runs, and is let go of afterwards."""

    item: RunItem
    engine: EngineFacade
    settings: EngineSettings
    link: Link
    previews: PreviewSender
    must_stop: Callable[[int], bool]
    store: dict[str, Stored] = field(default_factory=dict)
    pictures: dict[str, Image] = field(default_factory=dict)
    """What was read or made so far, by name. Intermediate ones are nowhere else."""

    def keep(self, kind: str, stored: Stored) -> str:
        """Keep an object under a name of its own."""
        name = f"{kind}-{next(_NUMBERS)}"
        self.store[name] = stored
        return name

    def stored(self, name: str) -> Stored:
        """What was kept under ``name``."""
        found = self.store.get(name)
        if found is None:
            raise NotFoundError(
                f"There is nothing called {name} here.",
                hint="Latents, masks and conditioning live for one run only.",
            )
        return found

    def picture(self, image: ImageField) -> Image:
        """A picture of the gallery or of this run."""
        name = image.image_name
        if name not in self.pictures:
            path = self.item.images.get(name)
            if path is None:
                raise NotFoundError(f"There is no picture {name}.", hint="It may have been deleted.")
            self.pictures[name] = images.reading.open_picture(path)
        return self.pictures[name]

    def check_cancel(self) -> None:
        """Raise ``CanceledError`` when the item was canceled."""
        if self.must_stop(self.item.item_id):
            raise CanceledError("The item was canceled.")
