"""Upscaling as the engine does it: the network from the cache, in a number type it can bear, with less where needed."""

from __future__ import annotations

from typing import Final

import torch
from PIL import Image

from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.domain.request.upscaling import TILE_SIZE
from invoke_tui.engine.cancel import cancelable
from invoke_tui.engine.decode import NotFiniteError
from invoke_tui.engine.hooks import Log, RunHooks
from invoke_tui.engine.memory.ladder import Effort, Ladder
from invoke_tui.engine.store import ModelStore
from invoke_tui.engine.upscale import plan_passes, upscale, working_bytes

LAYERS: Final = frozenset({"Conv2d", "Linear"})
"""A tile can take a minute: these ask whether to go on."""
USUAL_SCALE: Final = 4
"""For the estimate of working memory, which is needed before the network is known."""


class Upscalers:
    """Runs the upscaling networks of one engine."""

    def __init__(
        self, store: ModelStore, ladder: Ladder, device: torch.device, dtype: torch.dtype, log: Log
    ) -> None:
        self._store = store
        self._ladder = ladder
        self._device = device
        self._dtype = dtype
        self._log = log

    def upscale(
        self,
        picture: Image.Image,
        model: ModelIdentifier,
        *,
        tile_size: int,
        scale: float | None,
        multiple_of_8: bool,
        hooks: RunHooks,
    ) -> Image.Image:
        """``picture`` once through ``model``, or until it is ``scale`` times as large (``engine.upscale``)."""

        def run(dtype: torch.dtype) -> Image.Image:
            def attempt(effort: Effort) -> Image.Image:
                tile = min(TILE_SIZE, tile_size or TILE_SIZE) // 2 if effort.tiled else tile_size
                working = working_bytes(tile, picture.size, USUAL_SCALE, dtype.itemsize)
                with (
                    self._store.upscaler(model, dtype=dtype, working_bytes=working) as upscaler,
                    cancelable(hooks.check_cancel, upscaler, blocks=LAYERS),
                ):
                    passes = plan_passes(picture.size, upscaler.scale, scale, multiple_of_8=multiple_of_8)
                    return upscale(
                        upscaler, picture, passes, tile_size=tile, device=self._device, hooks=hooks
                    )

            needed = working_bytes(tile_size, picture.size, USUAL_SCALE, dtype.itemsize)
            doing = f"upscaling {picture.width} x {picture.height} pixels"
            return self._ladder.climb(doing, attempt, Effort(tiled=False), needed=needed)

        hooks.check_cancel()
        try:
            return run(self._dtype)
        except NotFiniteError as error:
            if self._dtype is torch.float32:
                raise
            self._log("warning", f"{error.message} Upscaling again in float32.")
            return run(torch.float32)
