"""Where the style sheets are: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import invoke_tui


@cache
def styles_folder() -> Path:
    """The folder with the ``.tcss`` files."""
    package = Path(invoke_tui.__file__).parent
    installed = package / "styles"
    return installed if installed.is_dir() else package.parent / "styles"


def style_sheet(name: str) -> Path:
    """One style sheet by its name without the suffix."""
    return styles_folder() / f"{name}.tcss"
