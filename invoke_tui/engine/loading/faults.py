"""What can be wrong with a model's files, as errors that name the file and say what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import BadInputError, NotFoundError

REPAIR_HINT: Final = "The model's files are damaged or incomplete: install it again."


def missing(path: Path) -> NotFoundError:
    """A file that should be there."""
    return NotFoundError(f"{path} is missing.", hint=REPAIR_HINT, code="model_file_missing")


def damaged(path: Path, why: object) -> BadInputError:
    """A file that cannot be what it should be; ``why`` is a reason or an exception."""
    reason = (str(why).strip() or type(why).__name__).splitlines()[0].rstrip(".")
    return BadInputError(f"{path} cannot be read: {reason}.", hint=REPAIR_HINT, code="model_file_damaged")
