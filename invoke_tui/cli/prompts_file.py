"""``--prompts-file``: one prompt a line."""

from __future__ import annotations

from invoke_tui.cli.files import read_bounded
from invoke_tui.prompt.lines import MOST_BYTES, prompt_lines


def read_prompts(name: str) -> list[str]:
    """The prompts of a file, or of stdin; empty lines and those that begin with ``#`` are skipped."""
    return [line.text for line in prompt_lines(read_bounded(name, MOST_BYTES), name).prompts]
