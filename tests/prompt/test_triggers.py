"""Embeddings in prompts are found where InvokeAI finds them."""

from __future__ import annotations

import pytest

from invoke_tui.prompt.triggers import triggers


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("a <cat-toy> in <my style>", ["cat-toy", "my style"]),
        ("no triggers", []),
        ("<a><b><a>", ["a", "b"]),
        ("<bad!name>", []),
        ("a < b and c > d", [" b and c "]),
        ("<Easy_Negative.v3, x>", ["Easy_Negative.v3, x"]),
        ("\\<esc>", ["esc"]),
        ("<ünïcode>", []),
        ("<>", []),
    ],
)
def test_triggers(prompt: str, found: list[str]) -> None:
    assert triggers(prompt) == found
