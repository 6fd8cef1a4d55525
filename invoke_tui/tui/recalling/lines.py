"""What a picture says, line by line, beside what the form has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from invoke_tui.domain.gallery.recalling import LISTS, Choice
from invoke_tui.domain.gallery.replay import HOLDS_BACK, Difference
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.pictures import PictureRequest
from invoke_tui.domain.request.refinement import RefinementRequest
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.prompts.preset_values import PROMPTS, label, model_name, word

LONGEST: Final = 4_000
"""Characters of a prompt that are shown."""
_USUAL: Final = GenerationRequest().model_dump(mode="json")
_START: Final = (
    "init_image", "strength", "denoising_start", "denoising_end", "optimized_denoising", "fit", "color_correct",
)  # fmt: skip
_MASK: Final = ("mask_image", *sorted(set(PictureRequest.model_fields) - {*_START, "mask_image", "outpaint"}))
_HIRES: Final = tuple(name for name in RefinementRequest.model_fields if name.startswith("hrf_"))
_REFINER: Final = tuple(name for name in GenerationRequest.model_fields if name.startswith("refiner_"))


@dataclass(frozen=True)
class Part:
    """Settings that are recalled together; the first is the one that the others are about."""

    label: str
    names: tuple[str, ...]
    group: str = ""
    """What a key checks at once."""


PARTS: Final = (
    Part("Prompt", ("positive_prompt",), "prompt"),
    Part("Negative prompt", ("negative_prompt",), "negative"),
    Part("Seed", ("seed",), "seed"),
    Part("Size", ("width", "height"), "size"),
    Part("Model", ("model",), "model"),
    Part("LoRA", ("loras",), "loras"),
    Part("VAE", ("vae",)),
    Part("Steps", ("steps",)),
    Part("CFG", ("cfg_scale",)),
    Part("Guidance", ("guidance",)),
    Part("Scheduler", ("scheduler",)),
    Part("Control", ("controls",), "control"),
    Part("Reference", ("references",), "control"),
    Part("Region", ("regions",), "control"),
    Part("Init image", _START),
    Part("Mask", _MASK),
    Part("Outpaint", ("outpaint",)),
    Part("Two passes", _HIRES),
    Part("Refiner", _REFINER),
    Part("CFG rescale", ("cfg_rescale_multiplier",)),
    Part("CLIP skip", ("clip_skip",)),
    Part("FreeU", ("freeu",)),
    Part("CFG from, to", ("cfg_begin_step_percent", "cfg_end_step_percent")),
    Part("Seed variance", ("seed_variance_strength", "seed_variance_randomize_percent")),
    Part("Seamless ↔", ("seamless_x",)),
    Part("Seamless ↕", ("seamless_y",)),
    Part("Long prompts", ("long_prompts",)),
    Part("VAE precision", ("vae_precision",)),
    Part("T5 encoder", ("t5_encoder",)),
    Part("CLIP L", ("clip_embed",)),
    Part("CLIP G", ("clip_g",)),
)  # fmt: skip
"""In the order in which they are listed."""
_CALLED: Final = {name: part.label for part in PARTS for name in part.names} | {
    "controlnets": "Control",
    "t2iAdapters": "Control",
    "ipAdapters": "Reference",
    "ref_images": "Reference",
    "embeddings": "embedding",
}
"""Keys of metadata."""


@dataclass(frozen=True)
class Line:
    """One setting; of a list one entry, ``at`` its place. A line without ``names`` says what cannot be recalled."""

    label: str
    value: str
    now: str = ""
    """What the form has, where that is something else."""
    names: tuple[str, ...] = ()
    group: str = ""
    at: int | None = None
    difference: Difference | None = None


def lines(
    choice: Choice,
    differences: Sequence[Difference],
    now: GenerationRequest | None,
    models: Sequence[ModelRecord],
) -> list[Line]:
    """What is missing, what the picture says, what else is to be known. Texts are safe to show, on several lines."""
    told = [_told(one) for one in differences]
    missing = [one for one in told if one.difference and one.difference.kind in HOLDS_BACK]
    said = _Words(choice, now, models)
    return [*missing, *said.lines(), *(one for one in told if one not in missing)]


def chosen(wanted: Iterable[Line], request: GenerationRequest) -> Choice:
    """What these lines put into the form; entries take the place of the list that is there."""
    taken = list(wanted)
    names = frozenset(name for line in taken for name in line.names)
    entries: dict[str, Any] = {
        name: tuple(
            getattr(request, name)[one.at] for one in taken if name in one.names and one.at is not None
        )
        for name in LISTS
        if name in names
    }
    return Choice(request.model_copy(update=entries), names)


def _told(one: Difference) -> Line:
    called = one.model.called if one.model else _CALLED.get(one.key) or label(one.key) or "note"
    text = safe_text(one.message, limit=LONGEST)
    return Line(f"{called[:1].upper()}{called[1:]}", text, difference=one)


class _Words:
    """Both requests, in words."""

    def __init__(self, choice: Choice, now: GenerationRequest | None, models: Sequence[ModelRecord]) -> None:
        self._names, self._models = choice.names, models
        self._then = choice.request.model_dump(mode="json")
        self._said = choice.request.model_fields_set
        self._now = now.model_dump(mode="json") if now is not None else None

    def lines(self) -> Iterator[Line]:
        """Every part that says something, or something else than the form."""
        for part in PARTS:
            names = tuple(name for name in part.names if name in self._names)
            if not names:
                continue
            if names[0] in LISTS and self._then[names[0]]:
                yield from self._entries(part, names[0])
            else:
                differs = self._now is not None and any(self._then[name] != self._now[name] for name in names)
                if differs or any(name in self._said and self._means(name) for name in names):
                    now = self._words(names, self._now) if differs and self._now is not None else ""
                    yield Line(part.label, self._words(names, self._then), now, names, part.group)

    def _means(self, name: str) -> bool:
        """Whether the picture has another value than usual."""
        return bool(self._then[name] != _USUAL[name])

    def _entries(self, part: Part, name: str) -> Iterator[Line]:
        there = self._now[name] if self._now is not None else None
        for at, entry in enumerate(self._then[name]):
            now = "" if there is None or entry in there else self._instead(entry, there)
            yield Line(part.label, self._entry(name, entry), now, (name,), part.group, at)

    def _instead(self, entry: dict[str, Any], there: list[dict[str, Any]]) -> str:
        """A LoRA of another weight, or none."""
        same = next((one for one in there if one.get("model") == entry.get("model")), None)
        weight = same.get("weight") if same is not None else None
        return f"{weight:g}" if isinstance(weight, int | float) else "another" if same else "not there"

    def _entry(self, name: str, entry: dict[str, Any]) -> str:
        if name == "regions":
            return _long(entry["positive_prompt"] or f"no {entry['negative_prompt']}")
        weight = entry.get("weight")
        parts = [model_name(entry["model"], self._models), f"{weight:g}" if weight is not None else ""]
        parts += [safe_text(entry.get("image") or "", limit=200)]
        return " · ".join(one for one in parts if one)

    def _words(self, names: tuple[str, ...], values: dict[str, Any]) -> str:
        """The first in words, and of the others what is not as usual."""
        first = values[names[0]]
        if names[0] in PROMPTS:
            return _long(first) or "nothing"
        if names == ("width", "height"):
            return f"{first} × {values['height']}" if first and values["height"] else "as usual"
        if first in (None, "", False) and len(names) > 1:
            return "none"
        others = [name for name in names[1:] if values[name] != _USUAL[name]]
        return " · ".join(
            [
                word(names[0], first, self._models),
                *(f"{label(name).lower()} {word(name, values[name], self._models)}" for name in others),
            ]
        )


def _long(text: str) -> str:
    return safe_text(text, limit=LONGEST, multiline=True)
