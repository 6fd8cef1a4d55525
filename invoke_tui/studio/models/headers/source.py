"""A model file, opened so that nothing about it can hang or surprise the reader."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.headers.header import UnreadableError

_HEAD_BYTES = 512
_NAME_LIMIT = 80
_WEB_PAGE = (b"<!doctype", b"<html", b"<head", b"<body", b"<script", b"<?xml", b"<!--")
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class Source:
    """An open file, how long it is, and how it begins; the file stands at its start."""

    file: BinaryIO
    size: int
    head: bytes

    def take(self, count: int, what: str) -> bytes:
        """Exactly ``count`` bytes, or the sentence that the file ends before ``what`` does."""
        if count > self.size - self.file.tell():
            raise UnreadableError(f"the file is truncated: it ends inside {what}")
        taken = self.file.read(count)
        if len(taken) != count:
            raise UnreadableError(f"the file became shorter while {what} was read")
        return taken


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open ``path`` for one reader; whatever the operating system says against it becomes an ``UnreadableError``."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableError("it is no plain file, but a pipe, a socket or a device")
            head = file.read(_HEAD_BYTES)
            file.seek(0)
            _refuse_what_is_no_model(head)
            yield Source(file, status.st_size, head)
    except IsADirectoryError as error:
        raise UnreadableError("it is a folder, not a model file") from error
    except OSError as error:
        raise UnreadableError(f"the file cannot be read: {shown(error.strerror or error)}") from error


def _without_waiting(path: str, flags: int) -> int:
    # a named pipe in a model folder must not keep the scan waiting for a writer
    return os.open(path, flags | os.O_NONBLOCK)


def shown(name: object) -> str:
    """A name from a file as it may stand in a sentence: inert, and never longer than a line."""
    return safe_text(name, limit=_NAME_LIMIT)


def _refuse_what_is_no_model(head: bytes) -> None:
    """The three things a failed download leaves behind under a model's name."""
    if not head:
        raise UnreadableError("the file is empty (0 bytes): the download never began")
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_WEB_PAGE):
        raise UnreadableError("this is a web page, not a model: the download needed a login")
    if head.startswith(_LFS_POINTER):
        raise UnreadableError(
            "this is a git-lfs pointer, not the model: run `git lfs pull` to fetch the model itself"
        )
