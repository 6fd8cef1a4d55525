"""The model that ships in the package, as a model of the list."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import invoke_tui
from invoke_tui.studio.models.intake import Look, look_at
from invoke_tui.studio.models.scan import examine

STARTER_NAME: Final = "starter"
STARTER_KEY: Final = str(uuid5(NAMESPACE_URL, "invoke-tui/starter"))


@lru_cache(maxsize=1)
def starter_look() -> Look:
    """What the package brings. Its path is found anew at every start: packages move."""
    entry = examine(Path(invoke_tui.__file__).parent / "starter" / "model")
    entry = entry.model_copy(
        update={
            "name": STARTER_NAME,
            "description": "The small model that comes with invoke-tui: simple scenes at 128 pixels.",
        }
    )
    return look_at(entry, about={"source": "invoke-tui"}, overrides={"key": STARTER_KEY}, moves=True)
