"""``--prompts-file``: one prompt a line."""

from __future__ import annotations

from typing import Final

from invoke_tui.cli.files import read_bounded
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.parameters import PROMPT_LIMIT

MOST_BYTES: Final = 16 * 2**20
MOST: Final = 10_000


def read_prompts(name: str) -> list[str]:
    """The prompts of a file; empty lines and those that begin with ``#`` are skipped."""
    data = read_bounded(name, MOST_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInputError(f"{name} is not UTF-8 text", code="bad_prompts") from error
    lines = [line.strip() for line in text.split("\n")]
    prompts = [line for line in lines if line and not line.startswith("#")]
    longest = max(map(len, prompts), default=0)
    if len(data) > MOST_BYTES or len(prompts) > MOST or longest > PROMPT_LIMIT:
        raise BadInputError(
            f"{name} is too large",
            hint=f"At most {MOST} lines and {MOST_BYTES // 2**20} MB.",
            code="bad_prompts",
        )
    if not prompts:
        raise BadInputError(f"{name} holds no prompts", hint="One prompt a line.", code="bad_prompts")
    return prompts
