"""A header as the probes see it: quick questions about names and shapes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from invoke_tui.studio.models.headers.header import Header

# Where programs put the denoiser: checkpoints, ComfyUI, bare transformers, Cosmos.
PREFIXES: Final = ("model.diffusion_model.", "diffusion_model.", "", "net.", "model.")
_NAME_LIMIT: Final = 300
_PRECISIONS: Final = {
    "F64": "fp64",
    "F32": "fp32",
    "F16": "fp16",
    "BF16": "bf16",
    "F8_E4M3": "fp8",
    "F8_E5M2": "fp8",
    "I8": "int8",
}


@dataclass(frozen=True)
class Keys:
    """One header with the file's name. All names lie joined in one string, so that looking for a fragment of a name
    is a search at C speed and not a walk over thousands of strings."""

    header: Header
    name: str = ""
    """The file's name without its ending: used only where the weights cannot tell."""
    suffix: str = ".safetensors"

    @cached_property
    def text(self) -> str:
        """All names, each between two newlines. Overlong ones belong to no model and would make searches slow."""
        return "\n" + "\n".join(name for name in self.header.tensors if len(name) <= _NAME_LIMIT) + "\n"

    def __len__(self) -> int:
        return len(self.header.tensors)

    def has(self, key: str) -> bool:
        """Whether there is a tensor of exactly this name."""
        return key in self.header.tensors

    def contains(self, *fragments: str) -> bool:
        """Whether one of the fragments occurs in some name."""
        return any(fragment in self.text for fragment in fragments)

    def begins(self, *prefixes: str) -> bool:
        """Whether some name begins with one of the prefixes."""
        return any(f"\n{prefix}" in self.text for prefix in prefixes)

    def search(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first place in the names where the pattern fits."""
        return pattern.search(self.text)

    def shape(self, key: str) -> tuple[int, ...]:
        """The shape of a tensor; empty when there is none."""
        found = self.header.tensors.get(key)
        return found.shape if found else ()

    def size(self, key: str, axis: int) -> int | None:
        """One axis of a tensor, None when there is no such tensor or axis."""
        shape = self.shape(key)
        return shape[axis] if -len(shape) <= axis < len(shape) else None

    def root(self, *anchors: str) -> str | None:
        """The prefix below which the denoiser with one of these tensors lies."""
        tensors = self.header.tensors
        return next((p for p in PREFIXES for anchor in anchors if p + anchor in tensors), None)

    def said(self, *names: str) -> str:
        """The metadata below these names, joined and in lower case, bounded."""
        return " ".join(self.header.metadata.get(name, "")[:200] for name in names).lower()

    @cached_property
    def precision(self) -> str | None:
        """What most numbers are stored in."""
        if self.contains("quant_state.bitsandbytes__nf4"):
            return "nf4"
        if self.contains("quant_state.bitsandbytes__fp4"):
            return "fp4"
        if self.contains(".SCB\n"):
            return "int8"
        counted: Counter[str] = Counter()
        for tensor in self.header.tensors.values():
            if len(tensor.shape) > 1:
                counted[tensor.dtype] += tensor.shape[0] * tensor.shape[-1]
        most = next(iter(counted.most_common(1)), None)
        return _PRECISIONS.get(most[0], most[0]) if most else None
