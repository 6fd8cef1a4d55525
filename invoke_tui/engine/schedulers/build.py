"""A scheduler instance for one run: the model's own noise schedule under the class that an id names."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.schedulers.table import spec_of

LCM_TEACHER_STEPS = 50
"""``original_inference_steps`` of LCM and TCD: more steps than this need a finer teacher schedule."""
PNDM_WARM_UP_STEPS = 4
"""PNDM's Runge-Kutta start needs this many steps; with fewer it starts with its linear multistep part."""


def build_scheduler(
    scheduler: str,
    model_config: Mapping[str, Any],
    *,
    steps: int,
    seed: int,
    prediction_type: str | None = None,
    timestep_spacing: str | None = None,
) -> Any:
    """Build the scheduler ``scheduler`` for a model.

    ``model_config`` is the model's ``scheduler_config.json``; keys the class does not take are left out, so any
    scheduler can follow any model. ``prediction_type`` and ``timestep_spacing`` (of the model's record) win over the
    file. ``seed`` is the run's seed, for schedulers with a noise sampler of their own. Raises ``BadInputError``.
    """
    spec = spec_of(scheduler)
    cls = spec.load()
    takes = inspect.signature(cls.__init__).parameters
    settings = {k: v for k, v in model_config.items() if k in takes and not k.startswith("_")}
    if settings.get("algorithm_type") == "deis" and spec.cls != "DEISMultistepScheduler":
        settings["algorithm_type"] = "dpmsolver++"
    settings |= {k: v for k, v in spec.kwargs.items() if k in takes}
    if prediction_type is not None:
        settings["prediction_type"] = prediction_type
    if timestep_spacing is not None and "timestep_spacing" in takes:
        settings["timestep_spacing"] = timestep_spacing
    if "noise_sampler_seed" in takes:
        settings["noise_sampler_seed"] = seed
    if "original_inference_steps" in takes:
        settings["original_inference_steps"] = max(
            steps, settings.get("original_inference_steps", LCM_TEACHER_STEPS)
        )
    if spec.cls == "DPMSolverSinglestepScheduler":
        settings["lower_order_final"] = (
            True  # a schedule that ends at sigma 0 needs it; the class warns otherwise
        )
    if spec.cls == "PNDMScheduler" and steps < PNDM_WARM_UP_STEPS:
        settings["skip_prk_steps"] = True
    try:
        return deepcopy(_fresh(scheduler, json.dumps(settings)))
    except (ValueError, TypeError, NotImplementedError, ImportError) as error:
        raise BadInputError(
            f"The scheduler {scheduler!r} cannot follow this model: {error}",
            hint="Choose another scheduler.",
            code="bad_scheduler",
        ) from error


@lru_cache(maxsize=16)
def _fresh(scheduler: str, settings: str) -> Any:
    """A scheduler no run has used. Making one is dear where it lays out a thousand steps at once, as KDPM 2 does."""
    return spec_of(scheduler).load()(**json.loads(settings))
