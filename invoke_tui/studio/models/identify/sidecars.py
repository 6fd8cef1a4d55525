"""What lies beside a model, and what its metadata says for people: names, descriptions, trigger words, a picture."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.identify.folders import read_json

_PICTURES: Final = (
    ".preview.png", ".preview.jpg", ".preview.jpeg", ".preview.webp", ".png", ".jpg", ".jpeg", ".webp",
    ".thumb.jpg", ".swarm.jpg",
)  # fmt: skip
_PHRASES: Final = 64
_TAGS: Final = 16
_METADATA_LIMIT: Final = 2**20


@dataclass(frozen=True, slots=True)
class Card:
    """What people wrote about a model. All text is safe to show; empty means that nobody wrote anything."""

    name: str = ""
    description: str = ""
    trigger_phrases: tuple[str, ...] = ()
    preview: Path | None = None
    weight: float | None = None
    """The LoRA strength its author prefers."""
    tags: tuple[str, ...] = ()
    """What a LoRA was most often trained on: not trigger phrases, but a hint at them."""
    source_url: str = ""


def read_card(path: Path, metadata: Mapping[str, str] | None = None) -> Card:
    """Everything told about the model at ``path``. A person's own notes win over a site's, and those over what the
    trainer wrote into the file. Damaged or huge files count as absent; nothing raises."""
    own, site, inside = _a1111(path), _civitai(path), _inside(metadata or {})
    cards = (own, site, inside)
    return Card(
        name=next((card.name for card in (site, inside, own) if card.name), ""),
        description=next((card.description for card in cards if card.description), ""),
        trigger_phrases=next((card.trigger_phrases for card in cards if card.trigger_phrases), ()),
        preview=_preview(path),
        weight=next((card.weight for card in cards if card.weight is not None), None),
        tags=inside.tags,
        source_url=site.source_url,
    )


def _a1111(path: Path) -> Card:
    found = _beside(path, ".json")
    notes = [_text(found.get(key), 4000, multiline=True) for key in ("description", "notes")]
    return Card(
        description="\n\n".join(note for note in notes if note),
        trigger_phrases=_phrases([found.get("activation text")]),
        weight=_number(found.get("preferred weight")),
    )


def _civitai(path: Path) -> Card:
    found = _beside(path, ".civitai.info")
    model = found.get("model")
    model = model if isinstance(model, dict) else {}
    version = _text(found.get("name"), 120)
    title = _text(model.get("name"), 120)
    words = found.get("trainedWords")
    number = found.get("modelId")
    return Card(
        name=" ".join(part for part in (title, version) if part),
        description=_plain(found.get("description") or model.get("description")),
        trigger_phrases=_phrases(words if isinstance(words, list) else []),
        source_url=f"https://civitai.com/models/{number}"
        if type(number) is int and 0 < number < 10**12
        else "",
    )


def _inside(metadata: Mapping[str, str]) -> Card:
    """The words a trainer wrote into the file: ``ss_*`` of kohya, ``modelspec.*`` of Stability."""
    title = metadata.get("modelspec.title") or metadata.get("ss_output_name")
    return Card(
        name=_text(title, 200),
        description=_plain(metadata.get("modelspec.description") or metadata.get("ss_training_comment")),
        trigger_phrases=_phrases([metadata.get("modelspec.trigger_phrase")]),
        tags=_frequent(metadata.get("ss_tag_frequency")),
    )


def _frequent(text: str | None) -> tuple[str, ...]:
    """The tags that most pictures of the training set carry: JSON inside a string, one object per folder."""
    if not text or len(text) > _METADATA_LIMIT:
        return ()
    try:
        folders = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    counted: dict[str, float] = {}
    for tags in folders.values() if isinstance(folders, dict) else ():
        for tag, count in tags.items() if isinstance(tags, dict) else ():
            number = _number(count)
            if number is not None:
                counted[tag] = counted.get(tag, 0) + number
    most = sorted(counted, key=lambda tag: (-counted[tag], tag))[: 2 * _TAGS]
    return _phrases(most)[:_TAGS]


def _preview(path: Path) -> Path | None:
    """The picture beside the model: same name, an ending that A1111, ComfyUI or SwarmUI use."""
    stem = path.name if path.is_dir() else path.stem
    for ending in _PICTURES:
        candidate = path.with_name(stem + ending)
        try:
            if candidate.is_file():
                return candidate
        except OSError:
            return None
    return None


def _beside(path: Path, ending: str) -> dict[str, Any]:
    try:
        return read_json(path.with_name((path.name if path.is_dir() else path.stem) + ending))
    except (OSError, ValueError):
        return {}


def _phrases(found: Iterable[object]) -> tuple[str, ...]:
    """Trigger phrases one by one: sites and people join several with commas."""
    pieces = (piece for text in found if isinstance(text, str) for piece in text[:4000].split(","))
    clean = (_text(piece, 200) for piece in pieces)
    return tuple(dict.fromkeys(phrase for phrase in clean if phrase))[:_PHRASES]


def _text(found: object, limit: int, *, multiline: bool = False) -> str:
    return safe_text(found, limit=limit, multiline=multiline).strip() if isinstance(found, str) else ""


def _number(found: object) -> float | None:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if abs(found) < 1e9 and math.isfinite(found) else None


class _Words(HTMLParser):
    """The words of a description, without its markup."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("p", "br", "li", "div"):
            self.words.append("\n")


def _plain(found: object) -> str:
    """A description as text: sites send HTML."""
    if not isinstance(found, str):
        return ""
    cut = found[:20_000]
    if "<" in cut:
        parser = _Words()
        try:
            parser.feed(cut)
        except (AssertionError, ValueError):  # what the parser says to a broken declaration
            return ""
        cut = "".join(parser.words)
    return _text(cut.strip(), 4000, multiline=True)
