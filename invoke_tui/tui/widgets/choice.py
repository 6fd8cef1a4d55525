"""A choice among the values of a field."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Select

from invoke_tui.tui.form_spec import FieldSpec


class Choice(Select[str]):
    """A choice among texts; the first line means "as the model asks"."""

    def __init__(self, field: FieldSpec, value: str = "") -> None:
        options = [(Text(label), text) for label, text in field.choices]
        known = value in {text for _, text in field.choices}
        super().__init__(
            options,
            prompt=field.fallback or "automatic",
            value=value if known else Select.NULL,
            compact=True,
            id=f"field-{field.name}",
        )
        self.help_text = f"{field.help}. Enter opens the list, letters search in it."

    @property
    def chosen(self) -> str:
        """The value, or nothing."""
        return "" if self.is_blank() else str(self.value)

    def choose(self, value: str) -> None:
        """Another value; the first line where it is none of those offered."""
        known = value in {text for _, text in self._options}
        self.value = value if known else Select.NULL
