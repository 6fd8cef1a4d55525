"""Text from outside is hostile: make it inert before it is shown, logged, copied or used as a name."""

from __future__ import annotations

import re
import unicodedata

# CSI, the string sequences (OSC, DCS, APC, PM, SOS) up to their end *or the end of the text*, then any other escape.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$|(?=\x1b))"
    r"|\x1b[ -/]*[0-~]?"
)
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
    "|[\U000e0000-\U000e007f]"
)
_MARK_RUN_LIMIT = 4
SHOWN_INSTEAD = "\ufffd"


def safe_text(text: object, *, limit: int = 4096, multiline: bool = False) -> str:
    """Return ``text`` with terminal escapes removed and every other control made visible.

    Escape sequences vanish whole; remaining C0/C1 controls, bidi overrides, zero-width characters and
    surrogates become U+FFFD; runs of combining marks are cut to four; the result has at most ``limit``
    characters. ``multiline`` keeps newlines and tabs, otherwise they become spaces. Markup is *not*
    escaped: give the result to widgets as ``Text``/``Content``, never as a markup string.
    """
    cut = str(text)[: limit * 4]
    cleaned = _UNSAFE.sub(SHOWN_INSTEAD, _ESCAPES.sub("", cut.replace("\r\n", "\n")))
    if not multiline:
        cleaned = cleaned.replace("\n", " ").replace("\t", " ")
    cleaned = _limit_mark_runs(unicodedata.normalize("NFC", cleaned))
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"


def _limit_mark_runs(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if unicodedata.combining(char) else 0
        if run <= _MARK_RUN_LIMIT:
            kept.append(char)
    return "".join(kept)
