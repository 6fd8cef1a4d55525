"""Pictures that say where things are: ControlNets, which run beside the denoiser, and T2I-Adapters, which run once.

ControlNet: Zhang et al., arXiv 2302.05543. T2I-Adapter: Mou et al., arXiv 2302.08453. Several add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import torch
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.controls import UNION_KINDS
from invoke_tui.engine.cancel import cancelable
from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.guides.base import Guide, ModelCall, Run
from invoke_tui.engine.guides.tools import Tools, in_floats, pixels, sized, weights_of
from invoke_tui.engine.jobs import Adapter, Control

SOFT: Final = ("more_prompt", "more_control")
"""Modes that weaken the outer layers: 0.825 ** (12 - i) for 13 of them, from a tenth to the whole."""
PROMPT_ONLY: Final = ("more_control", "unbalanced")
"""Modes that leave the negative prompt alone, so that guidance strengthens the control."""
HARD_EDGES: Final = UNION_KINDS.index("hard edges")
Residuals = tuple[list[Tensor], Tensor]


class ControlNetGuide(Guide):
    """A ControlNet's outputs are added to the UNet's skips. It is on the device only while it acts."""

    def __init__(self, control: Control, tools: Tools) -> None:
        self._control, self._tools = control, tools
        self._own = tools.stack.enter_context(ExitStack())
        self._model: Any = None

    def begin(self, run: Run) -> None:
        """The picture in its place; the model is loaded when it is needed."""
        control = self._control
        self._weights = weights_of(control.weight, control.begin, control.end, run)
        self._last = max((call for call, weight in enumerate(self._weights) if weight), default=-1)
        self._dtype = self._tools.store.precision(control.model, "controlnet")
        self._image = sized(control.image, run)
        self._whole = None if run.windows else in_floats(self._image, run.start.device, self._dtype)

    def ask(self, call: ModelCall, arguments: dict[str, Any]) -> None:
        """Add to what other control models said."""
        weight = self._weights[call.call]
        skipped = call.negatives if self._control.mode in PROMPT_ONLY else 0
        if not weight or skipped == len(call.latents):
            return
        down, mid = self._run(call, skipped, weight)
        if skipped:
            down, mid = [_behind_zeros(one, skipped) for one in down], _behind_zeros(mid, skipped)
        before = arguments.get("down_block_additional_residuals")
        if before is not None:
            down = [one + other for one, other in zip(before, down, strict=True)]
            mid = arguments["mid_block_additional_residual"] + mid
        arguments["down_block_additional_residuals"] = down
        arguments["mid_block_additional_residual"] = mid

    def after(self, latents: Tensor, call: int) -> Tensor:
        """The model may leave the device with its last call."""
        if call == self._last:
            self._own.close()
            self._model = None
        return latents

    def _run(self, call: ModelCall, skipped: int, weight: float) -> Residuals:
        if self._model is None:
            self._open()
        told = _rows(call.conditioning, skipped).to(call.latents.device, self._dtype)
        latents = call.latents[skipped:].to(self._dtype)
        extras: dict[str, Any] = {}
        if told.pooled is not None:
            extras["added_cond_kwargs"] = {"text_embeds": told.pooled, "time_ids": told.time_ids}
        picture: Any = self._picture(call).expand(len(latents), -1, -1, -1)
        kinds = getattr(self._model.config, "num_control_type", None)
        if kinds is not None:
            kind = HARD_EDGES if self._control.union is None else min(self._control.union, kinds - 1)
            chosen = torch.zeros(len(latents), kinds, dtype=self._dtype, device=latents.device)
            chosen[:, kind] = 1
            picture, extras = [picture], extras | {"control_type": chosen, "control_type_idx": [kind]}
        with _masked(self._model, told.mask):
            down, mid = self._model(
                latents,
                call.timestep,
                encoder_hidden_states=told.embeds,
                controlnet_cond=picture,
                conditioning_scale=weight,
                guess_mode=self._control.mode in SOFT,
                return_dict=False,
                **extras,
            )
        dtype = call.conditioning.embeds.dtype
        return [one.to(dtype) for one in down], mid.to(dtype)

    def _picture(self, call: ModelCall) -> Tensor:
        """What belongs to a call. The whole picture in floats could be larger than any model."""
        if self._whole is not None:
            return self._whole
        assert call.window is not None, "a picture that is drawn in tiles has windows"
        return in_floats(self._image.crop(call.window.box()), call.latents.device, self._dtype)

    def _open(self) -> None:
        store, control = self._tools.store, self._control
        self._model = self._own.enter_context(store.use(control.model, "controlnet"))
        self._own.enter_context(cancelable(self._tools.check_cancel, self._model))
        self._check()

    def _check(self) -> None:
        """It repeats the UNet's way down: as wide, as deep, with the same text."""
        for name in ("cross_attention_dim", "block_out_channels", "layers_per_block"):
            ours, theirs = self._model.config[name], self._tools.model.config[name]  # type: ignore[index]
            same = list(ours) == list(theirs) if isinstance(ours, list | tuple) else ours == theirs
            if not same:
                raise not_for(self._tools.store.record(self._control.model), "ControlNet")


class T2IAdapterGuide(Guide):
    """A T2I-Adapter looks at its picture once; what it saw is added in the UNet's way down."""

    def __init__(self, adapter: Adapter, tools: Tools) -> None:
        self._adapter, self._tools = adapter, tools

    @torch.no_grad()
    def begin(self, run: Run) -> None:
        """Look at the picture."""
        given, store = self._adapter, self._tools.store
        self._weights = weights_of(given.weight, given.begin, given.end, run)
        if not any(self._weights):
            return
        dtype = store.precision(given.model, "t2i_adapter")
        with store.use(given.model, "t2i_adapter") as model:
            config: Any = self._tools.model.config
            if list(model.config.channels) != list(config.block_out_channels):
                raise not_for(store.record(given.model), "T2I-Adapter")
            seen = pixels(
                given.image, run, dtype, channels=model.config.in_channels, grid=model.downscale_factor
            )
            self._seen: list[Tensor] = [state.to(run.dtype) for state in model(seen)]

    def ask(self, call: ModelCall, arguments: dict[str, Any]) -> None:
        """Add to what other adapters saw."""
        weight = self._weights[call.call]
        if not weight:
            return
        seen = [state * weight for state in self._seen]
        before = arguments.get("down_intrablock_additional_residuals")
        if before is not None:
            seen = [one + other for one, other in zip(before, seen, strict=True)]
        arguments["down_intrablock_additional_residuals"] = seen


def _rows(conditioning: Conditioning, first: int) -> Conditioning:
    """The prompts from the ``first`` on."""

    def cut(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor[first:]

    return Conditioning(
        conditioning.embeds[first:],
        cut(conditioning.pooled),
        cut(conditioning.time_ids),
        cut(conditioning.mask),
    )


def _behind_zeros(tensor: Tensor, count: int) -> Tensor:
    return torch.cat([tensor.new_zeros(count, *tensor.shape[1:]), tensor])


@contextmanager
def _masked(model: nn.Module, mask: Tensor | None) -> Iterator[None]:
    """While inside, padding of prompts is not looked at: a ControlNet's forward, unlike its blocks, takes no mask."""
    if mask is None:
        yield
        return
    bias = (~mask).to(next(model.parameters()).dtype)[:, None] * -10000.0

    def tell(_module: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
        return args, named | {"encoder_attention_mask": bias}

    blocks = [*model.down_blocks, model.mid_block]  # type: ignore[misc]
    hooks = [
        block.register_forward_pre_hook(tell, with_kwargs=True)
        for block in blocks
        if getattr(block, "has_cross_attention", False)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def not_for(record: ModelRecord, kind: str) -> BadInputError:
    """What is said of a model whose layers are those of another."""
    return BadInputError(
        f"The {kind} {record.name} was made for another model: their layers differ.",
        hint=f"Choose a {kind} for this kind of model.",
        code="wrong_model",
    )
