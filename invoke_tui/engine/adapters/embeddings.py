"""Textual inversions: words that a prompt writes as ``<name>`` and that stand for trained vectors.

Nothing is added to tokenizer or encoder. The words get ids below zero, which no vocabulary has, and while a prompt is
encoded the encoder's embedding looks those up in a table of their vectors. (Ids above the vocabulary would be taken for
the end of the text by encoders that look for the highest id.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.engine.loading.faults import damaged, missing
from invoke_tui.engine.loading.reader import Reader

_FOLDER_FILES: Final = ("learned_embeds.safetensors", "learned_embeds.bin")
_PAIR: Final = ("clip_l", "clip_g")


@dataclass(frozen=True)
class Embedding:
    """The vectors of a textual inversion by their width: one set for each kind of text encoder, (n, width)."""

    vectors: Mapping[int, Tensor]

    @property
    def size_bytes(self) -> int:
        """What the vectors take."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.vectors.values())


def load_embedding(path: Path, reader: Reader) -> Embedding:
    """Read an embedding of A1111, diffusers or SDXL. Raises ``BadInputError`` and ``NotFoundError``."""
    if path.is_dir():
        found = next((path / name for name in _FOLDER_FILES if (path / name).is_file()), None)
        if found is None:
            raise missing(path / _FOLDER_FILES[0])
        path = found
    weights = reader.open(path)
    tensors = weights.read(weights.shapes)
    named = [tensors[name] for name in _PAIR if name in tensors] or [
        tensor for name, tensor in tensors.items() if not name.startswith("string_to_token")
    ]
    vectors: dict[int, Tensor] = {}
    for tensor in named:
        if tensor.is_floating_point() and tensor.ndim in (1, 2) and tensor.numel():
            vectors.setdefault(tensor.shape[-1], tensor.reshape(-1, tensor.shape[-1]))
    if not vectors:
        raise damaged(path, "it holds no vectors")
    return Embedding(vectors)


@contextmanager
def with_embeddings(
    tokenizer: Any, encoder: nn.Module, embeddings: Sequence[tuple[ModelRecord, Embedding]]
) -> Iterator[Any]:
    """While inside, ``encoder`` knows the words of ``embeddings``; gives the tokenizer that writes them.

    An embedding that has no vectors for this encoder leaves its word as text.
    """
    layer: Any = encoder.get_input_embeddings()  # type: ignore[operator]
    words: dict[str, list[int]] = {}
    rows: list[Tensor] = []
    for record, embedding in embeddings:
        vectors = embedding.vectors.get(layer.embedding_dim)
        if vectors is None:
            continue
        ids = [-1 - number for number in range(len(rows), len(rows) + len(vectors))]
        words[f"<{record.name}>"] = words[f"<{record.key}>"] = ids
        rows += list(vectors)
    if not words:
        yield tokenizer
        return
    before = layer.__dict__.get("forward")
    layer.forward = _looking_up(layer.forward, torch.stack(rows))
    try:
        yield WordTokenizer(tokenizer, words)
    finally:
        if before is None:
            del layer.forward
        else:
            layer.forward = before


def _looking_up(inner: Any, table: Tensor) -> Any:
    def forward(ids: Tensor) -> Tensor:
        states: Tensor = inner(ids.clamp_min(0))
        own = table.to(states.device, states.dtype)[(-1 - ids).clamp_min(0)]
        return torch.where((ids < 0)[..., None], own, states)

    return forward


class WordTokenizer:
    """A CLIP tokenizer that knows some words more. For the rest of its manners ask the tokenizer itself."""

    def __init__(self, tokenizer: Any, words: Mapping[str, list[int]]) -> None:
        self._tokenizer = tokenizer
        self._words = words
        longest_first = sorted(words, key=len, reverse=True)
        self._pattern = re.compile("(" + "|".join(map(re.escape, longest_first)) + ")")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __call__(
        self,
        text: str | list[str],
        *,
        padding: str | bool = False,
        max_length: int | None = None,
        truncation: bool | None = False,
        return_tensors: str | None = None,
    ) -> Any:
        """Token ids with the marks at both ends, as the tokenizer itself gives them."""
        from transformers import BatchEncoding

        longest = max_length or self._tokenizer.model_max_length
        rows = [self._ids(one) for one in ([text] if isinstance(text, str) else text)]
        if truncation:
            rows = [row[: longest - 2] for row in rows]
        begin, end, pad = (self._tokenizer.bos_token_id, self._tokenizer.eos_token_id, self._pad())
        rows = [[begin, *row, end] for row in rows]
        if padding == "max_length":
            rows = [row + [pad] * (longest - len(row)) for row in rows]
        flat = rows[0] if isinstance(text, str) and return_tensors is None else rows
        return BatchEncoding({"input_ids": flat}, tensor_type=return_tensors)

    def convert_ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The tokens' texts; those of the words are told apart from sentence ends by being none."""
        known = self._tokenizer.convert_ids_to_tokens([max(one, 0) for one in ids])
        return ["<>" if one < 0 else token for one, token in zip(ids, known, strict=True)]

    def _pad(self) -> int:
        return int(self._tokenizer.pad_token_id)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = []
        for piece in self._pattern.split(text):
            if piece in self._words:
                ids += self._words[piece]
            elif piece.strip():
                ids += self._tokenizer(piece, add_special_tokens=False)["input_ids"]
        return ids
