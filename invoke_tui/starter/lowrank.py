"""Low-rank differences of a network's weights, trained beside the frozen ones and kept the way kohya's files are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

PREFIX = "lora_unet_"


class LowRank(nn.Module):
    """A frozen layer and the two small ones whose product is added to it; at first they add nothing."""

    def __init__(self, frozen: nn.Linear | nn.Conv2d, rank: int) -> None:
        super().__init__()
        self.frozen = frozen.requires_grad_(False)
        self.down: nn.Linear | nn.Conv2d
        self.up: nn.Linear | nn.Conv2d
        if isinstance(frozen, nn.Linear):
            self.down = nn.Linear(frozen.in_features, rank, bias=False)
            self.up = nn.Linear(rank, frozen.out_features, bias=False)
        else:
            place: dict[str, Any] = {
                name: getattr(frozen, name) for name in ("kernel_size", "stride", "padding")
            }
            self.down = nn.Conv2d(frozen.in_channels, rank, bias=False, **place)
            self.up = nn.Conv2d(rank, frozen.out_channels, 1, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        """What the layer says, and the difference."""
        told: torch.Tensor = self.frozen(value) + self.up(self.down(value))
        return told


def attach(network: nn.Module, rank: int, wanted: Callable[[str, nn.Module], bool]) -> dict[str, LowRank]:
    """Freeze the network and give every wanted linear or convolution a difference; path to layer."""
    network.requires_grad_(False)
    layers: dict[str, LowRank] = {}
    for path, module in list(network.named_modules()):
        if isinstance(module, nn.Linear | nn.Conv2d) and wanted(path, module):
            parent, _, name = path.rpartition(".")
            layers[path] = LowRank(module, rank)
            setattr(network.get_submodule(parent), name, layers[path])
    return layers


def pairs(layers: dict[str, LowRank]) -> list[nn.Parameter]:
    """What is trained of them."""
    return [p for layer in layers.values() for p in (*layer.down.parameters(), *layer.up.parameters())]


def kohya(layers: dict[str, LowRank]) -> dict[str, torch.Tensor]:
    """The differences in half precision under kohya's names; alpha is the rank, so the weight 1 means as trained."""
    state: dict[str, torch.Tensor] = {}
    for path, layer in layers.items():
        name = PREFIX + path.replace(".", "_")
        state[f"{name}.lora_down.weight"] = layer.down.weight.detach().half().contiguous()
        state[f"{name}.lora_up.weight"] = layer.up.weight.detach().half().contiguous()
        state[f"{name}.alpha"] = torch.tensor(float(layer.down.weight.shape[0])).half()
    return state
