"""Where wildcard files lie."""

from __future__ import annotations

from pathlib import Path

from invoke_tui.config.paths import StudioPaths
from invoke_tui.config.settings import Settings


def wildcard_folders(settings: Settings, paths: StudioPaths) -> tuple[Path, ...]:
    """The studio's own folder first, then those of the setting; relative ones start at the data folder."""
    named = (paths.data_dir / folder.expanduser() for folder in settings.wildcards_dirs)
    return (paths.data_dir / "wildcards", *named)
