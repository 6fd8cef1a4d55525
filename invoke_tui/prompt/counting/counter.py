"""``TokenCounter``: what a text encoder reads of a prompt, in numbers an editor can show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invoke_tui.domain.models.tokenizers import TokenizerDefinition
from invoke_tui.prompt.counting.build import build
from invoke_tui.prompt.counting.chunks import split
from invoke_tui.prompt.counting.tokens import Token, tokens_of
from invoke_tui.prompt.flatten import Fragment
from invoke_tui.prompt.heard import heard, heard_as_written


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is read at once: so many tokens of at most ``limit``, of the prompt's characters ``start`` to ``end``."""

    tokens: int
    limit: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PartCount:
    """One text that is encoded by itself: the whole prompt, or one of those in a blend or conjunction.

    After the character ``cut`` nothing of it is read; None where all is.
    """

    chunks: tuple[Chunk, ...]
    tokens: int
    cut: int | None = None

    @property
    def label(self) -> str:
        """``23/75``, ``75 + 12/75``, or ``91/75`` where it is cut."""
        limit = self.chunks[-1].limit
        if self.cut is not None:
            return f"{self.tokens}/{limit}"
        return " + ".join(str(chunk.tokens) for chunk in self.chunks) + f"/{limit}"


@dataclass(frozen=True, slots=True)
class Counted:
    """A prompt as one encoder reads it, part by part."""

    encoder: str
    parts: tuple[PartCount, ...]

    @property
    def label(self) -> str:
        """The parts' labels: ``23/75 | 5/75`` for a blend of two."""
        return " | ".join(part.label for part in self.parts)

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """All chunks in order."""
        return tuple(chunk for part in self.parts for chunk in part.chunks)

    @property
    def cut(self) -> int | None:
        """The first character after which something is not read."""
        return min((part.cut for part in self.parts if part.cut is not None), default=None)


class TokenCounter:
    """Counts for one text encoder. Raises ``BadInputError`` for a tokenizer that is damaged.

    Making one takes some 50 ms the first time, a count about a millisecond in a thousand words: both are for a thread.
    """

    def __init__(self, definition: TokenizerDefinition) -> None:
        self.definition = definition
        self._tokenizer: Any = build(definition)

    def count(
        self, prompt: str, *, truncate: bool = False, embeddings: Mapping[str, int] | None = None
    ) -> Counted:
        """Count a prompt. With ``truncate`` only the first chunk is read; ``embeddings`` are the names that the
        prompt may write as ``<name>`` and how many vectors, hence tokens, each stands for."""
        conjunction = heard(prompt) if self.definition.chunks else heard_as_written(prompt)
        parts = [
            self._part(fragments, prompt, truncate or not self.definition.chunks, embeddings or {})
            for part in conjunction.parts
            for fragments in part.prompts
        ]
        return Counted(self.definition.encoder, tuple(parts))

    def _part(
        self, fragments: Sequence[Fragment], prompt: str, truncate: bool, embeddings: Mapping[str, int]
    ) -> PartCount:
        tokens = list(tokens_of(fragments, prompt, self._tokenizer, embeddings))
        limit = self.definition.limit
        sizes = [min(len(tokens), limit)] if truncate else split([token.text for token in tokens], limit)
        chunks, at = [], 0
        for size in sizes:
            chunks.append(_chunk(tokens[at : at + size], limit, fragments))
            at += size
        cut = chunks[-1].end if at < len(tokens) else None
        return PartCount(tuple(chunks), len(tokens), cut)


def counters_of(definitions: Iterable[TokenizerDefinition]) -> list[TokenCounter]:
    """A counter for each encoder whose tokens can be counted."""
    return [TokenCounter(definition) for definition in definitions if definition.problem is None]


def _chunk(tokens: Sequence[Token], limit: int, fragments: Sequence[Fragment]) -> Chunk:
    if tokens:
        return Chunk(len(tokens), limit, tokens[0].start, tokens[-1].end)
    words = [word for fragment in fragments for word in fragment.words]
    start = words[0].start if words else 0
    return Chunk(0, limit, start, start)
