"""Embeddings in a prompt: ``<name>``, as InvokeAI writes and finds them."""

from __future__ import annotations

import re
from typing import Final

_TRIGGER: Final = re.compile(r"<([A-Za-z0-9_\-., ]+)>")


def triggers(prompt: str) -> list[str]:
    """The names between angle brackets that may be an embedding's, in order, each once."""
    return list(dict.fromkeys(_TRIGGER.findall(prompt)))
