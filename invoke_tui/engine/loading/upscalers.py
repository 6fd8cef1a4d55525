"""Picture-to-picture networks: spandrel tells from the weights which one they belong to, and puts it together."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.errors import is_out_of_memory
from invoke_tui.engine.loading.faults import damaged
from invoke_tui.engine.loading.reader import Reader

WRAPPINGS: Final = ("params_ema.", "params.", "state_dict.", "generator.", "net.", "model.")
"""What trainers put around the weights; a file's own names are left as they are where they belong to a network."""
SLACK: Final = 512 * 2**20
"""Bytes a network may take beyond what its file explains: tables and masks it computes for itself."""


class Upscaler(nn.Module):
    """A network that makes pictures of (1, c, h, w) in 0..1 into pictures of (1, c, h * scale, w * scale).

    ``scale`` is 1 for those that only restore. ``tiles`` says whether it works on a piece without the rest.
    """

    def __init__(self, found: Any) -> None:
        super().__init__()
        self.network: nn.Module = found.model
        self.architecture: str = found.architecture.name
        self.scale: int = found.scale
        self.channels: int = found.input_channels
        self.tiles: bool = found.tiling.name != "INTERNAL"
        self._found = found
        # without spandrel's inference mode: weights that are streamed may not become its tensors
        self._call = inspect.unwrap(type(found).__call__)

    def forward(self, picture: Tensor) -> Tensor:
        """The picture, larger. It is padded to what the network asks for, and cut again."""
        made: Tensor = self._call(self._found, picture)
        return made

    def precision(self, wanted: torch.dtype) -> torch.dtype:
        """``wanted``, or the number type that takes its place where the network loses its mind in it."""
        able = {torch.float16: self._found.supports_half, torch.bfloat16: self._found.supports_bfloat16}
        return next((t for t in (wanted, torch.bfloat16) if wanted in able and able[t]), torch.float32)


def load_upscaler(path: Path, dtype: torch.dtype, reader: Reader) -> Upscaler:
    """The network of a file, on the CPU, in ``dtype`` or in what it can compute in instead.

    Raises ``NotFoundError`` and ``BadInputError``.
    """
    weights = reader.open(path)
    state = weights.read(weights.shapes)
    found = put_together(_unwrapped(state), path)
    if not hasattr(found, "purpose") or found.purpose == "Inpainting":
        raise _unusable(path, "it fills in what a mask leaves out")
    if found.input_channels not in (1, 3) or found.output_channels != found.input_channels:
        raise _unusable(
            path,
            f"it makes pictures of {found.output_channels} channels from ones of {found.input_channels}",
        )
    upscaler = Upscaler(found).eval().requires_grad_(False)
    return upscaler.to(dtype=upscaler.precision(dtype))


def put_together(state: Mapping[str, Tensor], path: Path) -> Any:
    """What spandrel says of the network. Whatever a hostile file makes of its guesses is a damaged file."""
    from spandrel import MAIN_REGISTRY, UnsupportedModelError

    size = sum(tensor.numel() for tensor in state.values()) * 4
    try:
        with torch.no_grad(), _Building(4 * size + SLACK):
            return MAIN_REGISTRY.load(dict(state))
    except UnsupportedModelError:
        raise _unusable(path, "its weights belong to no network that is known here") from None
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise damaged(path, _reason(error)) from error


def _reason(error: Exception) -> str:
    """One line of what torch, or a guess that looked for a weight, complains of."""
    if isinstance(error, KeyError):
        return f"the weight {error} is missing"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("Error(s)")), type(error).__name__)


def _unwrapped(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights under the network's own names."""
    for prefix in WRAPPINGS:
        inner = {name[len(prefix) :]: tensor for name, tensor in state.items() if name.startswith(prefix)}
        whole = len(inner) == len(state) or prefix.startswith("params")
        if inner and whole and not any(name.split(".")[0].isdigit() for name in inner):
            return _unwrapped(inner)
    return dict(state)


def _unusable(path: Path, why: str) -> BadInputError:
    return BadInputError(
        f"{path.name} is no upscaler that can be used: {why}.",
        hint="'invoke-tui models starter' lists upscalers that can.",
        code="unsupported_upscaler",
    )


class _TooLargeError(RuntimeError):
    """A network wants more memory than its weights explain."""


class _Building(TorchDispatchMode):
    """While a network is put together: no random numbers are drawn, and no more is allocated than ``limit`` bytes.

    Shapes in a small file can describe a network that no machine has room for.
    """

    _RANDOM: Final = (
        torch.ops.aten.uniform_, torch.ops.aten.normal_, torch.ops.aten.erfinv_,
    )  # fmt: skip
    _NEW: Final = (
        torch.ops.aten.empty, torch.ops.aten.zeros, torch.ops.aten.ones, torch.ops.aten.full,
        torch.ops.aten.randn, torch.ops.aten.rand,
    )  # fmt: skip

    def __init__(self, limit: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._left = limit

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Pass everything on but what this is for."""
        made = func.overloadpacket
        if made in self._RANDOM:
            return args[0]
        if made in self._NEW:
            self._left -= 4 * math.prod(args[0])
            if self._left < 0:
                raise _TooLargeError("its shapes describe a network that is far larger than the file")
        return func(*args, **(kwargs or {}))
