"""ControlNets of FLUX.1: InstantX's, which look at the latents of a picture, and XLabs', which look at its pixels."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.families.flux import DEFAULT_GUIDANCE, pack, positions
from invoke_tui.engine.guides.base import ModelCall, Run
from invoke_tui.engine.guides.controls import ControlNetGuide, not_for
from invoke_tui.engine.guides.tools import pixels, weights_of
from invoke_tui.engine.schedulers.flow import TRAIN_STEPS

NAMES: Final = ("controlnet_block_samples", "controlnet_single_block_samples")
Samples = tuple[list[Tensor] | None, list[Tensor] | None]


class FluxControlNetGuide(ControlNetGuide):
    """A ControlNet's outputs are added behind the transformer's blocks."""

    def begin(self, run: Run) -> None:
        """Keep what the picture is made ready from: which of both ways, only the model tells."""
        control = self._control
        self._weights = weights_of(control.weight, control.begin, control.end, run)
        self._last = max((call for call, weight in enumerate(self._weights) if weight), default=-1)
        self._dtype = self._tools.store.precision(control.model, "controlnet")
        self._run_of = run
        self._ready: Tensor | None = None

    def ask(self, call: ModelCall, arguments: dict[str, Any]) -> None:
        """Add to what other control models said, for every block."""
        weight = self._weights[call.call]
        if not weight:
            return
        blocks = (self._tools.model.transformer_blocks, self._tools.model.single_transformer_blocks)
        for name, samples, layers in zip(NAMES, self._samples(call, weight), blocks, strict=True):
            if not samples:
                continue
            spread = self._spread(samples, len(layers))  # type: ignore[arg-type]
            before = arguments.get(name)
            if before is not None:
                spread = [one + other for one, other in zip(before, spread, strict=True)]
            arguments[name] = spread

    def _samples(self, call: ModelCall, weight: float) -> Samples:
        if self._model is None:
            self._open()
        if self._ready is None:
            self._ready = self._picture_for(self._model)
        model, count, told = self._model, len(call.latents), call.conditioning
        height, width = (side // 2 for side in call.latents.shape[-2:])
        device, extras = call.latents.device, {}
        if model.config.guidance_embeds:
            strength = DEFAULT_GUIDANCE if call.guidance is None else call.guidance
            extras["guidance"] = torch.full((count,), strength, device=device)
        if model.union:
            kind = min(self._control.union or 0, model.config.num_mode - 1)
            extras["controlnet_mode"] = torch.full((count, 1), kind, device=device)
        embeds = told.embeds.to(self._dtype)
        found: Samples = model(
            hidden_states=pack(call.latents).to(self._dtype),
            controlnet_cond=self._ready.expand(count, *self._ready.shape[1:]),
            conditioning_scale=weight,
            encoder_hidden_states=embeds,
            pooled_projections=None if told.pooled is None else told.pooled.to(self._dtype),
            timestep=(call.timestep / TRAIN_STEPS).expand(count).to(self._dtype),
            txt_ids=torch.zeros(embeds.shape[1], 3, device=device, dtype=self._dtype),
            img_ids=positions(height, width, device, self._dtype),
            return_dict=False,
            **extras,
        )
        return found

    def _picture_for(self, model: Any) -> Tensor:
        if model.input_hint_block is not None:
            return pixels(self._control.image, self._run_of, self._dtype) * 2 - 1
        if self._control.latents is None:
            raise BadInputError(
                "This ControlNet looks at the latents of its picture.",
                hint="Connect a VAE to the denoise node (controlnet_vae).",
                code="no_latents",
            )
        return pack(self._control.latents.to(self._run_of.start.device)).to(self._dtype)

    def _spread(self, samples: list[Tensor], layers: int) -> list[Tensor]:
        """One for each block of the transformer: in turns as XLabs does it, else each for a few blocks in a row."""
        if self._model.input_hint_block is not None:
            return [samples[number % len(samples)] for number in range(layers)]
        row = -(-layers // len(samples))
        return [samples[number // row] for number in range(layers)]

    def _check(self) -> None:
        ours, theirs = self._model.config, self._tools.model.config
        names = ("attention_head_dim", "num_attention_heads", "joint_attention_dim", "pooled_projection_dim")
        if any(ours[name] != theirs[name] for name in names):  # type: ignore[index]
            raise not_for(self._tools.store.record(self._control.model), "ControlNet")
