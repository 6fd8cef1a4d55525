"""How a model's text encoders cut a prompt into tokens, so that any front end can count them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from invoke_tui.domain.base import Record


class EncoderTraits(Record):
    """One text encoder of a family of models."""

    name: str = Field(description="What people call it, e.g. CLIP-L")
    kind: Literal["clip", "t5"] = "clip"
    component: str = Field(default="tokenizer", description="Its tokenizer among the components of a model")
    role: str | None = Field(default=None, description="The field of a request that names one in its place")
    tokens: int = Field(default=77, description="What it reads at once, the marks at the ends included")
    chunks: bool = Field(default=True, description="Whether it reads long prompts piece by piece")
    pad: str | None = Field(
        default=None, description="The mark after a short prompt, where it is not the end's"
    )

    @property
    def limit(self) -> int:
        """Tokens of a prompt that fit: CLIP marks both ends, T5 the last one."""
        return self.tokens - (2 if self.kind == "clip" else 1)


class TokenizerDefinition(Record):
    """All that is needed to count what one text encoder reads.

    ``scheme`` says how text is cut: by CLIP's or T5's rules with the word list in ``data``, or all as the
    tokenizer.json in ``data`` says. Without a ``digest`` it is CLIP's standard word list, which every machine has.
    """

    encoder: str
    scheme: Literal["clip", "t5", "json"] = "clip"
    limit: int
    chunks: bool
    special: tuple[str, ...] = Field(default=(), description="Texts that are one token wherever they stand")
    digest: str = ""
    data: str | None = Field(
        default=None, description="JSON; absent where the asker has what the digest names"
    )
    problem: str | None = Field(default=None, description="Why this encoder's tokens cannot be counted")


class ModelTokenizers(Record):
    """The tokenizers of all the text encoders a model plays with, and the embeddings that its prompts may name."""

    encoders: tuple[TokenizerDefinition, ...]
    embeddings: dict[str, int] = Field(default={}, description="Name, and vectors: so many tokens it takes")
