"""Files that a verb reads and writes whole."""

from __future__ import annotations

import sys
from pathlib import Path

from invoke_tui.domain.errors import BadInputError, NotFoundError


def read_bounded(name: str, most: int) -> bytes:
    """A file's bytes, of - those of stdin; one more than ``most`` at the most, so that the reader can refuse."""
    if name == "-":
        return sys.stdin.buffer.read(most + 1)
    path = Path(name).expanduser()
    if not path.is_file():
        raise NotFoundError(f"{name}: there is no such file", code="no_file")
    try:
        with path.open("rb") as stream:
            return stream.read(most + 1)
    except OSError as error:
        raise BadInputError(f"{name}: {error.strerror}", code="cannot_read") from error


def write_text(name: str | None, text: str) -> str | None:
    """Write a file whole, or to stdout where no name is given; where it lies."""
    if name is None or name == "-":
        sys.stdout.write(text)
        return None
    from invoke_tui.cli.save import save

    return str(save(text.encode(), Path(name).expanduser()).absolute())
