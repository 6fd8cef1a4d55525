"""How many vectors an embedding has, which is how many tokens its name takes in a prompt."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.studio.models.headers.header import UnreadableError
from invoke_tui.studio.models.headers.read import read_header

_FOLDER_FILES = ("learned_embeds.safetensors", "learned_embeds.bin")


def vectors_of(embeddings: Iterable[ModelRecord]) -> dict[str, int]:
    """The vectors of each embedding by its name; those whose file cannot be read are left out."""
    counted = ((record.name, _vectors(Path(record.path), record.fingerprint)) for record in embeddings)
    return {name: vectors for name, vectors in counted if vectors}


@lru_cache(maxsize=1024)
def _vectors(path: Path, fingerprint: str) -> int:
    del fingerprint  # another content is another call
    if path.is_dir():
        path = next((path / name for name in _FOLDER_FILES if (path / name).is_file()), path)
    try:
        tensors = read_header(path).tensors
    except (UnreadableError, OSError):
        return 0
    shapes = [info.shape for name, info in tensors.items() if not name.startswith("string_to_token")]
    shape = next((shape for shape in shapes if len(shape) in (1, 2)), ())
    return shape[0] if len(shape) == 2 else len(shape)
