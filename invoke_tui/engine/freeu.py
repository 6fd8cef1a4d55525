"""FreeU: weights on the UNet's skip connections (Si et al., arXiv 2309.11497), as diffusers implements it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn

from invoke_tui.domain.errors import BadInputError

NAMES = ("s1", "s2", "b1", "b2")


@contextmanager
def freeu(unet: nn.Module, config: Mapping[str, Any] | None) -> Iterator[None]:
    """While inside, ``unet`` works with the four factors of ``config`` (none: as it is)."""
    if config is None:
        yield
        return
    try:
        factors = {name: float(config[name]) for name in NAMES}
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"FreeU needs the numbers {', '.join(NAMES)}.", code="bad_freeu") from error
    model: Any = unet
    model.enable_freeu(**factors)
    try:
        yield
    finally:
        model.disable_freeu()
