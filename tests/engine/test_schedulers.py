"""Scheduler ids, their timesteps, and whether each solves what it says it solves."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import UNetField
from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.domain.schedulers import SCHEDULER_NAMES
from invoke_tui.engine.denoise import Rig, denoise
from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.factors import SD_FACTORS
from invoke_tui.engine.hooks import SilentHooks
from invoke_tui.engine.jobs import DenoiseJob
from invoke_tui.engine.schedulers.build import build_scheduler
from invoke_tui.engine.schedulers.diffusion import DiffusionSchedule
from invoke_tui.engine.schedulers.span import set_span
from invoke_tui.engine.schedulers.step import step_arguments
from invoke_tui.engine.schedulers.table import SCHEDULERS
from tests.engine.tiny import SD_SCHEDULER, SDXL_SCHEDULER

pytestmark = pytest.mark.engine
DATA = Path(__file__).parent / "data"
CONFIGS = {"sd1": SD_SCHEDULER, "sdxl": SDXL_SCHEDULER}


def test_the_ids_are_invokeais() -> None:
    known = json.loads((DATA / "scheduler_map.json").read_text())
    assert {
        name: {"cls": spec.cls, "kwargs": dict(spec.kwargs)} for name, spec in SCHEDULERS.items()
    } == known
    assert set(SCHEDULERS) == set(SCHEDULER_NAMES)


def test_timesteps_are_those_invokeai_runs() -> None:
    cases = json.loads((DATA / "scheduler_timesteps.json").read_text())
    assert len(cases) > 200
    for family, name, steps, start, end, order, arguments, expected in cases:
        scheduler = build_scheduler(name, CONFIGS[family], steps=steps, seed=0)
        span = set_span(scheduler, steps, start, end)
        case = (family, name, steps, start, end)
        assert span.timesteps.tolist() == pytest.approx(expected, abs=1e-3), case
        assert (span.order, sorted(step_arguments(scheduler, 0))) == (order, arguments), case
        assert span.timesteps.device.type == "cpu"


def test_an_unknown_id_is_an_error() -> None:
    with pytest.raises(BadInputError, match="no scheduler 'euler_b'") as caught:
        build_scheduler("euler_b", SD_SCHEDULER, steps=4, seed=0)
    assert "euler_a" in caught.value.hint


@pytest.mark.parametrize("steps", [0, 1001])
def test_too_few_or_many_steps_are_an_error(steps: int) -> None:
    scheduler = build_scheduler("ddim", SD_SCHEDULER, steps=steps, seed=0)
    with pytest.raises(BadInputError, match="steps cannot be run"):
        set_span(scheduler, steps)


def test_a_deis_model_can_be_drawn_with_dpm_solver() -> None:
    config = SD_SCHEDULER | {"algorithm_type": "deis", "solver_type": "logrho"}
    assert build_scheduler("dpmpp_2m", config, steps=4, seed=0).config.algorithm_type == "dpmsolver++"


def test_the_records_prediction_type_wins() -> None:
    scheduler = build_scheduler("euler", SD_SCHEDULER, steps=4, seed=0, prediction_type="v_prediction")
    assert scheduler.config.prediction_type == "v_prediction"


class OnePicture:
    """A perfect model of a world with one picture: what every solver must find, whatever noise it starts from."""

    def __init__(self, picture: Tensor, kind: str) -> None:
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
        alphas = (1 - betas).cumprod(0)
        self._log_sigmas = (((1 - alphas) / alphas).sqrt()).log().numpy()
        self._picture = picture
        self._kind = kind
        self.calls = 0

    bases = ()
    noise_type = "SD"
    latent_channels = 4
    pixels_per_latent = 8
    rgb_factors = SD_FACTORS
    denoiser = "unet"

    def parts(self, record: Any) -> Any: ...

    def schedule(self, job: Any, config: Any, record: Any, shape: Any) -> Any: ...

    def check(self, model: nn.Module, conditioning: Conditioning, channels: int) -> None: ...

    def predict(
        self,
        model: nn.Module,
        latents: Tensor,
        timestep: Tensor,
        conditioning: Any,
        guidance: Any,
        arguments: Any,
    ) -> Tensor:
        self.calls += 1
        ratio = float(np.exp(np.interp(float(timestep), np.arange(1000), self._log_sigmas)))
        alpha = 1 / sqrt(1 + ratio**2)
        sigma = alpha * ratio
        noise = (latents - alpha * self._picture) / sigma
        return noise if self._kind == "epsilon" else alpha * noise - sigma * self._picture


def solve(
    name: str, steps: int, *, kind: str = "epsilon", start: float = 0.0, config: Any = None
) -> tuple[Tensor, int]:
    """The mean error of a run against the only picture there is, and how often the model was asked."""
    picture = torch.linspace(-1, 1, 4 * 8 * 8).reshape(1, 4, 8, 8)
    family = OnePicture(picture, kind)
    scheduler = build_scheduler(
        name, (config or SD_SCHEDULER) | {"prediction_type": kind}, steps=steps, seed=3
    )
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(5))
    model = ModelIdentifier(key="k", name="one picture")
    job = DenoiseJob(
        model=UNetField(unet=model, scheduler=model),
        positive=Conditioning(torch.zeros(1, 77, 4)),
        negative=Conditioning(torch.zeros(1, 77, 4)),
        noise=noise,
        latents=picture * 0.5 if start else None,
        steps=steps,
        cfg_scale=3.0,
        scheduler=name,
        seed=3,
        denoising_start=start,
    )
    schedule = DiffusionSchedule(scheduler, steps=steps, seed=3, start=start)
    rig = Rig(
        family, nn.Identity(), schedule, torch.device("cpu"), torch.float32, SD_FACTORS, preview_every=0
    )
    return (denoise(job, rig, SilentHooks()) - picture).abs().mean(), family.calls


@pytest.mark.parametrize(("kind", "family"), [("epsilon", "sdxl"), ("v_prediction", "sd1")])
@pytest.mark.parametrize("name", SCHEDULER_NAMES)
def test_every_scheduler_finds_the_picture(name: str, kind: str, family: str) -> None:
    error, _ = solve(name, 20, kind=kind, config=CONFIGS[family])
    assert error < 0.05, error


@pytest.mark.parametrize("name", SCHEDULER_NAMES)
def test_every_scheduler_goes_on_from_a_picture(name: str) -> None:
    error, calls = solve(name, 20, start=0.5)
    assert error < 0.05
    assert calls < 25


@pytest.mark.parametrize("name", SCHEDULER_NAMES)
def test_every_scheduler_runs_few_steps(name: str) -> None:
    for steps in (1, 2, 3):
        error, calls = solve(name, steps)
        assert torch.isfinite(error), steps
        assert calls >= 1


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_pndm_runs_few_steps_with_its_warm_up(steps: int) -> None:
    assert torch.isfinite(solve("pndm", steps, config=SD_SCHEDULER | {"skip_prk_steps": False})[0])


@pytest.mark.parametrize("name", ["lcm", "tcd", "er_sde", "pndm"])
def test_more_steps_than_a_distilled_models_teacher_had(name: str) -> None:
    assert solve(name, 80)[0] < 0.05


def test_second_order_schedulers_call_the_model_twice_a_step() -> None:
    assert solve("heun", 10)[1] == 19
    assert solve("euler", 10)[1] == 10


def test_er_sde_is_the_same_with_the_same_seed_and_closer_at_higher_order() -> None:
    assert torch.equal(solve("er_sde", 8)[0], solve("er_sde", 8)[0])
    assert solve("er_sde", 30)[0] <= solve("er_sde", 6)[0] + 1e-6


@pytest.mark.parametrize("name", ["euler", "euler_a", "ddim", "dpmpp_2m"])
def test_a_model_of_few_steps_begins_at_pure_noise(name: str) -> None:
    """As Lightning's and Turbo's authors ask; SDXL's own spacing leaves the last part of the noise out."""
    leading = build_scheduler(name, SDXL_SCHEDULER, steps=4, seed=0)
    trailing = build_scheduler(name, SDXL_SCHEDULER, steps=4, seed=0, timestep_spacing="trailing")
    for scheduler in (leading, trailing):
        scheduler.set_timesteps(4)
    assert [round(float(one)) for one in trailing.timesteps] == [999, 749, 499, 249]
    assert float(leading.timesteps[0]) < 999
