"""Places that are filled whole or not at all, and never in the place of something else unless that was asked for.

What an export leaves that was killed is removed by the next one to the same place: nobody holds its lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import BadInputError, NotFoundError

_PART: Final = ".part"


class WholeFile:
    """A file that is written beside its place and takes it at the end."""

    def __init__(self, place: Path, *, force: bool) -> None:
        self._place, self._force = place, force
        _check_parent(place)
        self._check()
        _sweep(place, place.parent)
        handle, part = tempfile.mkstemp(prefix=_hidden(place), suffix=_PART, dir=place.parent)
        self._part = Path(part)
        self.stream = os.fdopen(handle, "w+b")
        _lock(handle)

    def finish(self) -> Path:
        """Have it whole on the disk, in its place."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        self._check()
        self._part.chmod(0o666 & ~_umask())
        if not self._force:
            try:
                os.link(self._part, self._place)  # unlike a rename, never over what came meanwhile
            except FileExistsError:
                raise there_already(self._place) from None
            except OSError:  # a file system without links
                pass
            else:
                self._part.unlink()
                return self._place
        self._part.replace(self._place)
        return self._place

    def abandon(self) -> None:
        """Leave nothing."""
        with contextlib.suppress(OSError):
            self.stream.close()
        self._part.unlink(missing_ok=True)

    def _check(self) -> None:
        if self._place.is_dir():
            raise BadInputError(f"{self._place} is a folder.", hint="Name a file.", code="bad_output")
        if not self._force and os.path.lexists(self._place):
            raise there_already(self._place)


class WholeFolder:
    """A folder whose files all come at once. One that is there keeps what it holds."""

    def __init__(self, place: Path, *, force: bool) -> None:
        self._place, self._force = place, force
        self._new = not os.path.lexists(place)
        if not self._new and not place.is_dir():
            raise BadInputError(f"{place} is a file.", hint="Name a folder.", code="bad_output")
        _check_parent(place)
        beside = place.parent if self._new else place  # on the same disk as the files will be
        _sweep(place, beside)
        self._part = Path(tempfile.mkdtemp(prefix=_hidden(place), suffix=_PART, dir=beside))
        self._held: int | None = os.open(self._part, os.O_RDONLY)
        _lock(self._held)
        self._names: list[str] = []

    def add(self, name: str, data: bytes) -> None:
        """A file; ``name`` is relative and may hold folders."""
        self._check(name)
        part = self._part / name
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        self._names.append(name)

    def finish(self) -> Path:
        """Have all files in their place."""
        for name in self._names:
            self._check(name)
        if self._new:
            self._part.chmod(0o777 & ~_umask())
            self._part.rename(self._place)
            self._release()
            return self._place
        for name in self._names:
            (self._place / name).parent.mkdir(parents=True, exist_ok=True)
            (self._part / name).replace(self._place / name)
        self.abandon()
        return self._place

    def abandon(self) -> None:
        """Leave nothing."""
        shutil.rmtree(self._part, ignore_errors=True)
        self._release()

    def _release(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _check(self, name: str) -> None:
        if not self._new and not self._force and os.path.lexists(self._place / name):
            raise there_already(self._place / name)


def there_already(place: Path) -> BadInputError:
    """The error for a place that is taken."""
    return BadInputError(
        f"{place} is there already; nothing was written.",
        hint="Choose another place, or say that it shall be replaced (--force).",
        code="exists",
    )


def _check_parent(place: Path) -> None:
    if not place.parent.is_dir():
        raise NotFoundError(
            f"There is no folder {place.parent}.", hint="Make it first, or choose another.", code="no_folder"
        )
    if not os.access(place.parent, os.W_OK):
        raise BadInputError(f"The folder {place.parent} cannot be written.", code="bad_output")


def _hidden(place: Path) -> str:
    return f".{place.name[:40]}."


def _lock(handle: int) -> None:
    """Say that somebody is at work on it, until it is closed or the process is no more."""
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sweep(place: Path, beside: Path) -> None:
    """Remove what exports to this place left that were killed."""
    for part in beside.glob(f"{glob.escape(_hidden(place))}*{_PART}"):
        try:
            handle = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        except OSError:  # it is being written, or is somebody else's
            pass
        finally:
            os.close(handle)


def _umask() -> int:
    value = os.umask(0o077)
    os.umask(value)
    return value
