"""GGUF files: weights stay in their blocks and are unpacked layer by layer as they are used.

The arithmetic of the block formats is diffusers' (``GGUFLinear``), the file format the ``gguf`` package's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from invoke_tui.engine.loading.faults import damaged, missing

ARCHITECTURE_PREFIX: Final = "model.diffusion_model."


class GgufFile:
    """One GGUF file. Tensors in blocks are ``GGUFParameter``s, all others plain."""

    def __init__(self, path: Path) -> None:
        import gguf

        self.path = path
        if not path.is_file():
            raise missing(path)
        try:
            self._reader: Any = gguf.GGUFReader(path)
        except (ValueError, OSError, IndexError, KeyError, OverflowError) as error:
            raise damaged(path, error) from error
        self._tensors = {tensor.name: tensor for tensor in self._reader.tensors}
        self.shapes: Mapping[str, tuple[int, ...]] = {
            name: tuple(int(side) for side in reversed(tensor.shape))
            for name, tensor in self._tensors.items()
        }

    def field(self, name: str) -> Any:
        """A value of the file's metadata, or None."""
        found = self._reader.get_field(name)
        return None if found is None else found.contents()

    def read(self, names: Iterable[str]) -> dict[str, Tensor]:
        """Those tensors."""
        return {name: self._one(name) for name in names}

    def _one(self, name: str) -> Tensor:
        import gguf
        from diffusers.quantizers.gguf.utils import SUPPORTED_GGUF_QUANT_TYPES, GGUFParameter

        entry = self._tensors[name]
        kind = entry.tensor_type
        data = torch.from_numpy(entry.data.copy())
        types = gguf.GGMLQuantizationType
        if kind in (types.F32, types.F16):
            return data.reshape(self.shapes[name])
        if kind is types.BF16:
            return data.view(torch.bfloat16).reshape(self.shapes[name])
        if kind not in SUPPORTED_GGUF_QUANT_TYPES:
            raise damaged(
                self.path,
                f"nothing can compute with the type {kind.name} of its tensor {name[:100]}",
            )
        made: Tensor = GGUFParameter(data, quant_type=kind)
        return made


def unpacked(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """A tensor in plain numbers of ``dtype``."""
    from diffusers.quantizers.gguf.utils import GGUFParameter, dequantize_gguf_tensor

    if isinstance(tensor, GGUFParameter):
        plain: Tensor = dequantize_gguf_tensor(tensor).to(dtype)
        return plain
    stays = not tensor.is_floating_point() or tensor.dtype is torch.float8_e4m3fn
    return tensor if stays else tensor.to(dtype)


def keep_packed(module: nn.Module, state: dict[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Give ``module``'s linear layers their weights in blocks, and what it takes to compute with them.

    Returns the rest of the state, unpacked, for the module to load. (It would compare the shapes of blocks, too.)
    """
    from diffusers.quantizers.gguf.utils import GGUFLinear, GGUFParameter

    kept: dict[str, Tensor] = {}
    for name, tensor in state.items():
        path, _, last = name.rpartition(".")
        layer = module.get_submodule(path) if last == "weight" and path else None
        if isinstance(tensor, GGUFParameter) and isinstance(layer, nn.Linear):
            bias = layer.bias is not None
            with torch.device("meta"):
                packed = GGUFLinear(layer.in_features, layer.out_features, bias, dtype)
            parent, _, child = path.rpartition(".")
            packed.weight = tensor
            setattr(module.get_submodule(parent), child, packed)
        else:
            kept[name] = unpacked(tensor, dtype)
    return kept
