"""Models in words: what a type, a format and a place are called in lists, and finding models by words typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from invoke_tui.domain.models.records import ModelRecord

_TYPES: Final = {
    "spandrel_image_to_image": "upscaler",
    "control_lora": "control lora",
    "t2i_adapter": "t2i adapter",
    "ip_adapter": "ip adapter",
    "clip_vision": "clip vision",
    "clip_embed": "clip",
    "t5_encoder": "t5",
    "external_image_generator": "external",
}
_FORMATS: Final = {
    "gguf_quantized": "gguf",
    "bnb_quantized_int8b": "int8",
    "bnb_quantized_nf4b": "nf4",
    "sdnq_quantized": "sdnq",
    "embedding_file": "embedding",
    "embedding_folder": "embedding",
}
BUILT_IN: Final = "invoke-tui"
"""Source of the model that comes with the program."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def type_word(type_: str) -> str:
    """InvokeAI's type id in a word or two."""
    return _TYPES.get(type_, type_.replace("_", " "))


def format_word(format_: str) -> str:
    """InvokeAI's format id in a word."""
    return _FORMATS.get(format_, format_.replace("_", " "))


def place_word(model: ModelRecord) -> str:
    """Where its files are: ``missing``, ``built in``, ``in place`` or ``managed`` (in the models folder, ours)."""
    if model.missing:
        return "missing"
    if model.source == BUILT_IN:
        return "built in"
    return "in place" if model.in_place else "managed"


SORTS: Final[dict[str, Callable[[ModelRecord], Any]]] = {
    "name": lambda model: model.name.casefold(),
    "base": lambda model: (model.base.value, model.type.value, model.name.casefold()),
    "size": lambda model: -model.file_size,
    "date": lambda model: -(model.added_at or _LONG_AGO).timestamp(),
}
"""Orders of the list: by name and base from A, by size from the largest, by date from the newest."""


class Filter:
    """Words that all must fit: ``type:lora base:sdxl``, ``format:``, ``is:missing``, or any part of the name,
    description, triggers or path."""

    def __init__(self, text: str = "") -> None:
        self._tests = [_test(word) for word in text.casefold().split()]

    def pick(self, models: Iterable[ModelRecord], hay: dict[str, str]) -> list[ModelRecord]:
        """Those that fit; ``hay`` keeps what is searched of each model, by its key."""
        found: list[ModelRecord] = []
        for model in models:
            text = hay.get(model.key)
            if text is None:
                text = hay[model.key] = _hay(model)
            if all(test(model, text) for test in self._tests):
                found.append(model)
        return found


FIELDS: Final[dict[str, Callable[[ModelRecord], str]]] = {
    "type": lambda model: f"{model.type.value} {type_word(model.type)}",
    "base": lambda model: model.base.value,
    "format": lambda model: f"{model.format.value} {format_word(model.format)} {model.precision or ''}",
    "variant": lambda model: model.variant or "",
    "is": place_word,
    "name": lambda model: model.name,
    "path": lambda model: model.path,
}
"""Words before a colon: what they look at."""


def _test(word: str) -> Callable[[ModelRecord, str], bool]:
    name, colon, wanted = word.partition(":")
    read = FIELDS.get(name) if colon else None
    if read is None:
        return lambda _model, text: word in text
    if not wanted:
        return lambda _model, _text: True  # the rest is still being typed
    return lambda model, _text: wanted.replace("_", " ") in read(model).casefold().replace("_", " ")


def _hay(model: ModelRecord) -> str:
    parts = (model.name, model.description, *model.trigger_phrases, model.path, model.base.value)
    return " ".join((*parts, type_word(model.type), format_word(model.format))).casefold()
