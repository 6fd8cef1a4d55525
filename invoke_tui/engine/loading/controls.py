"""ControlNets and T2I-Adapters, which are models of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from invoke_tui.domain.models.records import BaseModelType, ModelRecord
from invoke_tui.engine.loading.files import read_json
from invoke_tui.engine.loading.layouts.controlnet import CONTROLNET, CONTROLNET_OURS
from invoke_tui.engine.loading.layouts.flux import FLUX_CONTROLNETS
from invoke_tui.engine.loading.layouts.t2i import T2I_ADAPTER, T2I_ADAPTER_OURS
from invoke_tui.engine.loading.parts import (
    CONTROLNET_CLASS,
    CONTROLNET_UNION_CLASS,
    FLUX_CONTROLNET_CLASS,
    SD3_CONTROLNET_CLASS,
    T2I_ADAPTER_CLASS,
    Part,
)

_FLUX: Final = Part("model", FLUX_CONTROLNET_CLASS, FLUX_CONTROLNETS, wide=True)
T2I_ADAPTER_PART: Final = Part("model", T2I_ADAPTER_CLASS, (T2I_ADAPTER_OURS, T2I_ADAPTER))


def controlnet_part(record: ModelRecord) -> Part:
    """How the ControlNet of a record is loaded. A folder says whether it knows several kinds of picture."""
    if record.base is BaseModelType.FLUX:
        return _FLUX
    if record.base is BaseModelType.SD3:
        return Part("model", SD3_CONTROLNET_CLASS)  # folders only
    folder = Path(record.path)
    if folder.is_dir() and "Union" in str(read_json(folder / "config.json").get("_class_name")):
        return Part("model", CONTROLNET_UNION_CLASS)
    return Part("model", CONTROLNET_CLASS, (CONTROLNET, CONTROLNET_OURS))
