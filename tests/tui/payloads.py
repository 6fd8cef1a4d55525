"""Text that attacks terminals, parsers of markup, and patience."""

from __future__ import annotations

PAYLOADS = (
    "\x1b]52;c;UFdORUQ=\x07", "\x1b]0;t\x07", "\x1b]8;;http://evil\x1b\\x\x1b]8;;\x1b\\", "\x1bP+q\x1b\\",
    "\x1b_Ga=d\x1b\\",    "\x1b[2J", "\x1b[6n", "\x1b[?1049l", "\x1bc",
    "\x9b2J", "\x9d52;c;QQ==\x9c", "\x1b]", "a\u202egnp.exe", "x\ry",
    "[/]", "[@click=app.quit]x[/]", "[bold", "$primary", "a" + "\u0301" * 10_000, "\ud800", "l" * 1_000_000,
)  # fmt: skip
