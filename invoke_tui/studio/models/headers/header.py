"""The table of contents of a model file, the same for every format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Container = Literal["safetensors", "gguf", "pickle"]


class UnreadableError(Exception):
    """The file is damaged, hostile or no model; the message is one sentence that says which and why."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor: its shape in torch's order, and its type in safetensors' names (``F16``, ``BF16``, ``F8_E4M3``,
    ``U8``, ...) or, in a GGUF file, ggml's (``Q4_K``, ``Q8_0``, ...)."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Header:
    """Names, shapes and types of all tensors, and the words that came with them. Nothing in it can be trusted as text:
    names and metadata are strings from outside."""

    container: Container
    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str] = field(default_factory=dict)
