"""Runs graphs with the real engine in this process: no daemon, no sockets, pictures as they come."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.protocol import EngineSettings, ImageMade, ItemFailed, RunItem
from invoke_tui.worker.session import SessionRunner


class InProcess:
    """A session runner that keeps what it makes. ``images`` are the gallery: paths by name."""

    def __init__(self, engine: Any, models: dict[str, ModelRecord]) -> None:
        self.models = models
        self.images: dict[str, str] = {}
        self.made: list[tuple[ImageMade, Image.Image]] = []
        self.failed: ItemFailed | None = None
        settings = EngineSettings(device="cpu")
        self.runner = SessionRunner(
            engine,
            settings,
            self,
            must_stop=lambda _: False,
            was_canceled=lambda _: False,  # type: ignore[arg-type]
        )
        self._items = 0

    def send(self, message: Any, blob: bytes = b"") -> None:
        """What a worker tells the daemon."""
        if isinstance(message, ImageMade):
            self.made.append((message, Image.open(io.BytesIO(blob))))
        elif isinstance(message, ItemFailed):
            self.failed = message

    def send_droppable(self, message: Any, blob: bytes = b"") -> bool:
        """A preview."""
        return True

    log: Callable[..., None] = staticmethod(lambda *_: None)

    def add(self, name: str, picture: Image.Image, folder: Path) -> str:
        """Put a picture into the gallery."""
        path = folder / name
        picture.save(path)
        self.images[name] = str(path)
        return name

    def run(self, graph: Graph) -> Image.Image:
        """The one picture a graph makes."""
        self._items += 1
        self.made.clear()
        self.failed = None
        item = RunItem(
            item_id=self._items,
            attempt=1,
            session_id=f"s{self._items}",
            graph=graph,
            models=self.models,
            images=self.images,
        )
        self.runner.run(item)
        assert self.failed is None, f"{self.failed.message}\n{self.failed.traceback}"
        [(_, picture)] = self.made
        return picture
