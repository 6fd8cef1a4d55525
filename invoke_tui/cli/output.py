"""What a verb prints: for people, or exactly one JSON document; everything on the way goes to stderr."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.text import safe_text


class Output:
    """Prints results. Text from outside is made inert, and no markup is read in it."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    @property
    def on_terminal(self) -> bool:
        """Tell whether a person reads standard output right now."""
        return not self.as_json and sys.stdout.isatty()

    def result(self, document: dict[str, Any], lines: Iterable[str] = ()) -> None:
        """Print the outcome of a verb: the document, or the lines that tell people the same."""
        if self.as_json:
            self.json_line(document)
        else:
            for line in lines:
                self.line(line)

    def json_line(self, document: Any) -> None:
        """Print one JSON document. Pure ASCII: safe on every terminal and in every locale."""
        sys.stdout.write(json.dumps(document, ensure_ascii=True, default=str) + "\n")
        sys.stdout.flush()

    def line(self, text: str) -> None:
        """Print one line for people."""
        sys.stdout.write(safe_text(text, limit=100_000) + "\n")

    def note(self, text: str) -> None:
        """Say something on the way, on stderr."""
        sys.stderr.write(safe_text(text, limit=100_000, multiline=True) + "\n")
        sys.stderr.flush()

    def error(self, error: StudioError) -> None:
        """Print a failure: what happened and what to do next."""
        if self.as_json:
            self.json_line({"error": error.as_json()})
            return
        self.note(f"invoke-tui: {error.message}")
        if error.hint:
            self.note(f"  {error.hint}")

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
        """Return aligned lines; on a terminal none is longer than a line there."""
        from rich.cells import cell_len, set_cell_size

        cells = [[safe_text(cell, limit=1000) for cell in row] for row in (headings, *rows)]
        widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(set_cell_size(c, w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells
        ]
        if not self.on_terminal:
            return lines
        room = shutil.get_terminal_size().columns
        return [
            line if cell_len(line) <= room else set_cell_size(line, room - 1).rstrip() + "…" for line in lines
        ]
