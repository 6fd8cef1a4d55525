"""Alt with a digit or enter, as terminals without the kitty keyboard protocol send it: escape, then the key.

Textual reads these digits as the characters an Apple keyboard types with Option (``alt+1`` as ``¡``) and ``alt+enter``
as plain enter. A character typed on such a keyboard arrives as that character and not as an escape, so reading the
escape as alt loses nothing.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS


@dataclass(frozen=True)
class _Key:
    """What the parser's table holds: something with a ``value`` that names the key."""

    value: str


def read_alt_keys() -> None:
    """Teach Textual's parser the keys above. Doing it twice changes nothing."""
    table = cast("dict[str, tuple[_Key, ...]]", ANSI_SEQUENCES_KEYS)
    for digit in string.digits:
        table[f"\x1b{digit}"] = (_Key(f"alt+{digit}"),)
    table["\x1b\r"] = (_Key("alt+enter"),)
