"""Tokens: the prompt cut into pieces that tile it exactly, each with the part it plays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from invoke_tui.prompt.grammar import PIECE
from invoke_tui.prompt.tree import AllOf, BlendOf, Node, Span, Swap, Word, walk


class TokenKind(StrEnum):
    """The part a piece of the prompt plays."""

    WORD = "word"
    SPACE = "space"
    ESCAPE = "escape"
    """A backslash and the syntax character it makes literal."""
    EMBEDDING = "embedding"
    """``<name>``"""
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


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` is exactly ``prompt[start:end]``."""

    start: int
    end: int
    kind: TokenKind
    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A token with the weight that applies where it stands."""

    start: int
    end: int
    kind: TokenKind
    weight: float


def tokens_of(tree: Node, text: str) -> tuple[Token, ...]:
    """The tokens of a parsed text."""
    return tuple(Token(p.start, p.end, p.kind, text[p.start : p.end]) for p in pieces_of(tree, text))


def pieces_of(tree: Node, text: str) -> list[Piece]:
    """The tokens of a parsed text with their effective weights."""
    marked: list[Piece] = []
    for node, weight in walk(tree):
        if isinstance(node, Word):
            marked.extend(_word_pieces(node, text, weight))
        else:
            marked.extend(Piece(*span, kind, weight) for span, kind in _marks(node))
    marked.sort(key=lambda piece: piece.start)
    return list(_filled(marked, len(text)))


def _marks(node: Node) -> Iterator[tuple[Span, TokenKind]]:
    quoted = getattr(node, "quoted", False)
    for span in node.brackets:
        yield span, TokenKind.QUOTE if quoted else TokenKind.BRACKET
    for span in node.operator:
        yield span, TokenKind.WEIGHT if not isinstance(node, Swap | BlendOf | AllOf) else TokenKind.OPERATOR
    if isinstance(node, Swap | BlendOf | AllOf) and node.arguments:
        yield node.arguments, TokenKind.ARGUMENT
    if isinstance(node, BlendOf | AllOf):
        for span in node.separators:
            yield span, TokenKind.SEPARATOR


def _word_pieces(word: Word, text: str, weight: float) -> Iterator[Piece]:
    for match in PIECE.finditer(text, word.start, word.end):
        kind = TokenKind(match.lastgroup or "word")
        if kind is TokenKind.LITERAL and not word.literal:
            kind = TokenKind.WORD
        yield Piece(match.start(), match.end(), kind, weight)


def _filled(marked: list[Piece], length: int) -> Iterator[Piece]:
    """Put the spaces between the pieces; a space within a group has the group's weight."""
    at, before = 0, 1.0
    for piece in marked:
        if piece.start > at:
            yield Piece(at, piece.start, TokenKind.SPACE, piece.weight if piece.weight == before else 1.0)
        yield piece
        at, before = piece.end, piece.weight
    if at < length:
        yield Piece(at, length, TokenKind.SPACE, 1.0)
