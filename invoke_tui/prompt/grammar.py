r"""The lexical patterns of the prompt language, as InvokeAI (compel) reads it.

Parentheses, quotes, comma, period, plus, minus and equals are syntax; a backslash before one makes it
literal. A comma ends a word even where no space follows. A pattern takes time linear in what it consumes.

Read otherwise than by InvokeAI, on purpose:

* What it refuses (weights that do not match the prompts of a blend, text after a blend) is drawn literally and
  explained; ``()`` alone is an empty prompt.
* Text after ``.and(…)`` is not dropped: the whole is literal.
* ``[words]`` are left out, as InvokeAI's own guide says; its parser takes brackets for letters (of its recorded
  prompts this changes ``[low res] image``), and with them the ``++`` of ``[words]++``. ``\[`` is a bracket that is
  drawn.
* ``<lora:name:0.7>`` adds a LoRA and is not drawn (changes ``a <lora:foo:1>``); ``withLora(…)`` stays text.
* ``<an.embedding>`` is one word wherever it stands; InvokeAI takes it apart at the period inside parentheses.
* Double backslashes lose one level of escaping, not two, and ``\"`` never closes a quote.
* Weights are kept within a million.
"""

from __future__ import annotations

import re
from typing import Final

SPACES: Final = " \t\n\r\f\v"
_SYNTAX = r"""()\[\]",.+\-="""
_ESCAPE = rf"\\[{_SYNTAX}]"
_EMBEDDING = r"<[\w.\-]+>"
_UNSIGNED = r"(?:\d+\.\d*|\.\d+|\d+)"
_NUMBER = rf"[+-]?{_UNSIGNED}"
_LORA = rf"<lora:[^<>:\r\n]{{1,200}}(?::\s?{_NUMBER}\s?)?>"
_KEYWORD = r"[A-Za-z0-9_\-]+"
_OPTION = rf"(?>{_KEYWORD}\s*=\s*(?>{_NUMBER}|{_KEYWORD})|{_NUMBER}|{_KEYWORD})"

SPACE: Final = re.compile(rf"[{SPACES}]*")

_ATOM = (
    rf"{_EMBEDDING}"
    rf"|\\,(?!\S)|\\[()\[\]\".+\-=]"
    rf"|[+\-](?![{SPACES}{_SYNTAX}]|\Z)"
    rf"|\\(?![{_SYNTAX}])"
    rf"|[^{SPACES}{_SYNTAX}\\<]|(?!{_LORA})<"
)
WORD: Final = re.compile(rf"(?>(?>{_ATOM})+(?:\\,(?=\S))?|\\,(?=\S))")
"""A word free of syntax; only such a word can be weighted or swapped without parentheses."""

_PLAIN = rf"[^{SPACES}{_SYNTAX}\\<]+"
PLAIN: Final = re.compile(rf"(?>{_PLAIN}(?:-{_PLAIN})*+[,.]?)(?=[{SPACES}](?![{SPACES}.])|\Z)")
"""Most words of most prompts: nothing in or behind them can have a meaning, so nothing else is tried on them."""

_LETTERS = rf"(?>[^{SPACES},<]+|(?!{_LORA})<)*"
LITERAL: Final = re.compile(rf"{_LETTERS}(?:,(?!\S){_LETTERS})*(?:,(?=\S))?")
"""Anything up to the next space or comma."""

STEPS: Final = re.compile(r"\++|-+")
LOST_STEPS: Final = re.compile(rf"(?:\++|-+)(?=[{SPACES}{_SYNTAX}]|\Z)")
"""What would weigh words that are left out, and is left out with them."""
WEIGHT: Final = re.compile(rf"\++|-+|{_UNSIGNED}")
LORA: Final = re.compile(rf"<lora:([^<>:\r\n]{{1,200}})(?::\s?({_NUMBER})\s?)?>")
BRACKET: Final = re.compile(rf"\\[{_SYNTAX}]|{_LORA}|[\[\]]")
ATTEND: Final = re.compile(rf"\s*\.attend\s*\(\s*(\++|-+|{_UNSIGNED})\s*\)")
SWAP: Final = re.compile(r"\s*\.swap\s*\(")
JOIN: Final = re.compile(r"\s*\.(blend|and|add)\s*\(")
OPTIONS: Final = re.compile(rf"\s*(?:{_OPTION}(?:\s*,\s*{_OPTION})*)?\s*(?=\))")
OPTION: Final = re.compile(rf"(?>({_KEYWORD})\s*=\s*({_NUMBER}|{_KEYWORD})|({_NUMBER})|({_KEYWORD}))")
NUMBER: Final = re.compile(_NUMBER)
QUOTED: Final = re.compile(r'"((?>\\"|[^"\n\r])*)"')

PIECE: Final = re.compile(
    rf"(?P<escape>{_ESCAPE})|(?P<embedding>{_EMBEDDING})|(?P<literal>[()\[\]\"])"
    rf"|(?P<word>(?>[^()\[\]\"\\<]|\\(?![{_SYNTAX}])|<(?![\w.\-]+>))+)"
)
"""What a word is made of, for display."""
PIECES: Final = re.compile(r"[()\[\]\"\\<]")
"""Where this is not found, a word is one piece."""

OTHER_WEIGHT: Final = re.compile(rf":\s*({_NUMBER})\s*\)")
"""The end of ``(words:1.3)``, the weight syntax of another program."""

_UNESCAPED = re.compile(r'\\([()\[\]"])')
PLUS_STEP: Final = 1.1
MINUS_STEP: Final = 0.9
MOST_STEPS: Final = 200


def unescaped(text: str) -> str:
    """Take the backslash off brackets and quotes; InvokeAI leaves it before other characters."""
    return _UNESCAPED.sub(r"\1", text) if "\\" in text else text


def kept_characters(text: str) -> list[int]:
    """Which characters of ``text`` are those of ``unescaped(text)``."""
    dropped = {found.start() for found in _UNESCAPED.finditer(text)}
    return [at for at in range(len(text)) if at not in dropped]


def weight_of(mark: str) -> float:
    """The factor that ``++``, ``--`` or ``1.2`` stands for."""
    if mark[0] in "+-":
        return float((PLUS_STEP if mark[0] == "+" else MINUS_STEP) ** min(len(mark), MOST_STEPS))
    return float(mark)


WEIGHT_LIMIT: Final = 1e6


def bounded(weight: float) -> float:
    """A weight that cannot overflow on its way through the encoder."""
    return max(-WEIGHT_LIMIT, min(WEIGHT_LIMIT, weight))
