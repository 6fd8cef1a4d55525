"""From a picture's metadata back to the settings that made it.

Every key is taken on its own: what cannot be used is reported and skipped, what is out of range is clamped and
reported, and nothing that stands in a file can raise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, get_args

import annotated_types
from pydantic import ValidationError

from invoke_tui.domain.gallery.replay import Difference
from invoke_tui.domain.gallery.steering_metadata import STEERING_KEYS, model_key, steering_values
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.models.wanted import WantedModel
from invoke_tui.domain.request.controls import MOST_STEERING
from invoke_tui.domain.request.parameters import (
    LORA_WEIGHT,
    MOST_LORAS,
    PROMPT_LIMIT,
    SEED_MAX,
    GenerationRequest,
    LongPrompts,
)
from invoke_tui.domain.request.pictures import PictureRequest
from invoke_tui.domain.request.refinement import RefinementRequest
from invoke_tui.domain.request.regions import MOST_REGIONS, RegionRequest
from invoke_tui.domain.schedulers import SCHEDULER_NAMES
from invoke_tui.domain.text import safe_text
from invoke_tui.nodes.recall_models import NoModel, Shelf

LONGEST_NUMBER: Final = 40
"""Characters of a number written as text; a longer one is not a setting."""

EXCLUSIVE_MARGIN: Final = 0.01
"""How far below an excluded bound a value is clamped."""

NOT_TAKEN: Final = {
    "hidiffusion": "HiDiffusion",
    "canvas_v2_metadata": "a canvas",
}
"""Keys that changed the picture and that no setting here stands for."""


class _Unusable(Exception):
    """Why a value is skipped."""


class _Recall:
    def __init__(self, shelf: Shelf | None) -> None:
        self.shelf = shelf
        self.differences: list[Difference] = []

    def note(self, key: str, message: str) -> None:
        self.differences.append(Difference(key=safe_text(key, limit=80), message=message))

    def skip(self, key: str, why: _Unusable | NoModel) -> None:
        """Note that something is left out."""
        if isinstance(why, NoModel):
            self.differences.append(why.difference(key))
        else:
            self.note(key, f"{why}; it was skipped")

    def text(self, key: str, value: Any) -> str:
        if not isinstance(value, str):
            raise _Unusable("is not a text")
        if len(value) > PROMPT_LIMIT:
            self.note(key, f"is longer than {PROMPT_LIMIT} characters and was cut")
        return value[:PROMPT_LIMIT].encode("utf-8", "replace").decode("utf-8")

    def number(self, key: str, value: Any) -> float | int:
        """A number within the bounds its parameter declares."""
        number = _number(value)
        whole = "int" in str(GenerationRequest.model_fields[key].annotation)
        if whole and isinstance(number, float):
            self.note(key, f"{number:g} is not whole and was rounded") if number % 1 else None
            number = round(number)
        clamped = _clamped(key, number)
        if clamped != number:
            self.note(key, f"{_short(number)} is not allowed here; {clamped:g} is taken")
        return int(clamped) if whole else float(clamped)

    def seed(self, key: str, value: Any) -> int:
        seed = _number(value)
        if isinstance(seed, float) and not seed.is_integer():
            raise _Unusable("is not a whole number")
        if not 0 <= seed <= SEED_MAX:
            raise _Unusable(f"is not between 0 and {SEED_MAX}")
        return int(seed)

    def flag(self, key: str, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise _Unusable("is neither true nor false")

    def choice(self, key: str, value: Any) -> str:
        allowed = _CHOICES[key.removeprefix("refiner_")]
        if not isinstance(value, str) or value not in allowed:
            raise _Unusable(f"{_short(value)} is not known here")
        return value

    def as_it_is(self, key: str, value: Any) -> Any:
        """A value that its parameter judges."""
        return value

    def loras(self, key: str, value: Any) -> list[dict[str, Any]]:
        """The LoRAs that are installed, each with its weight; those that are not are noted one by one."""
        if not isinstance(value, list | tuple):
            raise _Unusable("is not a list")
        taken: dict[str, dict[str, Any]] = {}
        for entry in value[:MOST_LORAS]:
            try:
                if not isinstance(entry, Mapping):
                    raise _Unusable("an entry is not an object")
                model = self.model(key, entry.get("model") or entry.get("lora"))
                weight = _number(entry.get("weight", LORA_WEIGHT))
                kept = max(-10.0, min(10.0, float(weight)))
                if kept != weight:
                    self.note(key, f"the weight {_short(weight)} is not allowed here; {kept:g} is taken")
                taken[model] = {"model": model, "weight": kept}
            except (_Unusable, NoModel) as why:
                self.skip(key, why)
            except OverflowError:
                self.note(key, "a weight is not a number to work with; it was skipped")
        return list(taken.values())

    def steering(self, key: str, value: Any) -> list[dict[str, Any]]:
        """Control or reference pictures; those that cannot be used are noted one by one."""
        if not isinstance(value, list | tuple):
            raise _Unusable("is not a list")
        taken = []
        for entry in value[:MOST_STEERING]:
            try:
                if not isinstance(entry, Mapping):
                    raise _Unusable("an entry is not an object")
                if entry.get("isEnabled") is False:
                    continue
                request, values = steering_values(key, entry)
                if (kind := model_key(key, entry)) is None:
                    raise _Unusable("a reference picture of a kind that is not known here")
                values["model"] = self.model(kind, values.get("model"))
                taken.append(request.model_validate(values).model_dump(mode="json", exclude_defaults=True))
            except (_Unusable, NoModel) as why:
                self.skip(key, why)
            except ValidationError as error:
                where = ".".join(map(str, error.errors()[0]["loc"]))
                self.note(key, f"the {safe_text(where, limit=40)} of an entry cannot be used; it was skipped")
        return taken

    def regions(self, key: str, value: Any) -> list[dict[str, Any]]:
        """Prompts for parts of the picture; those that cannot be used are noted one by one."""
        if not isinstance(value, list | tuple):
            raise _Unusable("is not a list")
        taken = []
        for entry in value[:MOST_REGIONS]:
            try:
                taken.append(RegionRequest.model_validate(entry).model_dump(exclude_defaults=True))
            except (ValidationError, ValueError):
                self.note(key, "an entry is no region as they are known here; it was skipped")
        return taken

    def model(self, key: str, value: Any) -> str:
        """The key of the installed model that is meant; without a list what the metadata says. Raises ``NoModel``."""
        wanted = WantedModel.read(value)
        if wanted is None:
            raise _Unusable("does not name a model")
        if self.shelf is None:
            return self.text(key, wanted.key or wanted.name or wanted.hash)
        record, difference = self.shelf.find(key, wanted)
        if difference is not None:
            self.differences.append(difference)
        return record.key


PICTURE_KEYS: Final = tuple(PictureRequest.model_fields)
"""The settings of the picture that others were drawn from; they stand in metadata under the names they have here."""
REFINEMENT_KEYS: Final = tuple(name for name in RefinementRequest.model_fields if name != "hrf_model")
_READERS: Final[dict[str, Callable[[_Recall, str, Any], Any]]] = {
    "positive_prompt": _Recall.text,
    "negative_prompt": _Recall.text,
    "model": _Recall.model,
    "vae": _Recall.model,
    "width": _Recall.number,
    "height": _Recall.number,
    "steps": _Recall.number,
    "cfg_scale": _Recall.number,
    "cfg_rescale_multiplier": _Recall.number,
    "scheduler": _Recall.choice,
    "seed": _Recall.seed,
    "clip_skip": _Recall.number,
    "long_prompts": _Recall.choice,
    "seamless_x": _Recall.flag,
    "seamless_y": _Recall.flag,
    "vae_precision": _Recall.choice,
    "guidance": _Recall.number,
    "loras": _Recall.loras,
    **dict.fromkeys(STEERING_KEYS, _Recall.steering),
    **dict.fromkeys(REFINEMENT_KEYS, _Recall.as_it_is),
    "hrf_model": _Recall.model,
    "regions": _Recall.regions,
    "t5_encoder": _Recall.model,
    "clip_embed_model": _Recall.model,
    "clip_g_embed_model": _Recall.model,
    **dict.fromkeys(PICTURE_KEYS, _Recall.as_it_is),
    "refiner_model": _Recall.model,
    "refiner_steps": _Recall.number,
    "refiner_cfg_scale": _Recall.number,
    "refiner_scheduler": _Recall.choice,
    "refiner_start": _Recall.number,
    "refiner_positive_aesthetic_score": _Recall.number,
    "refiner_negative_aesthetic_score": _Recall.number,
}
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "scheduler": SCHEDULER_NAMES,
    "vae_precision": ("fp16", "fp32"),
    "long_prompts": get_args(LongPrompts),
}
_FIELDS: Final = {
    "clip_embed_model": "clip_embed",
    "clip_g_embed_model": "clip_g",
    "controlnets": "controls",
    "t2iAdapters": "controls",
    "ipAdapters": "references",
    "ref_images": "references",
}
"""What a key is called in a request, where that differs."""


def request_from_metadata(
    metadata: Any,
    models: Iterable[ModelRecord] | None = None,
    substitutes: Mapping[str, str] | None = None,
) -> tuple[GenerationRequest, list[Difference]]:
    """The request that makes a picture again, and what could not be taken from its metadata as it was.

    With ``models`` every model is looked up among them, and one that is not there is a difference; ``substitutes``
    are names of models with the names of those that take their place.
    """
    recall = _Recall(None if models is None else Shelf(models, substitutes))
    taken: dict[str, Any] = {}
    if not isinstance(metadata, Mapping):
        recall.note("", "the metadata is not an object")
        return GenerationRequest(), recall.differences
    own_size = bool(metadata.get("init_image")) and not _on_grid(metadata)
    for key, reader in _READERS.items():
        if metadata.get(key) is None or (own_size and key in ("width", "height")):
            continue  # a picture drawn from another has its size, which need be no multiple of anything
        try:
            value = reader(recall, key, metadata[key])
            GenerationRequest.model_validate({_FIELDS.get(key, key): value})
        except (_Unusable, NoModel) as why:
            recall.skip(key, why)
        except (ValidationError, ValueError, OverflowError):
            recall.note(key, f"{_short(metadata[key])} cannot be used; it was skipped")
        else:
            field = _FIELDS.get(key, key)
            taken[field] = [*taken.get(field, ()), *value] if key in STEERING_KEYS else value
    for key, name in NOT_TAKEN.items():
        if metadata.get(key):
            recall.note(key, f"the picture was made with {name}, which are not recalled yet")
    mode = metadata.get("generation_mode")
    if isinstance(mode, str) and not mode.endswith("txt2img") and "init_image" not in taken:
        recall.note(
            "generation_mode", f"the picture was made by {_short(mode)}; only the settings of text are taken"
        )
    return GenerationRequest(**taken), recall.differences


def _on_grid(metadata: Mapping[str, Any]) -> bool:
    sides = (metadata.get("width"), metadata.get("height"))
    return all(isinstance(side, int) and side % 8 == 0 and side >= 64 for side in sides)


def _number(value: Any) -> float | int:
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER:
        try:
            value = float(value) if any(c in value for c in ".eEnN") else int(value)
        except ValueError:
            raise _Unusable(f"{_short(value)} is not a number") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unusable(f"{_short(value)} is not a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise _Unusable(f"{value} is not a number to work with")
    return value


def _clamped(key: str, number: float) -> float | int:
    """The nearest value that the parameter's declared bounds allow."""
    bounds = GenerationRequest.model_fields[key].metadata
    for bound in bounds:
        match bound:
            case annotated_types.Ge(ge=low):
                number = max(number, float(str(low)))
            case annotated_types.Le(le=high):
                number = min(number, float(str(high)))
            case annotated_types.Lt(lt=limit):
                number = min(number, float(str(limit)) - EXCLUSIVE_MARGIN)
    for bound in bounds:
        if isinstance(bound, annotated_types.MultipleOf):
            multiple = int(str(bound.multiple_of))
            number = number // multiple * multiple
    return number


def _short(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 128:
        return "a number of astronomical size"
    if isinstance(value, str | int | float):
        return safe_text(value, limit=60)
    return f"a {type(value).__name__}"
