"""The way of pictures to the machine in front of the person, with nothing between but the terminal.

kitty takes whole files, after asking (its file transfer protocol); iTerm2 downloads them. Every other terminal, and
any behind tmux, from where no answer comes back, is given a picture as text for the clipboard, where there is room
for a small one only. Nobody hears whether a clipboard took it.
"""

from __future__ import annotations

import base64
import io
import os
import re
import select
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from invoke_tui.domain.errors import BadInputError, CanceledError, StudioError
from invoke_tui.domain.files.decoding import small
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.pictures import tmux
from invoke_tui.tui.pictures.detect import probe, raw

Way = Literal["kitty", "iterm2", "clipboard"]

CLIPBOARD_LIMIT: Final = 74_994
"""Bytes for the clipboard that terminals take which take any: 100,000 characters with what stands around them."""
PATIENCE: Final = 120.0
"""Seconds a person has to allow it, and the terminal to take the rest."""
_ANSWER: Final = 2.0
"""Seconds for the answer to a cancellation."""
_LAST_WORD: Final = 0.3
"""Seconds in which a terminal says that putting the files in their place went wrong; that it went right it does not."""
_CHUNK: Final = 4096
_SIDES: Final = (1536, 1024, 768, 512, 384, 256)
_STATUS: Final = re.compile(rb"\x1b\]5113;([^\x07\x1b]*)(?:\x07|\x1b\\)")


@dataclass(frozen=True)
class File:
    """A file for the other side."""

    name: str
    data: bytes


def way_out(read_fd: int, write_fd: int, environ: Mapping[str, str] | None = None) -> Way:
    """What this terminal can be given. Asks it for its name, so nothing else may be reading from it."""
    if tmux.inside(os.environ if environ is None else environ):
        return "clipboard"
    name = probe(read_fd, write_fd).name.lower()
    if name.startswith("kitty"):
        return "kitty"
    return "iterm2" if name.startswith("iterm") else "clipboard"


def hand_over(files: Sequence[File], read_fd: int, write_fd: int, told: Callable[[str], None]) -> str:
    """Give files to the terminal and say, in a sentence, what became of them.

    Call it while nothing else reads from the terminal. ``told`` hears what goes on. Raises ``StudioError`` for what
    the terminal says, ``CanceledError`` where the person does not want it, ``BadInputError`` for what cannot be given.
    """
    count = f"{len(files)} files" if len(files) > 1 else files[0].name
    match way_out(read_fd, write_fd):
        case "kitty":
            told(f"kitty asks whether it may take {count}; ctrl+c gives up.")
            with raw(read_fd):
                _Session(read_fd, write_fd).send(files)
            return f"kitty put {count} into your home folder"
        case "iterm2":
            for file in files:
                _write(write_fd, _download(file))
            return f"iTerm2 downloads {count}"
    if len(files) > 1:
        raise BadInputError(
            "This terminal takes no files, and a clipboard holds one picture.",
            hint="Choose one, or export them and fetch the result with scp.",
            code="no_way",
        )
    text, size = as_text(files[0].data)
    put_into_clipboard(text, write_fd)
    smaller = f", as a WebP of {size[0]} x {size[1]} pixels: there is no room for more" if size else ""
    return f"this terminal takes no files: the picture went to the clipboard as a data: address{smaller}"


def put_into_clipboard(text: str, write_fd: int, environ: Mapping[str, str] | None = None) -> None:
    """A text for the clipboard of the machine in front of the person. Raises as ``clipboard_sequence``."""
    _write(write_fd, clipboard_sequence(text, environ))


def clipboard_sequence(text: str, environ: Mapping[str, str] | None = None) -> str:
    """OSC 52, through tmux where we are in one, which is asked. Raises ``BadInputError`` where tmux keeps it."""
    sequence = f"\x1b]52;c;{_encoded(text.encode(errors='replace'))}\x1b\\"
    if tmux.inside(os.environ if environ is None else environ) and not tmux.takes_clipboard():
        if not tmux.passes_through():
            raise BadInputError(
                "tmux does not let anything into the clipboard.",
                hint="'tmux set -s set-clipboard on' lets it.",
                code="no_clipboard",
            )
        sequence = tmux.wrap(sequence)
    return sequence


def as_text(data: bytes, limit: int = CLIPBOARD_LIMIT) -> tuple[str, tuple[int, int] | None]:
    """A picture as a ``data:`` address, which a browser's address line shows; the size where it had to be smaller."""
    kinds = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"RIFF": "webp"}
    kind = next((name for head, name in kinds.items() if data.startswith(head)), "")
    whole = _address(kind, data)
    if kind and len(whole) <= limit:
        return whole, None
    try:
        picture = small(io.BytesIO(data), max(_SIDES))
    except StudioError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on hostile bytes
        raise BadInputError("The picture cannot be read.", hint=type(error).__name__) from error
    for side in _SIDES:
        picture.thumbnail((side, side))
        packed = io.BytesIO()
        picture.save(packed, "WEBP", quality=80)
        address = _address("webp", packed.getvalue())
        if len(address) <= limit:
            return address, picture.size
    raise BadInputError("The picture does not fit into the terminal's clipboard.", code="too_large")


def _address(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{_encoded(data)}"


def _download(file: File) -> str:
    name, data = _encoded(file.name.encode()), _encoded(file.data)
    return f"\x1b]1337;File=name={name};size={len(file.data)};inline=0:{data}\x07"


class _Session:
    """Files to kitty, one session for all: announced, allowed by the person, sent in pieces, put in their place."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read, self._fd = read_fd, write_fd
        self._id = os.urandom(6).hex()
        self._heard = b""
        self._said: dict[str, str] = {}
        """The last word about each file; about the session under the empty name."""

    def send(self, files: Sequence[File]) -> None:
        """All of it. Raises as ``hand_over`` says."""
        try:
            self._tell("send")
            self._wait("", "OK")
            for number, file in enumerate(files):
                self._send(f"f{number}", file)
        except (KeyboardInterrupt, StudioError) as error:
            self._cancel()
            if isinstance(error, KeyboardInterrupt):
                raise CanceledError("Nothing was sent.") from None
            raise
        self._tell("finish")
        self._listen(_LAST_WORD)
        self._check("")

    def _cancel(self) -> None:
        """Call it off, and hear the answer: nobody else shall read it from the terminal. One that refused is gone."""
        if self._said.get("", "OK") != "OK":
            return
        self._tell("cancel")
        end = time.monotonic() + _ANSWER
        while self._said.get("") != "CANCELED" and (left := end - time.monotonic()) > 0:
            self._listen(left)

    def _send(self, file_id: str, file: File) -> None:
        self._tell("file", fid=file_id, n=_encoded(file.name.encode()), sz=str(len(file.data)))
        pieces = range(0, max(1, len(file.data)), _CHUNK)
        for start in pieces:
            last = start + _CHUNK >= len(file.data)
            self._tell(
                "end_data" if last else "data", fid=file_id, d=_encoded(file.data[start : start + _CHUNK])
            )
            self._listen(0)
            self._check(file_id)
        self._wait(file_id, "OK")

    def _tell(self, action: str, **values: str) -> None:
        told = {"ac": action, "id": self._id, **values}
        _write(self._fd, "\x1b]5113;" + ";".join(f"{key}={value}" for key, value in told.items()) + "\x1b\\")

    def _wait(self, about: str, wanted: str) -> None:
        end = time.monotonic() + PATIENCE
        while self._said.get(about) != wanted:
            left = end - time.monotonic()
            if left <= 0:
                raise StudioError("The terminal said nothing any more; nothing was sent.", code="no_answer")
            self._listen(left)
            self._check(about)

    def _check(self, about: str) -> None:
        """Raise what the terminal said went wrong with a file, or with all."""
        for key in ("", about):
            said = self._said.get(key, "")
            if said.startswith("EPERM"):
                raise CanceledError("The terminal was told not to take it.")
            if said not in ("", "OK", "STARTED", "PROGRESS"):
                raise StudioError(f"The terminal could not take it: {safe_text(said, limit=300)}.")

    def _listen(self, seconds: float) -> None:
        """Take in what the terminal says, waiting for a first word so long."""
        while select.select([self._read], [], [], seconds)[0]:
            more = os.read(self._read, 65_536)
            if not more:
                raise StudioError("The terminal is gone.", code="no_answer")
            self._heard += more
            seconds = 0
        end = 0
        for match in _STATUS.finditer(self._heard):
            end = match.end()
            values = dict(part.partition("=")[::2] for part in match[1].decode("ascii", "replace").split(";"))
            if values.get("id") == self._id and values.get("ac") == "status":
                self._said[values.get("fid", "")] = _decoded(values.get("st", ""))
        self._heard = self._heard[end:][-65_536:]


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode(errors="replace")
    except ValueError:
        return text


def _write(fd: int, text: str) -> None:
    data = memoryview(text.encode())
    while data:
        data = data[os.write(fd, data) :]
