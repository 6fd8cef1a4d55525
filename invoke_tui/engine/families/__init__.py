"""The families of models this engine draws with. A new one is one more file and one more name in ``FAMILIES``."""

from __future__ import annotations

from typing import Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.families.base import Family
from invoke_tui.engine.families.flux import Flux
from invoke_tui.engine.families.sd import StableDiffusion
from invoke_tui.engine.families.sd3 import StableDiffusion3
from invoke_tui.engine.families.sdxl import StableDiffusionXL

FAMILIES: Final[tuple[Family, ...]] = (StableDiffusion(), StableDiffusionXL(), StableDiffusion3(), Flux())


def family_of(base: str) -> Family:
    """The family of InvokeAI's base id. Raises ``BadInputError`` when no family draws with it."""
    for family in FAMILIES:
        if base in family.bases:
            return family
    known = ", ".join(str(known) for family in FAMILIES for known in family.bases)
    raise BadInputError(
        f"This engine cannot draw with models of base {str(base)!r}.",
        hint=f"It knows: {known}.",
        code="unknown_family",
    )
