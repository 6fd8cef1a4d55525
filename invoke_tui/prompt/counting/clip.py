"""CLIP's standard word list, from the file that the ``clip`` package carries; the package stays unimported."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import NotFoundError

CLIP_TOKENS: Final = 77
MERGES: Final = 49152 - 256 - 2
BEGIN: Final = "<|startoftext|>"
END: Final = "<|endoftext|>"

Merges = list[tuple[str, str]]


def clip_vocabulary() -> tuple[dict[str, int], Merges]:
    """Tokens with their ids, and merges: 16 MB that nobody keeps. Raises ``NotFoundError`` where the package lacks."""
    spec = find_spec("clip")
    path = Path(spec.origin).parent / "bpe_simple_vocab_16e6.txt.gz" if spec and spec.origin else None
    if path is None or not path.is_file():
        raise NotFoundError(
            "CLIP's vocabulary is not installed.",
            hint="Install the package clip-anytorch, or use models that bring their tokenizer.",
            code="no_vocabulary",
        )
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").split("\n")[1 : MERGES + 1]
    merges = [(first, second) for first, _, second in (line.partition(" ") for line in lines)]
    letters = list(_byte_letters().values())
    tokens = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in merges)]
    tokens += [BEGIN, END]
    return {token: number for number, token in enumerate(tokens)}, merges


def _byte_letters() -> dict[int, str]:
    """A printable letter for each byte, in the order of GPT-2's byte-level vocabulary."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {
        byte: chr(256 + number) for number, byte in enumerate(others)
    }
