"""A model's files on the disk: whether they can be used, and deleting them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.models.scan import ScanEntry

_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}")


def refuse_unusable(entry: ScanEntry, overrides: dict[str, Any]) -> None:
    """Only what can be read, and is known or said to be something, becomes a model. Raises ``BadInputError``."""
    key = overrides.get("key")
    if key is not None and not (isinstance(key, str) and _KEY.fullmatch(key)):
        raise BadInputError("A model's key is made of letters, digits and dashes.", code="bad_change")
    if entry.status == "unreadable":
        raise BadInputError(f"{entry.path} cannot be used: {entry.reason}", code="not_identified")
    if entry.type is ModelType.UNKNOWN and "type" not in overrides:
        raise BadInputError(
            f"What {entry.path} is could not be told: {entry.reason}",
            hint="Say what it is: its type, base and format.",
            code="not_identified",
        )


def delete_files(path: Path, folder: Path, key: str) -> None:
    """Remove a model's files: the folder that has its key for a name, else what its path says and the folders above
    that are empty then."""
    try:
        if path != folder / key and path.is_relative_to(folder / key):
            path = folder / key
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
        else:
            shutil.rmtree(path)
        for parent in path.parents:
            if parent == folder or not parent.is_relative_to(folder) or any(parent.iterdir()):
                break
            parent.rmdir()
    except OSError as error:
        if path.exists():
            raise BadInputError(
                f"{path} cannot be deleted: {error.strerror or error}.", code="not_deleted"
            ) from error


def usable(model: ModelRecord) -> ModelRecord:
    """The model, when its files are there. Raises ``NotFoundError``."""
    if model.missing or not Path(model.path).exists():
        raise NotFoundError(
            f"The files of the model {model.name} are gone: {model.path}.",
            hint="Put them back, or choose another model.",
            code="model_missing",
        )
    return model
