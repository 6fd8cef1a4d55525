"""Which guides a job asks for."""

from __future__ import annotations

from typing import Any, Final

from torch import nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.guides.base import Guide
from invoke_tui.engine.guides.controls import ControlNetGuide, T2IAdapterGuide
from invoke_tui.engine.guides.flux_controls import FluxControlNetGuide
from invoke_tui.engine.guides.flux_references import FluxReferencesGuide
from invoke_tui.engine.guides.masks import FillChannels, InpaintChannels, MaskedLatents
from invoke_tui.engine.guides.references import ReferencesGuide
from invoke_tui.engine.guides.regions import RegionsGuide
from invoke_tui.engine.guides.tools import Tools
from invoke_tui.engine.jobs import DenoiseJob

INPAINT_UNET_CHANNELS: Final = 9
FILL_TRANSFORMER_CHANNELS: Final = 384


def guides_of(job: DenoiseJob, tools: Tools) -> tuple[Guide, ...]:
    """The guides of ``job``, in the order they act. Raises ``BadInputError`` for what its model cannot take."""
    if job.tiling is not None and (job.adapters or job.references or job.regions or job.fill or job.mask):
        raise BadInputError(
            "A picture that is drawn in tiles is steered by ControlNets alone.",
            hint="Leave masks, regions, reference pictures and T2I-Adapters out.",
            code="unsupported",
        )
    flux = hasattr(tools.model, "single_transformer_blocks")
    beside = FluxControlNetGuide if flux else ControlNetGuide
    looking = FluxReferencesGuide if flux else ReferencesGuide
    return (
        *_masks(job, tools.model),
        *(beside(control, tools) for control in job.controls),
        *(T2IAdapterGuide(adapter, tools) for adapter in job.adapters),
        *((looking(job.references, tools),) if job.references else ()),
        *((RegionsGuide(job.regions, tools),) if job.regions else ()),
    )


def _masks(job: DenoiseJob, model: nn.Module) -> tuple[Guide, ...]:
    config: Any = model.config
    fills = config.in_channels == FILL_TRANSFORMER_CHANNELS
    if fills and job.fill is None:
        raise BadInputError(
            "A FLUX Fill model needs a picture and a mask to fill.",
            hint="Give both, or choose another model.",
            code="wrong_model",
        )
    if job.fill is not None:
        if not fills:
            raise BadInputError(
                "This is no FLUX Fill model.", hint="Connect a denoise mask instead.", code="wrong_model"
            )
        return (FillChannels(job.fill),)
    if config.in_channels == INPAINT_UNET_CHANNELS:
        return (InpaintChannels(job.mask),)
    return () if job.mask is None else (MaskedLatents(job.mask),)
