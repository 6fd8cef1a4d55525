"""ER-SDE: extended reverse-time SDE solver, orders 1 to 3.

Qinpeng Cui et al., "Elucidating the solution space of extended reverse-time SDE for diffusion models",
arXiv 2309.06169 (reference implementation: QinpengCui/ER-SDE-Solver), variance-preserving form with the noise
scale function phi(x) = x (exp(x^0.3) + 10) that the paper calls ER-SDE 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerMixin, SchedulerOutput
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from invoke_tui.domain.errors import BadInputError

INTEGRATION_POINTS = 200


@dataclass
class ERSDEOutput(SchedulerOutput):  # type: ignore[misc]
    """The latents after a step and the picture predicted in it, both of the sample's shape."""

    pred_original_sample: Tensor | None = None


class ERSDEScheduler(SchedulerMixin, ConfigMixin):  # type: ignore[misc]
    """ER-SDE-Solver-1, -2 or -3 by ``solver_order``; without ``stochastic`` no noise is added (the ODE-like limit).

    Latents are alpha * x0 + sigma * noise with alpha^2 + sigma^2 = 1; the solver works in lambda = sigma / alpha.
    """

    order = 1

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        num_train_timesteps: int = 1000,
        beta_start: float = 0.00085,
        beta_end: float = 0.012,
        beta_schedule: str = "scaled_linear",
        trained_betas: list[float] | None = None,
        prediction_type: str = "epsilon",
        timestep_spacing: str = "linspace",
        steps_offset: int = 0,
        solver_order: int = 3,
        stochastic: bool = True,
    ) -> None:
        self.alphas_cumprod = torch.cumprod(1 - _betas(self.config), dim=0)
        self.init_noise_sigma = 1.0
        self.timesteps = torch.from_numpy(np.arange(num_train_timesteps)[::-1].copy())
        self._lambdas = torch.empty(0)
        self._index: int | None = None
        self._begin: int | None = None
        self._done = 0
        self._predicted: Tensor | None = None
        self._slope: Tensor | None = None

    def set_begin_index(self, begin_index: int = 0) -> None:
        """The index of the first timestep that will be stepped."""
        self._begin = begin_index

    def set_timesteps(self, num_inference_steps: int, device: str | torch.device | None = None) -> None:
        """Choose the timesteps (int64, falling) and forget the history of earlier steps."""
        chosen = _spaced(self.config, num_inference_steps)
        self.timesteps = torch.from_numpy(chosen).to(device)
        alphas_cumprod = self.alphas_cumprod[torch.from_numpy(chosen)].double()
        self._lambdas = torch.cat([((1 - alphas_cumprod) / alphas_cumprod).sqrt(), torch.zeros(1).double()])
        self._index = self._begin = None
        self._done = 0
        self._predicted = self._slope = None

    def scale_model_input(self, sample: Tensor, timestep: Any = None) -> Tensor:
        """The model takes the latents as they are."""
        return sample

    def add_noise(self, original_samples: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """Noise the samples: alpha * ``original_samples`` + sigma * ``noise`` at ``timesteps`` (n,)."""
        alphas_cumprod = self.alphas_cumprod.to(original_samples)[
            timesteps.to(original_samples.device).long()
        ]
        shape = (-1,) + (1,) * (original_samples.ndim - 1)
        return (
            alphas_cumprod.sqrt().view(shape) * original_samples
            + (1 - alphas_cumprod).sqrt().view(shape) * noise
        )

    def step(
        self,
        model_output: Tensor,
        timestep: float | Tensor,
        sample: Tensor,
        generator: torch.Generator | None = None,
        return_dict: bool = True,
    ) -> ERSDEOutput | tuple[Tensor, ...]:
        """One step from ``timestep`` to the next; the three tensors have one shape."""
        if self._index is None:
            self._index = self._begin if self._begin is not None else self._find(timestep)
        here, there = float(self._lambdas[self._index]), float(self._lambdas[self._index + 1])
        predicted = self._predict(model_output, sample, here)
        following = predicted if there == 0 else self._advance(sample, predicted, here, there, generator)
        self._predicted = predicted
        self._index += 1
        self._done += 1
        following = following.to(sample.dtype)
        return (
            ERSDEOutput(prev_sample=following, pred_original_sample=predicted)
            if return_dict
            else (following,)
        )

    def __len__(self) -> int:
        return int(self.config.num_train_timesteps)

    def _find(self, timestep: float | Tensor) -> int:
        return int((self.timesteps == float(timestep)).nonzero()[0])

    def _predict(self, output: Tensor, sample: Tensor, here: float) -> Tensor:
        """x0 from the model's output, by its prediction type."""
        alpha = _alpha(here)
        sigma = alpha * here
        kind = self.config.prediction_type
        if kind == "epsilon":
            return (sample - sigma * output) / alpha
        if kind == "v_prediction":
            return alpha * sample - sigma * output
        if kind == "sample":
            return output
        raise BadInputError(f"ER-SDE cannot follow a model that predicts {kind!r}.", code="bad_scheduler")

    def _advance(
        self, sample: Tensor, predicted: Tensor, here: float, there: float, generator: torch.Generator | None
    ) -> Tensor:
        """The paper's equations 22 to 24 from lambda ``here`` to ``there``, at the order the history allows."""
        index, order = self._index or 0, min(self.config.solver_order, self._done + 1)
        alpha = _alpha(there)
        scale = float(_phi(there))
        ratio = scale / float(_phi(here))
        result = (alpha / _alpha(here)) * ratio * sample + alpha * (1 - ratio) * predicted
        if order >= 2 and self._predicted is not None:
            lambdas = np.linspace(there, here, INTEGRATION_POINTS, endpoint=False)
            width = (here - there) / INTEGRATION_POINTS
            weights = width / _phi(lambdas)
            step = there - here
            slope = (predicted - self._predicted) / (here - float(self._lambdas[index - 1]))
            result = result + alpha * (step + scale * float(weights.sum())) * slope
            if order >= 3 and self._slope is not None:
                bend = (slope - self._slope) / ((here - float(self._lambdas[index - 2])) / 2)
                area = float((weights * (lambdas - here)).sum())
                result = result + alpha * (step**2 / 2 + scale * area) * bend
            self._slope = slope
        if self.config.stochastic:
            noise: Tensor = randn_tensor(
                sample.shape, generator=generator, device=sample.device, dtype=sample.dtype
            )
            result = result + alpha * sqrt(max(there**2 - (here * ratio) ** 2, 0.0)) * noise
        return result


def _phi(x: Any) -> Any:
    """The noise scale function, of a number or an array."""
    return x * (np.exp(x**0.3) + 10)


def _alpha(lambda_: float) -> float:
    return float((1 + lambda_**2) ** -0.5)


def _betas(config: Any) -> Tensor:
    if config.trained_betas is not None:
        return torch.tensor(config.trained_betas, dtype=torch.float32)
    if config.beta_schedule == "linear":
        return torch.linspace(config.beta_start, config.beta_end, config.num_train_timesteps)
    if config.beta_schedule == "scaled_linear":
        return torch.linspace(config.beta_start**0.5, config.beta_end**0.5, config.num_train_timesteps) ** 2
    raise BadInputError(
        f"ER-SDE does not know the noise schedule {config.beta_schedule!r}.", code="bad_scheduler"
    )


def _spaced(config: Any, steps: int) -> npt.NDArray[np.int64]:
    """``steps`` falling timesteps, spaced as Lin et al. (arXiv 2305.08891, table 2) name the three ways."""
    total = config.num_train_timesteps
    if config.timestep_spacing == "linspace":
        spaced = np.linspace(0, total - 1, steps + 1).round()[::-1][:-1]
    elif config.timestep_spacing == "leading":
        spaced = (np.arange(steps + 1) * (total // (steps + 1)))[::-1][:-1] + config.steps_offset
    elif config.timestep_spacing == "trailing":
        spaced = np.arange(total, 0, -total / steps).round() - 1
    else:
        raise BadInputError(
            f"ER-SDE does not know the spacing {config.timestep_spacing!r}.", code="bad_scheduler"
        )
    return spaced.astype(np.int64).copy()
