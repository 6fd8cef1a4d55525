"""ControlNets, which are models of their own."""

from __future__ import annotations

from typing import Final

from invoke_tui.domain.models import BaseModelType, ModelRecord
from invoke_tui.engine.loading.layouts.controlnet import CONTROLNET, CONTROLNET_OURS
from invoke_tui.engine.loading.parts import (
    CONTROLNET_CLASS,
    FLUX_CONTROLNET_CLASS,
    SD3_CONTROLNET_CLASS,
    Part,
)

_CLASSES: Final = {
    BaseModelType.FLUX: FLUX_CONTROLNET_CLASS,
    BaseModelType.SD3: SD3_CONTROLNET_CLASS,
}
"""Families whose ControlNets are folders only."""


def controlnet_part(record: ModelRecord) -> Part:
    """How the ControlNet of a record is loaded."""
    cls = _CLASSES.get(record.base)
    if cls is not None:
        return Part("model", cls, wide=record.base is BaseModelType.FLUX)
    return Part("model", CONTROLNET_CLASS, (CONTROLNET, CONTROLNET_OURS))
