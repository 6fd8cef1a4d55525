"""What is copied of a picture besides the picture: the same text wherever it is copied from."""

from __future__ import annotations

import json
from typing import Literal

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.text import safe_text

PictureText = Literal["path", "prompt", "metadata"]


def text_of(image: ImageRecord, what: PictureText) -> str:
    """Inert text; the metadata is JSON as people read it. Raises ``BadInputError`` where the picture does not say."""
    found = image.metadata or {}
    match what:
        case "path":
            text = safe_text(image.path)
        case "prompt":
            prompt = found.get("positive_prompt")
            text = safe_text(prompt, limit=200_000, multiline=True) if isinstance(prompt, str) else ""
        case _:
            text = _inert(json.dumps(found, indent=2, ensure_ascii=False)) if found else ""
    if not text:
        raise BadInputError(f"{image.image_name} has no {what}.", code="no_metadata")
    return text


def _inert(document: str) -> str:
    """JSON that says the same, with everything escaped that a terminal does not print."""
    return "".join(
        char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in document
    )
