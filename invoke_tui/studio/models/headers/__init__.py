"""What is in a model file, read without torch and without reading the weights."""

from __future__ import annotations

from invoke_tui.studio.models.headers.header import Header, TensorInfo, UnreadableError

__all__ = ["Header", "TensorInfo", "UnreadableError"]
