"""Tokens: the prompt cut into pieces that tile it exactly, each with the part it plays."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from invoke_tui.prompt.grammar import PIECE, PIECES
from invoke_tui.prompt.tree import (
    AllOf,
    BlendOf,
    Group,
    Ignored,
    LoRATag,
    Node,
    Prompt,
    Span,
    Swap,
    Word,
    walk,
)


class TokenKind(StrEnum):
    """The part a piece of the prompt plays."""

    WORD = "word"
    SPACE = "space"
    ESCAPE = "escape"
    """A backslash and the syntax character it makes literal."""
    EMBEDDING = "embedding"
    """``<name>``"""
    LORA = "lora"
    """``<lora:name:0.7>``"""
    IGNORED = "ignored"
    """Words in ``[brackets]``, and the brackets."""
    BRACKET = "bracket"
    """A parenthesis that groups."""
    QUOTE = "quote"
    """A quotation mark that groups."""
    WEIGHT = "weight"
    """``++``, ``--``, ``1.2`` or ``.attend(1.2)`` after what it weighs."""
    OPERATOR = "operator"
    """``.blend(``, ``.and(``, ``.swap(`` and the parenthesis that ends them."""
    ARGUMENT = "argument"
    """What stands between an operator's parentheses."""
    SEPARATOR = "separator"
    """A comma between the prompts of a blend or conjunction."""
    LITERAL = "literal"
    """Syntax that could not be read as such and is drawn as it stands."""
    BRACE = "brace"
    """``{`` and ``}`` of a choice. This and what follows comes from ``highlight`` only."""
    BAR = "bar"
    COUNT = "count"
    """``2$$`` or ``1-3$$ and $$``: how many of a choice."""
    WILDCARD = "wildcard"
    VARIABLE = "variable"
    COMMENT = "comment"


class Token(NamedTuple):
    """``text`` is exactly ``prompt[start:end]``; ``weight`` is the product of all the groups around it."""

    start: int
    end: int
    kind: TokenKind
    text: str
    weight: float = 1.0
    ignored: bool = False
    """Within ``[brackets]``; words are then of the kind IGNORED, what weighs them keeps its own."""


_DRAWN = frozenset({TokenKind.WORD, TokenKind.ESCAPE, TokenKind.EMBEDDING, TokenKind.LITERAL, TokenKind.LORA})
_Piece = tuple[int, int, TokenKind, float]


def tokens_of(tree: Node, text: str) -> tuple[Token, ...]:
    """The tokens of a parsed text."""
    pieces: list[_Piece] = []
    ignored: list[Span] = []
    for node, weight in walk(tree):
        if isinstance(node, Ignored) and (not ignored or node.start >= ignored[-1].end):
            ignored.append(Span(node.start, node.end))
        if isinstance(node, Word):
            _add_word(pieces, node, text, weight)
        else:
            pieces.extend((start, end, kind, weight) for (start, end), kind in _marks(node))
    pieces.sort()
    tokens = tuple(_tiled(pieces, text))
    return tuple(_marked(tokens, ignored)) if ignored else tokens


def _marked(tokens: tuple[Token, ...], ignored: list[Span]) -> Iterator[Token]:
    """The tokens, with those between ignored brackets marked as such."""
    spans = iter([*ignored, None])
    span = next(spans)
    for token in tokens:
        while span and token.start >= span.end:
            span = next(spans)
        if span and token.start >= span.start:
            kind = TokenKind.IGNORED if token.kind in _DRAWN else token.kind
            yield token._replace(kind=kind, ignored=True)
        else:
            yield token


def _marks(
    node: Group | Ignored | LoRATag | Swap | Prompt | BlendOf | AllOf,
) -> Iterator[tuple[Span, TokenKind]]:
    match node:
        case Group():
            for span in node.brackets:
                yield span, TokenKind.QUOTE if node.quoted else TokenKind.BRACKET
            if node.mark:
                yield node.mark, TokenKind.WEIGHT
        case Ignored():
            for span in (*node.brackets, *([node.mark] if node.mark else [])):
                yield span, TokenKind.IGNORED
        case LoRATag():
            yield Span(node.start, node.end), TokenKind.LORA
        case Swap() | BlendOf() | AllOf():
            for span in node.operator:
                yield span, TokenKind.OPERATOR
            if node.arguments:
                yield node.arguments, TokenKind.ARGUMENT
    if isinstance(node, BlendOf | AllOf):
        for span in node.brackets:
            yield span, TokenKind.BRACKET
        for span in node.separators:
            yield span, TokenKind.SEPARATOR


def _add_word(pieces: list[_Piece], word: Word, text: str, weight: float) -> None:
    if not PIECES.search(text, word.start, word.end):
        pieces.append((word.start, word.end, TokenKind.WORD, weight))
        return
    for match in PIECE.finditer(text, word.start, word.end):
        kind = TokenKind(match.lastgroup or "word")
        pieces.append(
            (*match.span(), kind if word.literal or kind != TokenKind.LITERAL else TokenKind.WORD, weight)
        )


def _tiled(pieces: list[_Piece], text: str) -> Iterator[Token]:
    """Put the spaces between the pieces; a space within a group has the group's weight."""
    at, before = 0, 1.0
    for start, end, kind, weight in pieces:
        if start > at:
            yield Token(at, start, TokenKind.SPACE, text[at:start], weight if weight == before else 1.0)
        if end > start:
            yield Token(start, end, kind, text[start:end], weight)
        at, before = end, weight
    if at < len(text):
        yield Token(at, len(text), TokenKind.SPACE, text[at:])
