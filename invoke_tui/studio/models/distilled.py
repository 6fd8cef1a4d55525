"""The settings of models that were distilled to few steps. Their weights do not tell, so a name or a scheduler does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.models.records import BaseModelType, ModelDefaults
from invoke_tui.studio.models.identify.folders import read_json

MOST_STEPS: Final = 16
_UNETS: Final = (BaseModelType.SD1, BaseModelType.SD2, BaseModelType.SDXL)
_TURBO: Final = re.compile(r"\bsd ?(?:xl|2 1)? ?turbo\b")
"""Stability's own, which draw 512 x 512 pixels; others that call themselves turbo were merged with models of 1024."""
_STEPS: Final = re.compile(r"\b(\d{1,2}) ?steps?\b")
_KINDS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("dmd2", {"steps": 4, "cfg_scale": 1, "scheduler": "lcm"}),
    ("lcm", {"steps": 6, "cfg_scale": 1.5, "scheduler": "lcm"}),
    ("tcd", {"steps": 4, "cfg_scale": 1, "scheduler": "tcd"}),
    ("hyper", {"steps": 8, "cfg_scale": 1, "scheduler": "ddim", "timestep_spacing": "trailing"}),
    ("lightning", {"steps": 4, "cfg_scale": 1, "scheduler": "euler", "timestep_spacing": "trailing"}),
    ("turbo", {"steps": 8, "cfg_scale": 2, "scheduler": "dpmpp_sde_k"}),
)
"""By a word in the name; the authors' own advice, where 1 is what they call 0: no guidance."""
_SMALL: Final[dict[str, Any]] = {
    "steps": 4, "cfg_scale": 1, "scheduler": "euler_a", "timestep_spacing": "trailing", "width": 512, "height": 512,
}  # fmt: skip


def distilled_defaults(path: Path, base: BaseModelType, usual: ModelDefaults) -> ModelDefaults | None:
    """What a main model of few steps asks for; None for one that is none, or that says itself what it wants."""
    if base not in _UNETS or usual.steps is not None:
        return None
    found = _by_name(path.stem if path.is_file() else path.name) or _by_scheduler(
        read_json(path / "scheduler" / "scheduler_config.json") if path.is_dir() else {}
    )
    return usual.model_copy(update=found) if found else None


def _by_name(name: str) -> dict[str, Any]:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=\d)(?=steps?\b)", " ", name)  # xlTurbo, 4step
    words = re.sub(r"[^a-z0-9]+", " ", apart.lower())
    if _TURBO.search(words):
        return _SMALL
    known = words.split()
    settings = next((settings for word, settings in _KINDS if any(one.startswith(word) for one in known)), {})
    steps = _STEPS.search(words)
    if settings and steps and 1 <= int(steps[1]) <= MOST_STEPS:
        return settings | {"steps": int(steps[1])}
    return settings


def _by_scheduler(config: Mapping[str, Any]) -> dict[str, Any]:
    """A folder that brings the scheduler of such models is one."""
    by_class = {"LCMScheduler": "lcm", "TCDScheduler": "tcd"}.get(str(config.get("_class_name")), "")
    return dict(_KINDS).get(by_class, {})
