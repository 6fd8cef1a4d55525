"""Generation parameters as flags: their bounds and descriptions come from ``GenerationRequest``."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import typer

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.schedulers import SCHEDULER_NAMES

if TYPE_CHECKING:
    from pydantic import ValidationError

PICTURE_FLAGS: Final = {
    "init_image": "--init",
    "strength": "--strength",
    "mask_image": "--mask",
    "outpaint": "--outpaint",
    "fit": "--fit",
    "mask_blur": "--mask-blur",
    "mask_expand": "--mask-expand",
    "coherence_mode": "--coherence-mode",
    "coherence_edge_size": "--coherence-edge",
    "coherence_min_denoise": "--coherence-min-denoise",
    "infill_method": "--infill",
    "infill_color": "--infill-color",
    "infill_tile_size": "--infill-tile-size",
    "scale_before_processing": "--scale-before",
    "scaled_width": "--scaled-width",
    "scaled_height": "--scaled-height",
    "paste_back": "--paste-back/--no-paste-back",
    "color_correct": "--color-correct/--no-color-correct",
    "denoising_start": "--denoising-start",
    "denoising_end": "--denoising-end",
    "optimized_denoising": "--optimized-denoising/--plain-denoising",
}
"""Of drawing from a picture."""
REFINEMENT_FLAGS: Final = {
    "regions": "--region",
    "freeu": "--freeu",
    "cfg_begin_step_percent": "--cfg-begin",
    "cfg_end_step_percent": "--cfg-end",
    "seed_variance_strength": "--seed-variance",
    "seed_variance_randomize_percent": "--seed-variance-percent",
    "hrf_enabled": "--hires/--no-hires",
    "hrf_method": "--hires-method",
    "hrf_strength": "--hires-strength",
    "hrf_scale": "--hires-scale",
    "hrf_steps": "--hires-steps",
    "hrf_model": "--hires-model",
    "refiner_positive_aesthetic_score": "--refiner-aesthetic",
    "refiner_negative_aesthetic_score": "--refiner-negative-aesthetic",
}
"""Of what refines a picture."""
MORE_FLAGS: Final = PICTURE_FLAGS | REFINEMENT_FLAGS
"""Flags that are made of the request's fields alone."""
FLAGS: Final = MORE_FLAGS | {
    "positive_prompt": "PROMPT",
    "negative_prompt": "--negative",
    "model": "--model",
    "vae": "--vae",
    "width": "--width",
    "height": "--height",
    "steps": "--steps",
    "cfg_scale": "--cfg-scale",
    "cfg_rescale_multiplier": "--cfg-rescale",
    "scheduler": "--scheduler",
    "seed": "--seed",
    "count": "--count",
    "clip_skip": "--clip-skip",
    "long_prompts": "--long-prompts",
    "ignored_to_negative": "--ignored-to-negative",
    "guidance": "--guidance",
    "t5_encoder": "--t5-encoder",
    "clip_embed": "--clip-embed",
    "clip_g": "--clip-g",
    "refiner_model": "--refiner",
    "refiner_steps": "--refiner-steps",
    "refiner_cfg_scale": "--refiner-cfg-scale",
    "refiner_scheduler": "--refiner-scheduler",
    "refiner_start": "--refiner-start",
    "template": "--template",
    "max_prompts": "--max-prompts",
    "loras": "--lora",
    "controls": "--control",
    "references": "--reference",
}


_OTHER_FLAGS: Final = {
    "seamless_x": "--seamless",
    "seamless_y": "--seamless",
    "dynamic_prompts": "--dynamic/--no-dynamic",
    "combinatorial": "--combinatorial/--random",
}


def given_fields(context: typer.Context) -> set[str]:
    """The fields whose flags stand on the command line, whatever their values."""
    given = {
        name
        for one in context.command.params
        if one.name and (source := context.get_parameter_source(one.name)) and source.name == "COMMANDLINE"
        for name in (*one.opts, *one.secondary_opts)
    }
    return {
        field for field, flags in (FLAGS | _OTHER_FLAGS).items() if not given.isdisjoint(flags.split("/"))
    }


def flag(name: str, *declarations: str, metavar: str | None = None) -> Any:
    """Return the flag of the request's field ``name``."""
    field = GenerationRequest.model_fields[name]
    bounds: dict[str, Any] = {}
    for item in field.metadata:
        for ours, theirs in (("ge", "min"), ("le", "max")):
            if (bound := getattr(item, ours, None)) is not None:
                bounds[theirs] = bound
    steps = next((item.multiple_of for item in field.metadata if hasattr(item, "multiple_of")), None)
    help_text = f"{field.description}, a multiple of {steps}" if steps else field.description
    if name.endswith("scheduler"):
        help_text = f"{help_text}: {', '.join(SCHEDULER_NAMES)}"
    return typer.Option(
        *(declarations or (FLAGS[name],)), help=help_text, show_default=False, metavar=metavar, **bounds
    )


def loras(given: list[str]) -> tuple[dict[str, Any], ...]:
    """``NAME:W`` as LoRAs. Names may have colons: the weight is behind the last one, and may be left out.

    A name that ends like a weight is written with a colon behind it.
    """
    found: list[dict[str, Any]] = []
    for text in given:
        name, colon, tail = text.rpartition(":")
        weight = _weight(tail) if colon else None
        if not colon or (tail and weight is None):
            name = text
        if not name.strip():
            raise BadInputError(
                f"--lora {text}: a name is missing", hint="Write NAME or NAME:WEIGHT.", code="bad_value"
            )
        found.append({"model": name.strip(), "weight": weight})
    return tuple(found)


def _weight(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def explain(error: ValidationError) -> BadInputError:
    """Name the flag and what it allows."""
    problems = []
    for detail in error.errors():
        name = str(detail["loc"][0]) if detail["loc"] else ""
        if name.endswith("scheduler"):
            return _no_such_scheduler(str(detail.get("input")))
        message = detail["msg"][:1].lower() + detail["msg"][1:]
        given = detail.get("input")
        if name == "loras" and detail["loc"][-1] == "weight":
            message = f"the weight of a LoRA {message.removeprefix('input ')}"
        shown = f" {given}" if isinstance(given, int | float) else ""
        problems.append(f"{FLAGS.get(name, name)}{shown}: {message}")
    return BadInputError(
        "; ".join(problems), hint="'invoke-tui generate --help' shows the bounds.", code="bad_value"
    )


def _no_such_scheduler(name: str) -> BadInputError:
    near = get_close_matches(name.lower(), SCHEDULER_NAMES, n=1, cutoff=0.4)
    return BadInputError(
        f"--scheduler {name}: there is no such scheduler",
        hint=f"Did you mean {near[0]}? 'invoke-tui generate --help' lists all."
        if near
        else "--help lists all.",
        code="bad_value",
    )
