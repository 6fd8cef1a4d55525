"""What to press first, where there is nothing but the model that comes with the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.widgets import Static

from invoke_tui.tui.model_words import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke_tui.domain.models.records import ModelRecord


class ModelLaunchpad(Static):
    """Shown at the right, instead of the details of a list with nothing in it that a person chose."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(id="model-launchpad")
        self.needed = False
        """Whether it is to be shown."""

    def show_models(self, models: Sequence[ModelRecord]) -> None:
        """Which models there are."""
        self.needed = all(model.source == BUILT_IN for model in models)
        begin = (
            "Only the small starter model is here. It draws simple scenes."
            if models
            else "No model is here yet."
        )
        self.update(
            Content.assemble(
                ("◆\n\n", "$primary"),
                ("Get models to draw with\n", "bold"),
                (f"{begin}\n\n", "$text-muted"),
                *_key(
                    "s", "I have models", "scan the folder they are in: A1111, ComfyUI, InvokeAI or any other"
                ),
                *_key("i", "I have none", "install a starter bundle, or anything by path, address or hub id"),
                *_key("F1", "Help", "what the keys do here"),
            )
        )


def _key(key: str, what: str, how: str) -> list[tuple[str, str]]:
    return [(f"{key}", "bold $primary"), (f"  {what}\n", "bold"), (f"{how}\n\n", "$text-muted")]
