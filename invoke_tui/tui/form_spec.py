"""The settings form, read from ``GenerationRequest``: bounds, choices and help come from where they are declared."""

from __future__ import annotations

import types
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, Union, get_args, get_origin

from invoke_tui.domain.base import Record
from invoke_tui.domain.models.families import SD, traits_of
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.schedulers import SCHEDULER_LABELS

Kind = Literal["integer", "decimal", "choice", "switch", "text", "model"]
"""A model is a choice among those installed; one that is not may be asked for, as it may come later."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """How one parameter is asked for."""

    name: str
    label: str
    kind: Kind
    help: str
    step: float = 1
    minimum: float | None = None
    maximum: float | None = None
    below: float | None = None
    """The value must be smaller than this (an open upper bound)."""
    above: float | None = None
    """The value must be larger than this (an open lower bound)."""
    multiple: int | None = None
    choices: tuple[tuple[str, str], ...] = ()
    """Label and value."""
    fallback: str = ""
    """What applies when the field is empty and the model says nothing."""

    def check(self, raw: str) -> str:
        """What is wrong with what was typed, or nothing. Empty is always right."""
        text = raw.strip()
        if not text or self.kind not in ("integer", "decimal"):
            return ""
        try:
            value = int(text) if self.kind == "integer" else float(text)
        except ValueError:
            return "a whole number" if self.kind == "integer" else "a number"
        if not abs(value) < 1e18:
            return "a number"
        if self.minimum is not None and value < self.minimum:
            return f"at least {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"at most {self.maximum:.10g}"
        if self.below is not None and value >= self.below:
            return f"less than {self.below:g}"
        if self.above is not None and value <= self.above:
            return f"more than {self.above:g}"
        if self.multiple and int(value) % self.multiple:
            near = max(int(self.minimum or 0), round(value / self.multiple) * self.multiple)
            return f"a multiple of {self.multiple}, such as {near}"
        return ""

    def stepped(self, raw: str, fallback: str, direction: int) -> str:
        """The neighbouring value, kept within bounds."""
        try:
            value = float(raw.strip() or fallback or self.minimum or 0)
        except ValueError:
            value = float(self.minimum or 0)
        value += direction * self.step
        if self.multiple:
            value = round(value / self.multiple) * self.multiple
        if self.minimum is not None:
            value = max(self.minimum, value)
        if self.maximum is not None:
            value = min(self.maximum, value)
        if self.below is not None and value >= self.below:
            value = self.below - self.step
        if self.above is not None and value <= self.above:
            value = self.above + self.step
        return str(round(value)) if self.kind == "integer" else f"{round(value, 4):g}"


LABELS: Final[dict[str, str]] = {
    "model": "Model",
    "width": "Width",
    "height": "Height",
    "steps": "Steps",
    "cfg_scale": "CFG",
    "guidance": "Guidance",
    "scheduler": "Scheduler",
    "seed": "Seed",
    "count": "Count",
    "clip_skip": "CLIP skip",
    "cfg_rescale_multiplier": "CFG rescale",
    "seamless_x": "seamless ↔",
    "seamless_y": "seamless ↕",
    "vae_precision": "VAE",
    "long_prompts": "Long prompts",
    "ignored_to_negative": "[ignored] to negative",
    "init_image": "Picture",
    "strength": "Strength",
    "fit": "Fit",
    "denoising_start": "From",
    "denoising_end": "To",
    "optimized_denoising": "spread low strengths",
    "mask_image": "Mask",
    "outpaint": "Outpaint",
    "mask_blur": "Blur",
    "mask_expand": "Expand",
    "coherence_mode": "Edge",
    "coherence_edge_size": "Edge size",
    "coherence_min_denoise": "Least",
    "infill_method": "Infill",
    "infill_tile_size": "Tile size",
    "infill_color": "Colour",
    "scale_before_processing": "Drawn in",
    "scaled_width": "Width",
    "scaled_height": "Height",
    "paste_back": "keep the rest",
    "color_correct": "match colours",
    "hrf_enabled": "draw in two passes",
    "hrf_method": "Enlarged",
    "hrf_model": "Upscaler",
    "hrf_scale": "Second scale",
    "hrf_strength": "Second strength",
    "hrf_steps": "Second steps",
    "freeu": "FreeU",
    "cfg_begin_step_percent": "CFG from",
    "cfg_end_step_percent": "CFG to",
    "scale": "Scale",
    "tile_size": "Tile size",
}
_STEPS: Final[dict[str, float]] = {
    "width": 64,
    "height": 64,
    "cfg_scale": 0.5,
    "guidance": 0.5,
    "refiner_start": 0.05,
    "refiner_cfg_scale": 0.5,
    "refiner_positive_aesthetic_score": 0.5,
    "refiner_negative_aesthetic_score": 0.5,
    "cfg_rescale_multiplier": 0.05,
    "strength": 0.05,
    "denoising_start": 0.05,
    "denoising_end": 0.05,
    "coherence_min_denoise": 0.05,
    "hrf_strength": 0.05,
    "hrf_scale": 0.5,
    "b1": 0.05,
    "b2": 0.05,
    "s1": 0.05,
    "s2": 0.05,
    "cfg_begin_step_percent": 0.05,
    "cfg_end_step_percent": 0.05,
    "scaled_width": 64,
    "scaled_height": 64,
    "scale": 0.5,
    "tile_size": 64,
}
_FALLBACKS: Final[dict[str, str]] = {
    "width": "512",
    "height": "512",
    "steps": str(SD.steps),
    "cfg_scale": f"{SD.cfg_scale:g}",
    "scheduler": SCHEDULER_LABELS[SD.scheduler],
    "count": "1",
    "clip_skip": "0",
    "cfg_rescale_multiplier": "0",
    "vae_precision": "fp32",
    "long_prompts": "chunks",
    "refiner_start": "0.8",
    "refiner_steps": "20",
    "refiner_cfg_scale": "7.5",
    "refiner_scheduler": SCHEDULER_LABELS["euler"],
    "refiner_positive_aesthetic_score": "6",
    "refiner_negative_aesthetic_score": "2.5",
    "strength": "0.75",
    "fit": "cover",
    "denoising_start": "strength",
    "denoising_end": "1",
    "outpaint": "none, or right=128,top=64",
    "mask_blur": "auto",
    "mask_expand": "0",
    "coherence_mode": "Gaussian Blur",
    "coherence_edge_size": "auto",
    "coherence_min_denoise": "0",
    "infill_method": "cv2",
    "infill_tile_size": "32",
    "infill_color": "#000000",
    "scaled_width": "width",
    "scaled_height": "height",
    "hrf_method": "bilinear",
    "hrf_model": "any installed",
    "hrf_scale": "auto",
    "hrf_strength": "0.45",
    "hrf_steps": "as the first",
    "b1": "1.2",
    "b2": "1.4",
    "s1": "0.9",
    "s2": "0.2",
    "cfg_begin_step_percent": "0",
    "cfg_end_step_percent": "1",
    "scale": "once",
    "tile_size": "512",
}


@cache
def spec(name: str, record: type[Record] = GenerationRequest) -> FieldSpec:
    """The form's view of one field of a request."""
    field = record.model_fields[name]
    annotation = _without_none(field.annotation)
    bounds: dict[str, Any] = {}
    for rule in field.metadata:
        for key in ("ge", "le", "lt", "gt", "multiple_of"):
            if (value := getattr(rule, key, None)) is not None:
                bounds[key] = value
    choices: tuple[tuple[str, str], ...] = ()
    kind: Kind = "text"
    if get_origin(annotation) is Literal:
        kind = "choice"
        labels: dict[Any, str] = dict(SCHEDULER_LABELS) if name.endswith("scheduler") else {}
        choices = tuple((labels.get(value, str(value)), str(value)) for value in get_args(annotation))
    elif annotation is bool:
        kind = "switch"
    elif annotation is int:
        kind = "integer"
    elif annotation is float:
        kind = "decimal"
    return FieldSpec(
        name=name,
        label=LABELS.get(name, name),
        kind=kind,
        help=field.description or "",
        step=_STEPS.get(name, 1),
        minimum=bounds.get("ge"),
        maximum=bounds.get("le"),
        below=bounds.get("lt"),
        above=bounds.get("gt"),
        multiple=bounds.get("multiple_of"),
        choices=choices,
        fallback=_FALLBACKS.get(name, ""),
    )


def usual_values(model: ModelRecord | None) -> dict[str, Any]:
    """What applies where nothing is asked for: what the model asks for, else its family."""
    family = traits_of(model)
    asked = model.default_settings.model_dump(exclude_none=True) if model else {}
    return {"width": family.side, "height": family.side} | family.model_dump() | asked


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        kept = [part for part in get_args(annotation) if part is not type(None)]
        return kept[0] if len(kept) == 1 else annotation
    return annotation
