"""Files to the machine in front of the person: what goes over the wire, and what is said where nothing can."""

from __future__ import annotations

import base64
import io
import os
import re
import threading
from collections.abc import Callable

import pytest
from PIL import Image

from invoke_tui.domain.errors import BadInputError, CanceledError, StudioError
from invoke_tui.tui.pictures import tmux
from invoke_tui.tui.pictures.handover import File, as_text, hand_over, put_into_clipboard

COMMAND = re.compile(rb"\x1b\]5113;([^\x1b]*)\x1b\\")
FENCE = b"\x1b[c"


class Terminal:
    """The other end of a pty. ``answer`` makes a word for the person's side of each command."""

    def __init__(self, name: bytes, answer: Callable[[dict[str, str]], str | None]) -> None:
        self._far, self.near = os.openpty()
        self._name, self._answer = name, answer
        self.files: dict[str, bytes] = {}
        self.names: dict[str, str] = {}
        self.said: list[str] = []
        self.heard = b""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        rest = b""
        while True:
            try:
                more = os.read(self._far, 65_536)
            except OSError:
                return
            self.heard += more
            rest += more
            if FENCE in rest:
                rest = rest.partition(FENCE)[2]
                os.write(self._far, b"\x1bP>|" + self._name + b"\x1b\\\x1b[?62;4c")
            for match in COMMAND.finditer(rest):
                self._take(dict(part.partition("=")[::2] for part in match[1].decode().split(";")))
            rest = rest[max((match.end() for match in COMMAND.finditer(rest)), default=0) :]

    def _take(self, command: dict[str, str]) -> None:
        self.said.append(command["ac"])
        file_id = command.get("fid", "")
        if "n" in command:
            self.names[file_id] = base64.b64decode(command["n"]).decode()
        if "d" in command:
            data = base64.b64decode(command["d"])
            assert len(data) <= 4096
            self.files[file_id] = self.files.get(file_id, b"") + data
        if (word := self._answer(command)) is not None:
            about = f"fid={file_id};" if file_id else ""
            status = base64.b64encode(word.encode()).decode()
            os.write(self._far, f"\x1b]5113;ac=status;id={command['id']};{about}st={status}\x1b\\".encode())


def willing(command: dict[str, str]) -> str | None:
    return {"send": "OK", "file": "STARTED", "data": "PROGRESS", "end_data": "OK"}.get(command["ac"])


@pytest.fixture
def told() -> list[str]:
    return []


def test_kitty_takes_whole_files(told: list[str]) -> None:
    kitty = Terminal(b"kitty(0.42.1)", willing)
    files = [File("fox.png", os.urandom(10_000)), File("empty.png", b"")]
    assert hand_over(files, kitty.near, kitty.near, told.append) == "kitty put 2 files into your home folder"
    assert list(kitty.files.values()) == [file.data for file in files]
    assert list(kitty.names.values()) == ["fox.png", "empty.png"]
    assert "asks whether it may" in told[0]


def test_a_file_that_cannot_be_written_calls_all_off(told: list[str]) -> None:
    words = {"send": "OK", "file": "ENOSPC:No space left", "cancel": "CANCELED"}
    kitty = Terminal(b"kitty(0.42.1)", lambda command: words.get(command["ac"]))
    with pytest.raises(StudioError, match="No space left"):
        hand_over([File("fox.png", os.urandom(50_000))], kitty.near, kitty.near, told.append)
    assert kitty.said[-1] == "cancel"


@pytest.mark.parametrize(
    ("word", "kind"),
    [("EPERM:User refused the transfer", CanceledError), ("EIO:No \x1b[31mroom", StudioError)],
)
def test_kitty_refuses(word: str, kind: type[StudioError], told: list[str]) -> None:
    kitty = Terminal(b"kitty(0.42.1)", lambda command: word if command["ac"] == "send" else None)
    with pytest.raises(kind) as refused:
        hand_over([File("fox.png", b"data")], kitty.near, kitty.near, told.append)
    assert "\x1b" not in refused.value.message
    assert kitty.files == {}


def test_other_terminals(told: list[str]) -> None:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(data, "PNG")
    fox = File("fox.png", data.getvalue())
    plain = Terminal(b"xterm(390)", willing)
    said = hand_over([fox], plain.near, plain.near, told.append)
    assert "takes no files" in said
    with pytest.raises(BadInputError, match="a clipboard holds one picture"):
        hand_over([fox, fox], plain.near, plain.near, told.append)
    iterm = Terminal(b"iTerm2 3.5.0", willing)
    assert hand_over([fox], iterm.near, iterm.near, told.append) == "iTerm2 downloads fox.png"
    assert plain.said == iterm.said == []


def test_a_picture_as_text_fits() -> None:
    data = io.BytesIO()
    Image.effect_noise((600, 400), 90).convert("RGB").save(data, "PNG")
    text, size = as_text(data.getvalue())
    assert len(text) <= 74_994
    assert size is not None
    head, _, packed = text.partition(",")
    assert head == "data:image/webp;base64"
    assert Image.open(io.BytesIO(base64.b64decode(packed))).size == size


def test_tmux_may_keep_the_clipboard(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = os.pipe()
    monkeypatch.setattr(tmux, "takes_clipboard", lambda: False)
    monkeypatch.setattr(tmux, "passes_through", lambda: False)
    with pytest.raises(BadInputError, match="tmux does not let anything"):
        put_into_clipboard("a fox", far, {"TMUX": "/tmp/x"})
    monkeypatch.setattr(tmux, "passes_through", lambda: True)
    put_into_clipboard("a fox", far, {"TMUX": "/tmp/x"})
    assert os.read(near, 100) == b"\x1bPtmux;\x1b\x1b]52;c;YSBmb3g=\x1b\x1b\\\x1b\\"
