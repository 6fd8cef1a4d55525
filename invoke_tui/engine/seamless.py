"""Pictures that tile: convolutions that wrap around instead of padding with zeros."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn import functional

from invoke_tui.domain.graph.fields import SeamlessAxis


@contextmanager
def seamless(axes: Sequence[SeamlessAxis], *models: nn.Module) -> Iterator[None]:
    """While inside, every padded ``Conv2d`` of ``models`` wraps around along ``axes``; restored afterwards."""
    patched: list[nn.Conv2d] = []
    try:
        if axes:
            for model in models:
                for module in model.modules():
                    if isinstance(module, nn.Conv2d) and _pads(module):
                        _wrap(module, "x" in axes, "y" in axes)
                        patched.append(module)
        yield
    finally:
        for module in patched:
            del module._conv_forward


def _pads(module: nn.Conv2d) -> bool:
    return not isinstance(module.padding, str) and any(module.padding)


def _wrap(module: nn.Conv2d, wrap_x: bool, wrap_y: bool) -> None:
    """Shadow the instance's ``_conv_forward`` (deleting the attribute brings the class's back)."""
    down, across = (int(side) for side in module.padding)
    mode_x, mode_y = ("circular" if wrap else "constant" for wrap in (wrap_x, wrap_y))

    def forward(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if across:
            x = functional.pad(x, (across, across, 0, 0), mode=mode_x)
        if down:
            x = functional.pad(x, (0, 0, down, down), mode=mode_y)
        return functional.conv2d(x, weight, bias, module.stride, 0, module.dilation, module.groups)

    module._conv_forward = forward  # type: ignore[method-assign,assignment]
