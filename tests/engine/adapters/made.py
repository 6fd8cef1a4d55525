"""LoRA files made for tests, and what they should do to a weight, computed here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from invoke_tui.domain.graph.fields import LoRAField
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord, ModelType
from tests.engine.conftest import Bench, record_of
from tests.engine.test_families import Studio

RANK = 4
ALPHA = 2.0
Pair = tuple[Tensor, Tensor]
Spell = Callable[[str], tuple[str, str]]
"""A layer's path to the keys of its way down and its way up."""


def know(studio: Studio | Bench, path: Path, base: BaseModelType, **changes: Any) -> ModelRecord:
    """A LoRA file as a record the engine knows."""
    fields: dict[str, Any] = {"key": str(path), "type": ModelType.LORA, "format": ModelFormat.LYCORIS}
    record = record_of(path, base, **(fields | changes))
    studio.engine.use_models({record.key: record})
    return record


def use(record: ModelRecord, weight: float = 1.0) -> LoRAField:
    """The field a graph carries."""
    return LoRAField(lora=record.identifier(), weight=weight)


def write(path: Path, state: Mapping[str, Tensor]) -> Path:
    """A safetensors file."""
    save_file({name: tensor.clone().contiguous() for name, tensor in state.items()}, path)
    return path


@contextmanager
def component(studio: Studio, model: ModelRecord, role: str) -> Iterator[nn.Module]:
    """A component of a model, loaded."""
    with studio.engine._store.use(model.identifier(role), role) as module:
        yield module


@contextmanager
def patched(studio: Studio, model: ModelRecord, role: str, *loras: LoRAField) -> Iterator[nn.Module]:
    """The component with LoRAs on it."""
    from invoke_tui.engine.adapters.lora.apply import with_loras

    log = studio.engine._log
    with (
        component(studio, model, role) as module,
        with_loras(studio.engine._store, module, model.identifier(role), role, loras, log),
    ):
        yield module


def weight(module: nn.Module, path: str) -> Tensor:
    """One layer's weight."""
    found = module.get_submodule(path).weight
    assert isinstance(found, Tensor)
    return found


def weights(module: nn.Module) -> dict[str, Tensor]:
    """A copy of all weights."""
    return {name: parameter.detach().clone() for name, parameter in module.named_parameters()}


def pair(shape: tuple[int, ...], seed: int, rank: int = RANK) -> Pair:
    """A way down and a way up for a weight of ``shape``."""
    generator = torch.Generator().manual_seed(seed)
    out, rest = shape[0], shape[1:]
    down = torch.randn(rank, *rest, generator=generator) * 0.1
    up = torch.randn(out, rank, *(1,) * (len(rest) - 1), generator=generator) * 0.1
    return down, up


def product(down: Tensor, up: Tensor) -> Tensor:
    """The difference of a pair with ``ALPHA``."""
    flat = up.flatten(1).double() @ down.flatten(1).double()
    return (flat * ALPHA / down.shape[0]).reshape(up.shape[0], *down.shape[1:])


def lora_state(pairs: Mapping[str, Pair], spell: Spell) -> dict[str, Tensor]:
    """The pairs under a dialect's keys; what has a place for an alpha gets one."""
    state: dict[str, Tensor] = {}
    for name, (down, up) in pairs.items():
        down_key, up_key = spell(name)
        if down_key.endswith(".lora_down.weight"):
            state[down_key.removesuffix("lora_down.weight") + "alpha"] = torch.tensor(ALPHA)
            state |= {down_key: down, up_key: up}
        else:  # no place for an alpha
            state |= {down_key: down * (ALPHA / down.shape[0]), up_key: up}
    return state


def kohya(prefix: str) -> Spell:
    """``lora_unet_down_blocks_0_….lora_down.weight``."""

    def spell(name: str) -> tuple[str, str]:
        stem = prefix + name.replace(".", "_")
        return f"{stem}.lora_down.weight", f"{stem}.lora_up.weight"

    return spell


def peft(prefix: str, infix: str = "") -> Spell:
    """``unet.down_blocks.0.….lora_A.weight``."""
    return lambda name: (f"{prefix}{name}.lora_A{infix}.weight", f"{prefix}{name}.lora_B{infix}.weight")


def dotted(prefix: str) -> Spell:
    """``transformer.….lora_down.weight``: dots with kohya's endings."""
    return lambda name: (f"{prefix}{name}.lora_down.weight", f"{prefix}{name}.lora_up.weight")


def old_diffusers(prefix: str) -> Spell:
    """``unet.….attn1.processor.to_q_lora.down.weight``."""

    def spell(name: str) -> tuple[str, str]:
        head, _, last = name.removesuffix(".0").rpartition(".")
        stem = f"{prefix}{head}.processor.{last}_lora"
        return f"{stem}.down.weight", f"{stem}.up.weight"

    return spell


def xlabs(name: str) -> tuple[str, str]:
    """``double_blocks.0.processor.qkv_lora1.down.weight`` for ``double_blocks.0.img_attn.qkv``."""
    kind, block, side, part = name.split(".")
    stem = f"{kind}.{block}.processor.{part}_lora{1 if side == 'img_attn' else 2}"
    return f"{stem}.down.weight", f"{stem}.up.weight"
