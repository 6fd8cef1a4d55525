"""The latest encoded prompts, so that a queue of one prompt encodes it once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from invoke_tui.engine.embeds import Conditioning

MOST: Final = 256
MOST_BYTES: Final = 128 * 2**20
"""Of conditioning that is kept: some 30 prompts of FLUX.1, hundreds of Stable Diffusion."""


class KeptConditioning:
    """Encoded prompts by what they were made of; the ones used longest ago go first."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[Hashable, Conditioning] = OrderedDict()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Conditioning | None:
        """What was made of the same before."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: Hashable, made: Conditioning) -> None:
        """Keep one, and forget others for it; one that is too large alone is not kept."""
        size = made.size_bytes
        if size > self._most_bytes:
            return
        self._kept[key] = made
        self.size_bytes += size
        while len(self._kept) > self._most or self.size_bytes > self._most_bytes:
            _, oldest = self._kept.popitem(last=False)
            self.size_bytes -= oldest.size_bytes

    def clear(self) -> None:
        """Forget them all."""
        self._kept.clear()
        self.size_bytes = 0
