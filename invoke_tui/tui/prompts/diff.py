"""Two texts side by side in words: what went, what came."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

from textual.content import Content

from invoke_tui.domain.text import safe_text

MOST_WORDS: Final = 4_000
"""Words above which nothing is compared; comparing takes time with their square."""
_WORD = re.compile(r"\w+|\s+|[^\w\s]")


def compared(before: str, after: str) -> tuple[Content, Content]:
    """Both texts, with what is only in the first in red and what is only in the second in green."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) + len(new) > MOST_WORDS:
        return Content(_safe(before)), Content(_safe(after))
    left: list[tuple[str, str]] = []
    right: list[tuple[str, str]] = []
    for same, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        left.append((_safe("".join(old[a:b])), "" if same == "equal" else "$text-error underline"))
        right.append((_safe("".join(new[c:d])), "" if same == "equal" else "$text-success bold"))
    return Content.assemble(*filter(_any, left)), Content.assemble(*filter(_any, right))


def _any(part: tuple[str, str]) -> bool:
    return bool(part[0])


def _safe(text: str) -> str:
    return safe_text(text, limit=200_000, multiline=True)
