"""Keys of earlier InvokeAI files: what became of them."""

from __future__ import annotations

from typing import Final

OBSOLETE: Final = frozenset({"convert_cache", "conf_path", "internet_available", "esrgan", "embedding_dir"})
"""Keys that 4.x files may still hold and that mean nothing any more."""

RENAMED: Final = {
    "outdir": "outputs_dir",
    "max_cache_size": "ram",
    "max_vram_cache_size": "vram",
    "conf_path": "legacy_models_yaml_path",
}
"""Version 3's name of a key, and today's."""


def renamed(name: str) -> str:
    """Return today's name of a key of version 3."""
    return RENAMED.get(name, name)
