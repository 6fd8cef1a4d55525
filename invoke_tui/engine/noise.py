"""Seeded noise in the shape each family's latents have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.parameters import SEED_MAX


@dataclass(frozen=True)
class NoiseShape:
    """Latents of (1, ``channels``, [1 frame,] h / 8, w / 8) for pictures whose sides are multiples of ``grid``."""

    channels: int
    grid: int = 1
    frame_axis: bool = False


NOISE_SHAPES: Final[dict[str, NoiseShape]] = {
    "SD": NoiseShape(4),
    "FLUX": NoiseShape(16, grid=16),
    "FLUX.2": NoiseShape(32, grid=16),
    "SD3": NoiseShape(16, grid=16),
    "CogView4": NoiseShape(16, grid=32),
    "Z-Image": NoiseShape(16, grid=16),
    "Anima": NoiseShape(16, frame_axis=True),
}
"""InvokeAI's noise types."""


def noise_shape(noise_type: str, width: int, height: int) -> tuple[int, ...]:
    """The shape of the noise for a picture of ``width`` x ``height`` pixels. Raises ``BadInputError``."""
    kind = NOISE_SHAPES.get(noise_type)
    if kind is None:
        raise BadInputError(
            f"There is no noise type {noise_type!r}.", hint=f"Choose one of: {', '.join(NOISE_SHAPES)}."
        )
    if width < 8 or height < 8:
        raise BadInputError(f"A picture of {width} x {height} pixels is too small.", code="bad_size")
    if width % kind.grid or height % kind.grid:
        raise BadInputError(
            f"{noise_type} noise width and height must be a multiple of {kind.grid}, not {width} x {height}.",
            code="bad_size",
        )
    frame = (1,) if kind.frame_axis else ()
    return (1, kind.channels, *frame, height // 8, width // 8)


def make_noise(
    seed: int,
    width: int,
    height: int,
    noise_type: str = "SD",
    *,
    device: torch.device | str = "cpu",
    draw_on: torch.device | str = "cpu",
) -> Tensor:
    """Standard normal noise, float32, on ``device``.

    It is drawn in float32 whatever precision the model has and, unless ``draw_on`` says otherwise, on the CPU: a
    seed then means the same noise on every device and in every precision (a half-precision draw gives other
    numbers). A seed outside 0..2^32-1 is an error, not wrapped.
    """
    if not 0 <= seed <= SEED_MAX:
        raise BadInputError(f"A seed lies in 0..{SEED_MAX}; {seed} does not.", code="bad_seed")
    shape = noise_shape(noise_type, width, height)
    generator = torch.Generator(draw_on).manual_seed(seed)
    return torch.randn(shape, generator=generator, device=draw_on, dtype=torch.float32).to(device)
