"""What Textual's reader of the terminal's input has to be taught.

Alt with a letter, a digit or enter, as terminals without the kitty keyboard protocol send it: escape, then the key.
Textual reads these digits as the characters an Apple keyboard types with Option (``alt+1`` as ``¡``), ``alt+enter`` as
plain enter, and most letters as two keys. A character typed on such a keyboard arrives as that character and not as an
escape, so reading the escape as alt loses nothing. ``alt+b`` and ``alt+f`` stay what they are to shells: a word back
and forth.

A paste is text. Textual takes an escape within one for keys, so that a pasted ``ESC ] q`` could leave the program.

Keys act in the order in which they were typed. In Textual a letter is written by the field that has the focus, but a
backspace or an arrow climbs to the application first: in a burst, letters overtake it, and it deletes one of them.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._parser import Parser
from textual._xterm_parser import XTermParser
from textual.events import Key
from textual.message import Message
from textual.widgets import Input, TextArea

ESCAPE: Final = "\x1b"
PASTE_START: Final = "\x1b[200~"
PASTE_END: Final = "\x1b[201~"


@dataclass(frozen=True)
class _Key:
    """What the parser's table holds: something with a ``value`` that names the key."""

    value: str


def read_alt_keys() -> None:
    """Teach Textual's parser the keys above. Doing it twice changes nothing."""
    table = cast("dict[str, tuple[_Key, ...]]", ANSI_SEQUENCES_KEYS)
    for digit in string.digits:
        table[f"\x1b{digit}"] = (_Key(f"alt+{digit}"),)
    for letter in string.ascii_lowercase:
        table.setdefault(f"\x1b{letter}", (_Key(f"alt+{letter}"),))
    table["\x1b\r"] = (_Key("alt+enter"),)
    table["\x1b/"] = (_Key("alt+slash"),)


class PasteGuard:
    """Takes the escapes out of pasted text, however the input is cut into pieces."""

    def __init__(self) -> None:
        self._inside = False
        self._held = ""

    def clean(self, data: str) -> str:
        """The next piece of input without them."""
        data, self._held = self._held + data, ""
        kept: list[str] = []
        while data:
            if not self._inside:
                before, start, data = data.partition(PASTE_START)
                kept += before, start
                self._inside = bool(start)
                continue
            text, end, rest = data.partition(PASTE_END)
            if not end:
                split = next((n for n in range(len(PASTE_END) - 1, 0, -1) if text.endswith(PASTE_END[:n])), 0)
                text, self._held = text[: len(text) - split], text[len(text) - split :]
            kept += text.replace(ESCAPE, ""), end
            self._inside = not end
            data = rest
        return "".join(kept)


def guard_pastes() -> None:
    """Make Textual's parser read pastes through a guard. Doing it twice changes nothing."""

    def feed(parser: XTermParser, data: str) -> Iterable[Message]:
        guard = parser.__dict__.setdefault("paste_guard", PasteGuard())
        cleaned = guard.clean(data)
        return Parser.feed(parser, cleaned) if cleaned or not data else ()

    XTermParser.feed = feed  # type: ignore[method-assign, assignment]


def act_in_turn() -> None:
    """Make text fields do at once what they bind themselves to a key. Doing it twice changes nothing."""
    for field in (Input, TextArea):
        written = field.__dict__["_on_key"]
        if getattr(written, "acts_in_turn", False):
            continue

        async def _on_key(self: Input | TextArea, event: Key, written: Any = written) -> None:
            if await _did_itself(self, event.key):
                event.stop()
                event.prevent_default()
            else:
                await written(self, event)

        _on_key.acts_in_turn = True  # type: ignore[attr-defined]
        field._on_key = _on_key  # type: ignore[method-assign]


async def _did_itself(field: Input | TextArea, key: str) -> bool:
    """Bindings with an id are ours: they may have other keys, and are looked up by the application."""
    for binding in field._bindings.key_to_bindings.get(key, ()):
        if binding.id is None and not binding.priority and await field.app.run_action(binding.action, field):
            return True
    return False
