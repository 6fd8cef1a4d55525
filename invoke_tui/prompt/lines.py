"""A file of prompts: one a line; empty lines and those that begin with ``#`` are skipped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.request.parameters import PROMPT_LIMIT

MOST_BYTES: Final = 16 * 2**20
MOST: Final = 10_000
MOST_LINES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class PromptLine:
    """A prompt and the number of its line, from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class PromptLines:
    """The prompts of a file; ``skipped`` lines were empty or comments."""

    prompts: tuple[PromptLine, ...]
    skipped: int = 0

    def part(self, start_line: int = 1, max_prompts: int = 0) -> tuple[PromptLine, ...]:
        """Those from a line of the file on, at most so many; 0 is all."""
        found = tuple(prompt for prompt in self.prompts if prompt.number >= start_line)
        return found[:max_prompts] if max_prompts else found


def prompt_lines(data: bytes, name: str) -> PromptLines:
    """The prompts in a file's bytes. Raises ``BadInputError`` for what is none, or too large."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInputError(f"{name} is not UTF-8 text", code="bad_prompts") from error
    lines = text.split("\n", MOST_LINES)
    stripped = [PromptLine(number, line.strip()) for number, line in enumerate(lines, 1)]
    prompts = tuple(line for line in stripped if line.text and not line.text.startswith("#"))
    longest = max((len(line.text) for line in prompts), default=0)
    if len(data) > MOST_BYTES or len(prompts) > MOST or longest > PROMPT_LIMIT or len(lines) > MOST_LINES:
        raise BadInputError(
            f"{name} is too large",
            hint=f"At most {MOST} lines and {MOST_BYTES // 2**20} MB.",
            code="bad_prompts",
        )
    if not prompts:
        raise BadInputError(f"{name} holds no prompts", hint="One prompt a line.", code="bad_prompts")
    ended = 1 if not stripped[-1].text else 0  # what follows the last newline is no line
    return PromptLines(prompts, len(stripped) - len(prompts) - ended)


def read_prompt_lines(path: Path) -> PromptLines:
    """The prompts of a file. Raises ``StudioError`` with the reason where there are none."""
    if not path.is_file():
        raise NotFoundError(f"{path.name}: there is no such file", code="no_file")
    try:
        with path.open("rb") as stream:
            return prompt_lines(stream.read(MOST_BYTES + 1), path.name)
    except OSError as error:
        raise BadInputError(f"{path.name}: {error.strerror}", code="cannot_read") from error
