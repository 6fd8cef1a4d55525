"""What is the same in all the prompts of a dynamic prompt, so that an eye finds what is not."""

from __future__ import annotations

from invoke_tui.prompt.dynamic.scan import PartKind, scan

Span = tuple[int, int]


def fixed(text: str) -> tuple[str, ...]:
    """The pieces of a dynamic prompt that stand in each of its prompts, in order."""
    pieces: list[str] = [""]
    depth = at = 0
    for part in scan(text).parts:
        if depth == 0:
            pieces[-1] += text[at : part.start]
        at = part.end
        piece = text[part.start : part.end]
        closes = piece.endswith("}")
        if part.kind is PartKind.ESCAPE:
            pieces[-1] += piece[1:] if depth == 0 else ""
        elif closes and not piece.startswith("${"):
            depth = max(0, depth - 1)
        elif part.kind in (PartKind.BRACE, PartKind.VARIABLE, PartKind.WILDCARD):
            if depth == 0:
                pieces.append("")
            depth += not closes and part.kind is not PartKind.WILDCARD
    return (*pieces[:-1], pieces[-1] + (text[at:] if depth == 0 else ""))


def varying(prompt: str, pieces: tuple[str, ...]) -> list[Span]:
    """Where a prompt is not made of ``pieces``, which are those of ``fixed``; linear in its length."""
    found: list[Span] = []
    at = 0
    for number, piece in enumerate(pieces):
        if not piece:
            continue
        start = prompt.rfind(piece, at) if number == len(pieces) - 1 else prompt.find(piece, at)
        if start < 0:
            continue
        if start > at:
            found.append((at, start))
        at = start + len(piece)
    return [*found, (at, len(prompt))] if at < len(prompt) else found
