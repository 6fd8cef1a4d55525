"""Tokenizers: from a model's folder, from a GGUF file's metadata, or CLIP's own where a file brings none."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from invoke_tui.engine.loading.build import library_class
from invoke_tui.engine.loading.faults import damaged, missing
from invoke_tui.engine.loading.files import read_json
from invoke_tui.prompt.counting.clip import CLIP_TOKENS, clip_vocabulary

_PLAIN: Final = ("PreTrainedTokenizerFast", "TokenizersBackend")
_FILES: Final = {
    "CLIPTokenizer": ("vocab.json", "merges.txt"),
    "T5Tokenizer": ("spiece.model",),
}


def folder_tokenizer(folder: Path, kind: str) -> Any:
    """The tokenizer in ``folder``: from a tokenizer.json if there is one, else the class ``kind`` from its files."""
    if not (folder / "tokenizer.json").is_file():
        for name in _FILES[kind]:
            if not (folder / name).is_file():
                raise missing(folder / name)
    config = folder / "tokenizer_config.json"
    plain = config.is_file() and read_json(config).get("tokenizer_class") in _PLAIN
    cls = library_class("transformers:PreTrainedTokenizerFast" if plain else f"transformers:{kind}")
    try:
        return cls.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise damaged(folder, error) from error


@cache
def clip_tokenizer(pad_token: str = "<|endoftext|>") -> Any:
    """OpenAI's CLIP tokenizer, the one of every Stable Diffusion and FLUX.1 model. SDXL's second pads with ``!``."""
    vocabulary, merges = clip_vocabulary()
    return library_class("transformers:CLIPTokenizer")(
        vocab=vocabulary, merges=merges, pad_token=pad_token, model_max_length=CLIP_TOKENS
    )


def gguf_tokenizer(tokens: list[str], scores: list[float], path: Path) -> Any:
    """T5's tokenizer from the pieces and their scores that a GGUF file holds."""
    import tokenizers as lib

    if not tokens or len(tokens) != len(scores):
        raise damaged(path, "it holds no tokenizer")
    raw = lib.Tokenizer(
        lib.models.Unigram(list(zip(tokens, scores, strict=True)), unk_id=_index(tokens, "<unk>", 2))
    )
    raw.normalizer = lib.normalizers.Sequence([
        lib.normalizers.Nmt(), lib.normalizers.NFKC(), lib.normalizers.Replace(lib.Regex(" {2,}"), " "),
    ])  # fmt: skip
    raw.pre_tokenizer = lib.pre_tokenizers.Metaspace()
    end = _index(tokens, "</s>", 1)
    raw.post_processor = lib.processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", end)])
    return library_class("transformers:PreTrainedTokenizerFast")(
        tokenizer_object=raw, eos_token="</s>", unk_token="<unk>", pad_token="<pad>"
    )


def _index(tokens: list[str], token: str, otherwise: int) -> int:
    return tokens.index(token) if token in tokens else otherwise
