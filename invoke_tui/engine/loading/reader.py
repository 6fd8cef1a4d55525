"""Any file of weights by its ending: safetensors, GGUF, and pickles by way of a converted copy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from invoke_tui.engine.loading.pickles import converted
from invoke_tui.engine.loading.quantised import GgufFile
from invoke_tui.engine.loading.weights import Pieces, SafetensorsFile, Weights

PICKLES: Final = frozenset({".ckpt", ".pt", ".pth", ".bin"})


@dataclass(frozen=True)
class Reader:
    """How files are read here: into pinned memory for a GPU, and pickles converted once into ``cache``."""

    cache: Path
    pinned: bool = False
    keep_fp8: bool = False
    """Leave weights without scales in their 8 bits: whoever places the model widens them layer by layer."""

    def open(self, path: Path) -> Weights:
        """The weights in a file. Raises ``NotFoundError`` and ``BadInputError``."""
        suffix = path.suffix.lower()
        if suffix == ".gguf":
            return GgufFile(path)
        if suffix in PICKLES:
            path = converted(path, self.cache)
        return SafetensorsFile(path, pinned=self.pinned)

    def open_all(self, paths: list[Path]) -> Weights:
        """One file, or the pieces of a model as one."""
        if len(paths) == 1:
            return self.open(paths[0])
        return Pieces([self.open(path) for path in paths])
