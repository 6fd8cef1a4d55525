"""Builds the tokenizer: CLIP's byte-pair scheme, trained until every word of the captions is one token."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from invoke_tui.starter.captions import EXTRA_WORDS, PREFIXES, SUFFIXES, caption
from invoke_tui.starter.scenes import sample

BOS, EOS = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"
LENGTH = 77


def known_words(captions: int = 30_000) -> list[str]:
    """Every word that captions use, from many drawn at random and from the fixed lists, in order."""
    rng = random.Random(7)
    counts: Counter[str] = Counter()
    for _ in range(captions):
        counts.update(_words(caption(sample(rng), rng)))
    fixed: set[str] = set()
    for phrase in (*EXTRA_WORDS, *PREFIXES, *SUFFIXES):
        fixed.update(_words(phrase))
    frequent = {word for word, count in counts.items() if count > 3}
    return sorted(frequent | fixed)


def _words(text: str) -> list[str]:
    """Words as CLIP's splitting leaves them: letters together, every digit alone."""
    spaced = "".join(c if c.isalpha() else f" {c} " if c.isdigit() else " " for c in text.lower())
    return spaced.split()


def _byte_alphabet() -> list[str]:
    """The 256 printable characters that stand for bytes, in CLIP's order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]


def merges_for(words: Iterable[str]) -> list[tuple[str, str]]:
    """Byte-pair merges, most frequent pair first, until each word is one symbol."""
    parts = {word: [*word[:-1], word[-1] + WORD_END] for word in words}
    merges: list[tuple[str, str]] = []
    while True:
        pairs: Counter[tuple[str, str]] = Counter()
        for symbols in parts.values():
            pairs.update(itertools.pairwise(symbols))
        if not pairs:
            return merges
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word, symbols in parts.items():
            parts[word] = _merge(symbols, best)


def _merge(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    merged: list[str] = []
    i = 0
    while i < len(symbols):
        if tuple(symbols[i : i + 2]) == pair:
            merged.append(symbols[i] + symbols[i + 1])
            i += 2
        else:
            merged.append(symbols[i])
            i += 1
    return merged


def save_tokenizer(folder: Path) -> int:
    """Write vocab.json, merges.txt and the fast tokenizer's files; return the vocabulary's size."""
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    merges = merges_for(known_words())
    alphabet = _byte_alphabet()
    symbols = [
        *alphabet,
        *(c + WORD_END for c in alphabet),
        *dict.fromkeys(a + b for a, b in merges),
        BOS,
        EOS,
    ]
    (folder / "vocab.json").write_text(
        json.dumps({symbol: i for i, symbol in enumerate(symbols)}, ensure_ascii=False), encoding="utf-8"
    )
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tokenizer = CLIPTokenizer(
        vocab=str(folder / "vocab.json"),
        merges=str(folder / "merges.txt"),
        bos_token=BOS,
        eos_token=EOS,
        unk_token=EOS,
        pad_token=EOS,
        model_max_length=LENGTH,
    )
    tokenizer.save_pretrained(folder)
    return len(symbols)
