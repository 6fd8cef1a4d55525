"""What is in a model file, read without torch and without reading the weights."""

from __future__ import annotations

from invoke_tui.studio.models.headers.header import Header, TensorInfo, UnreadableError
from invoke_tui.studio.models.headers.read import read_header

__all__ = ["Header", "TensorInfo", "UnreadableError", "read_header"]
