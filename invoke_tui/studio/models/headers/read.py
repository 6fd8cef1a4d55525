"""Reads the header of any model file, by what the file is and not by what it is called."""

from __future__ import annotations

from pathlib import Path

from invoke_tui.studio.models.headers import gguf, pickle, safetensors
from invoke_tui.studio.models.headers.header import Header, UnreadableError
from invoke_tui.studio.models.headers.source import opened, shown

_SEEN_BYTES = 16
_KNOWN_OTHERS = {
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"%PDF": "a PDF document",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a numpy array",
    b"PK\x05\x06": "an empty zip archive",
    b"\x7fELF": "a program",
}


def read_header(path: Path) -> Header:
    """The header of the model file at ``path``.

    Raises ``UnreadableError``, with one sentence that says why, for a file that is damaged, hostile, no model, or
    that the operating system does not let us read. No weights are read, and nothing in the file is run.
    """
    with opened(path) as source:
        if source.head.startswith(gguf.MAGIC):
            return gguf.read_from(source)
        # Before pickle: a safetensors header of 128 bytes begins with a pickle's first byte.
        if safetensors.looks_like(source.head):
            return safetensors.read_from(source)
        if source.head.startswith(pickle.MAGICS):
            return pickle.read_from(source)
        for magic, name in _KNOWN_OTHERS.items():
            if source.head.startswith(magic):
                raise UnreadableError(f"it is {name}, not a model")
        raise UnreadableError(f"it is no model file that is known here: it begins with {_seen(source.head)}")


def _seen(head: bytes) -> str:
    seen = head[:_SEEN_BYTES]
    if seen.isascii() and seen.decode("ascii").isprintable():
        return f"the text “{shown(seen.decode('ascii'))}”"
    return f"the bytes {seen.hex(' ')}"
