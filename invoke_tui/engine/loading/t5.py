"""T5's encoder, which models bring or which is a model of its own."""

from __future__ import annotations

from typing import Final

from invoke_tui.engine.loading.layouts.text import T5, T5_GGUF
from invoke_tui.engine.loading.parts import T5_CLASS, Part

T5_PARTS: Final = {
    "text_encoder": Part("model", T5_CLASS, (T5, T5_GGUF), wide=True),
    "tokenizer": Part("tokenizer", "T5Tokenizer"),
}
