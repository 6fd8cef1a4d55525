"""The field for a source."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input


class InstallSource(Input):
    """One line of text; down goes to the starter models."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "Starters", show=False, id="install_source.down"),
    ]

    def __init__(self) -> None:
        super().__init__(
            placeholder="a path, an address, org/repo, a Civitai page, or words to find a starter model",
            compact=True,
            max_length=4000,
            id="install-source",
        )
        self.help_text = (
            "Where the model comes from: a path, https://…, a repository of the hub (org/repo, org/repo:fp16, "
            "org/repo::folder/file), a page of Civitai, an AIR, the name of a starter model, or bundle:sdxl."
        )
