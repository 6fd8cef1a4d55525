"""``--out``: copies of finished pictures, whole or not at all, with their metadata inside."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import BadInputError, StudioError

_SUFFIX: Final = ".png"


@dataclass(frozen=True)
class Destination:
    """Where the pictures of one call go."""

    folder: Path
    stem: str | None
    """None: a folder was named, and every picture keeps its own name there."""
    numbered: bool = False

    @classmethod
    def parse(cls, text: str, count: int) -> Destination:
        """Understand FILE_OR_DIR before any work is done for it, and make the folder."""
        path = Path(text).expanduser()
        is_folder = path.is_dir() or text.endswith(("/", os.sep)) or not path.suffix
        if not is_folder and path.suffix.lower() != _SUFFIX:
            raise BadInputError(
                f"--out {text}: name it .png; a picture that is kept as WebP or JPEG gets its own ending",
                hint=f"Use {path.with_suffix(_SUFFIX)}, or a folder.",
                code="bad_output",
            )
        folder = path if is_folder else path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInputError(f"--out {text}: {error.strerror}", code="bad_output") from error
        if not os.access(folder, os.W_OK):
            raise BadInputError(f"--out {text}: the folder cannot be written", code="bad_output")
        return cls(folder, None) if is_folder else cls(folder, path.stem, numbered=count > 1)

    def path(self, image_name: str, number: int) -> Path:
        """Return the place of the ``number``-th picture; its ending says what the file is, whatever was asked for."""
        if self.stem is None:
            return self.folder / Path(image_name).name
        suffix = Path(image_name).suffix  # what image_format says
        return self.folder / (
            f"{self.stem}-{number:04d}{suffix}" if self.numbered else f"{self.stem}{suffix}"
        )


def save(data: bytes, path: Path) -> Path:
    """Write a picture so that a reader never sees half of it."""
    name = ""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise StudioError(
            f"cannot write {path}: {error.strerror}",
            hint="The picture is in the gallery: invoke-tui gallery list.",
            code="cannot_write",
        ) from error
    return path


def _umask() -> int:
    value = os.umask(0o077)
    os.umask(value)
    return value
