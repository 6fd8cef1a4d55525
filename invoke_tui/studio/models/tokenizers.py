"""The tokenizers of a model's text encoders, read from its files for front ends to count with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.models.tokenizers import EncoderTraits, TokenizerDefinition
from invoke_tui.domain.text import safe_text
from invoke_tui.nodes.recipes import Cast
from invoke_tui.prompt.counting.clip import clip_vocabulary

LARGEST: Final = 16 * 2**20
"""Bytes of one file that are read; T5's tokenizer.json has 2.4 MB."""
_FOLDERS: Final = ("tokenizer", "tokenizer_2", "tokenizer_3")
_PLAIN: Final = ("PreTrainedTokenizerFast", "TokenizersBackend")
_SPECIAL: Final = ("bos_token", "eos_token", "unk_token", "pad_token")
_T5_SPECIAL: Final = ("</s>", "<unk>", "<pad>", *(f"<extra_id_{number}>" for number in range(100)))
_SPECIAL_LIMIT: Final = 2000


def tokenizers_of(cast: Cast, known: Collection[str] = ()) -> list[TokenizerDefinition]:
    """The tokenizer of every text encoder a cast plays with; without its data where its digest is ``known``.

    An encoder whose tokenizer cannot be read says why in ``problem``.
    """
    found = []
    for encoder in traits_of(cast.main).encoders:
        record = getattr(cast, encoder.role) if encoder.role else None
        own = encoder.component.replace("tokenizer", "text_encoder")
        if record is None and encoder.role and own not in cast.main.submodels:
            continue
        definition = _definition(encoder, record or cast.main, whole=record is not None)
        found.append(
            definition.model_copy(update={"data": None}) if definition.digest in known else definition
        )
    return found


def _definition(encoder: EncoderTraits, record: ModelRecord, *, whole: bool) -> TokenizerDefinition:
    begun = TokenizerDefinition(encoder=encoder.name, limit=encoder.limit, chunks=encoder.chunks)
    try:
        return begun.model_copy(update=_read_anew(Path(record.path), encoder, whole=whole))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, BadInputError) as error:
        why = safe_text(error, limit=200)
        return begun.model_copy(
            update={
                "problem": f"The tokenizer of {encoder.name} cannot be read: {why}",
                "scheme": encoder.kind,
            }
        )


def _read_anew(path: Path, encoder: EncoderTraits, *, whole: bool) -> dict[str, Any]:
    """What a folder says of its tokenizer, read again when its files change."""
    if not path.is_dir():
        if encoder.kind == "t5":
            raise BadInputError(f"{path.name} is one file, which brings no tokenizer.json.")
        return {"special": (encoder.pad,) if encoder.pad else ()}
    names = _FOLDERS if whole else (encoder.component,)
    folder = next((path / name for name in names if (path / name).is_dir()), path)
    stamps = tuple(
        (file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in sorted(folder.glob("*.*"))
    )
    return _read(folder, encoder.kind, stamps)


@lru_cache(maxsize=8)
def _read(folder: Path, kind: str, stamps: tuple[tuple[str, int, int], ...]) -> dict[str, Any]:
    del stamps  # they make it another call
    settings = _settings(folder)
    file = folder / "tokenizer.json"
    document = _json(file) if file.is_file() else None
    if document is not None and settings.get("tokenizer_class") in _PLAIN:
        return _told("json", (), document)
    special = [text for name in _SPECIAL if (text := _text(settings.get(name)))]
    if document is not None:
        special += [text for token in document.get("added_tokens", ()) if (text := _text(token))]
    if kind == "t5":
        if document is None:
            raise BadInputError("it has no tokenizer.json.")
        words = {"vocab": document["model"]["vocab"], "charsmap": _charsmap(document)}
        return _told("t5", (*special, *_T5_SPECIAL), words)
    vocabulary, merges = _clip_words(folder, document)
    if (vocabulary, merges) == clip_vocabulary():
        return {"special": _each_once(special)}
    return _told("clip", special, {"vocab": vocabulary, "merges": merges})


def _told(scheme: str, special: Collection[str], data: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    kept = _each_once(special)
    digest = hashlib.sha256(repr((scheme, kept)).encode() + text.encode("utf-8", "surrogatepass")).hexdigest()
    return {"scheme": scheme, "special": kept, "digest": digest, "data": text}


def _each_once(special: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(special))[:_SPECIAL_LIMIT]


def _settings(folder: Path) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            settings |= _json(folder / name)
    return settings


def _clip_words(
    folder: Path, document: dict[str, Any] | None
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    if document is not None:
        vocabulary, pairs = document["model"]["vocab"], document["model"]["merges"]
    else:
        vocabulary = _json(folder / "vocab.json")
        lines = _content(folder / "merges.txt").split("\n")
        pairs = [line for line in lines[lines[0].startswith("#version") :] if line.strip()]
    merges = [tuple(pair.split(" ") if isinstance(pair, str) else pair) for pair in pairs]
    if not all(len(pair) == 2 for pair in merges):
        raise BadInputError("its merges are no pairs.")
    return vocabulary, merges


def _charsmap(document: dict[str, Any]) -> str | None:
    normalizer = document.get("normalizer") or {}
    for one in normalizer.get("normalizers", [normalizer]):
        if one.get("type") == "Precompiled":
            return str(one["precompiled_charsmap"])
    return None


def _text(token: Any) -> str:
    """A special token, which is a text or a record of one."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else ""


def _json(path: Path) -> dict[str, Any]:
    document = json.loads(_content(path))
    if not isinstance(document, dict):
        raise BadInputError(f"{path.name} holds no JSON object.")
    return document


def _content(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadInputError(f"{path.name} is larger than {LARGEST // 2**20} MB.")
    return content.decode("utf-8")
