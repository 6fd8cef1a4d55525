"""Which scheduler class an id means, and the settings that make it that id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

from invoke_tui.domain.errors import BadInputError


@dataclass(frozen=True)
class SchedulerSpec:
    """A scheduler class by name, its module, and InvokeAI's settings for the id.

    Settings the class does not take are InvokeAI's own switches and are left out when it is built: ``cpu_only``
    (our timesteps are always on the CPU) and ``use_flow_sigmas`` (never set for these families).
    """

    cls: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    module: str = "diffusers.schedulers"

    def load(self) -> type[Any]:
        """Import the class."""
        found: type[Any] = getattr(import_module(self.module), self.cls)
        return found


def _karras(name: str, cls: str, **kwargs: Any) -> dict[str, SchedulerSpec]:
    return {
        name: SchedulerSpec(cls, {"use_karras_sigmas": False, **kwargs}),
        f"{name}_k": SchedulerSpec(cls, {"use_karras_sigmas": True, **kwargs}),
    }


SCHEDULERS: Final[dict[str, SchedulerSpec]] = {
    "ddim": SchedulerSpec("DDIMScheduler"),
    "ddpm": SchedulerSpec("DDPMScheduler"),
    **_karras("deis", "DEISMultistepScheduler"),
    **_karras("lms", "LMSDiscreteScheduler"),
    "pndm": SchedulerSpec("PNDMScheduler"),
    **_karras("heun", "HeunDiscreteScheduler"),
    **_karras("euler", "EulerDiscreteScheduler"),
    "euler_a": SchedulerSpec("EulerAncestralDiscreteScheduler"),
    **_karras("kdpm_2", "KDPM2DiscreteScheduler"),
    **_karras("kdpm_2_a", "KDPM2AncestralDiscreteScheduler"),
    **_karras("dpmpp_2s", "DPMSolverSinglestepScheduler", solver_order=2),
    **_karras("dpmpp_2m", "DPMSolverMultistepScheduler", solver_order=2),
    **_karras(
        "dpmpp_2m_sde", "DPMSolverMultistepScheduler", solver_order=2, algorithm_type="sde-dpmsolver++"
    ),
    **_karras("dpmpp_3m", "DPMSolverMultistepScheduler", solver_order=3),
    **_karras("dpmpp_sde", "DPMSolverSDEScheduler", noise_sampler_seed=0),
    "er_sde": SchedulerSpec(
        "ERSDEScheduler",
        {"solver_order": 3, "use_flow_sigmas": False, "stochastic": True},
        module="invoke_tui.engine.schedulers.er_sde",
    ),
    **_karras("unipc", "UniPCMultistepScheduler", cpu_only=True),
    "lcm": SchedulerSpec("LCMScheduler"),
    "tcd": SchedulerSpec("TCDScheduler"),
}
"""InvokeAI's ids (its ``SCHEDULER_MAP``)."""


def spec_of(scheduler: str) -> SchedulerSpec:
    """The spec of an id. Raises ``BadInputError`` for an id nobody knows: it never becomes another scheduler."""
    try:
        return SCHEDULERS[scheduler]
    except KeyError:
        raise BadInputError(
            f"There is no scheduler {scheduler!r}.",
            hint=f"Choose one of: {', '.join(SCHEDULERS)}.",
            code="unknown_scheduler",
        ) from None
