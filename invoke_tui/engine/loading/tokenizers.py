"""Tokenizers: from a model's folder, from a GGUF file's metadata, or CLIP's own where a file brings none."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, lru_cache
from hashlib import blake2b
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
_SUFFIXES: Final = (".json", ".txt", ".model")


def folder_tokenizer(folder: Path, kind: str) -> Any:
    """The tokenizer in ``folder``: from a tokenizer.json if there is one, else the class ``kind`` from its files."""
    if not (folder / "tokenizer.json").is_file():
        for name in _FILES[kind]:
            if not (folder / name).is_file():
                raise missing(folder / name)
    config = folder / "tokenizer_config.json"
    plain = config.is_file() and read_json(config).get("tokenizer_class") in _PLAIN
    cls = "transformers:PreTrainedTokenizerFast" if plain else f"transformers:{kind}"
    try:
        return _read(_Folder(folder, cls, _digest(folder)))
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise damaged(folder, error) from error


@dataclass(frozen=True)
class _Folder:
    """A tokenizer's folder; it is the same as another one that holds the same."""

    path: Path = field(compare=False)
    cls: str
    digest: bytes


def _digest(folder: Path) -> bytes:
    found = blake2b()
    for path in sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file()):
        content = path.read_bytes()
        found.update(f"{path.name} {len(content)} ".encode())
        found.update(content)
    return found.digest()


@lru_cache(maxsize=4)
def _read(folder: _Folder) -> Any:
    """The tokenizer; reading takes a good part of a second, and most models bring one of the same three."""
    return library_class(folder.cls).from_pretrained(str(folder.path), local_files_only=True)


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
