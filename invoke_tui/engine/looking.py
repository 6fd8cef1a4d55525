"""Picture tools as the engine runs them: from the cache, shown one picture at a time."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.engine.decode import NotFiniteError
from invoke_tui.engine.hooks import RunHooks
from invoke_tui.engine.memory.ladder import Effort, Ladder
from invoke_tui.engine.store import ModelStore
from invoke_tui.engine.vision.tool import Numbers, at_most

BYTES_PER_PIXEL = 1536
"""What the widest of them holds of each pixel: HED, two layers of 64 channels in float32 and what they are made in."""


class Lookers:
    """Runs the picture tools of one engine."""

    def __init__(self, store: ModelStore, ladder: Ladder, device: torch.device) -> None:
        self._store = store
        self._ladder = ladder
        self._device = device

    @torch.no_grad()
    def look(
        self, picture: Image.Image, model: ModelIdentifier, given: Numbers | None, hooks: RunHooks
    ) -> Numbers:
        """What the tool ``model`` sees (``engine.vision``). Raises ``NotFiniteError`` where that is no numbers."""
        hooks.check_cancel()
        hooks.progress(0, 1, "Looking")
        shown = picture.convert("RGB")
        width, height = at_most(shown.size)
        needed = width * height * BYTES_PER_PIXEL

        def attempt(_effort: Effort) -> Numbers:
            with self._store.tool(model, working_bytes=needed) as tool:
                return tool.look(shown, given, self._device)

        seen = self._ladder.climb(f"looking at {width} x {height} pixels", attempt, Effort(), needed=needed)
        if not np.isfinite(seen).all():
            raise NotFiniteError(f"{model.name} saw NaN.")
        hooks.progress(1, 1, "Looking")
        return seen
