"""A tokenizer from its definition: the rules are those of transformers' CLIPTokenizer and T5Tokenizer (v5)."""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from typing import Any, Final

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.models.tokenizers import TokenizerDefinition
from invoke_tui.prompt.counting.clip import BEGIN, END, clip_vocabulary

_CLIP_WORDS: Final = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)
_UNKNOWN_PIECE: Final = 2
_KEPT: Final = 8


def build(definition: TokenizerDefinition) -> Any:
    """The ``tokenizers.Tokenizer`` of a definition. Raises ``BadInputError`` for one that makes none."""
    if definition.problem:
        raise BadInputError(definition.problem, code="bad_tokenizer")
    try:
        return _built(definition.scheme, definition.special, definition.digest, definition.data)
    except (KeyboardInterrupt, SystemExit, StudioError):
        raise
    except BaseException as error:  # a panic of the library is no Exception
        raise BadInputError(
            f"The tokenizer of {definition.encoder} is damaged: {str(error)[:200]}",
            hint="Install the model again.",
            code="bad_tokenizer",
        ) from error


@lru_cache(maxsize=_KEPT)
def _built(scheme: str, special: tuple[str, ...], digest: str, data: str | None) -> Any:
    if digest and data is None:
        raise ValueError("its word list did not come with it")
    if scheme == "json":
        from tokenizers import Tokenizer

        return Tokenizer.from_str(data or "")
    return _t5(json.loads(data or "{}"), special) if scheme == "t5" else _clip(data, special)


def _clip(data: str | None, special: tuple[str, ...]) -> Any:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    if data is None:
        vocabulary, merges = clip_vocabulary()
    else:
        words = json.loads(data)
        vocabulary, merges = words["vocab"], [(first, second) for first, second in words["merges"]]
    made = Tokenizer(
        models.BPE(
            vocab=vocabulary,
            merges=merges,
            continuing_subword_prefix="",
            end_of_word_suffix="</w>",
            fuse_unk=False,
            unk_token=END,
        )
    )
    made.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(_CLIP_WORDS), behavior="removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ])  # fmt: skip
    made.add_special_tokens([BEGIN, END, *special])
    return made


def _t5(words: dict[str, Any], special: tuple[str, ...]) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    pieces = [(str(piece), float(score)) for piece, score in words["vocab"]]
    made = Tokenizer(models.Unigram(pieces, unk_id=_UNKNOWN_PIECE, byte_fallback=False))
    if words.get("charsmap"):
        made.normalizer = normalizers.Precompiled(base64.b64decode(words["charsmap"]))
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(),
        pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True),
    ])  # fmt: skip
    made.add_special_tokens(list(special))
    return made
