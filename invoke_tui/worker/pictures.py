"""Finished pictures as bytes: a PNG with InvokeAI's text chunks, under a name that the work itself determines."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from PIL.Image import Image
from PIL.PngImagePlugin import PngInfo
from pydantic_core import to_json

from invoke_tui.domain.graph import Graph
from invoke_tui.domain.metadata import GRAPH_KEY, METADATA_KEY


def picture_name(session_id: str, run_id: str, number: int = 0) -> str:
    """The file name of the ``number``-th picture of a run; the same whenever the session is run again."""
    try:
        namespace = UUID(session_id)
    except ValueError:
        namespace = uuid5(NAMESPACE_URL, session_id)
    return f"{uuid5(namespace, f'{run_id}/{number}' if number else run_id)}.png"


def content_name(image: Image) -> str:
    """A name for a picture that stays within a run: the same for the same pixels."""
    digest = hashlib.blake2b(f"{image.mode} {image.size} ".encode() + image.tobytes(), digest_size=16)
    return f"intermediate-{digest.hexdigest()}.png"


def encode_picture(
    image: Image, *, metadata: dict[str, Any] | None, graph: Graph, compress_level: int
) -> bytes:
    """The PNG. Both chunks hold JSON in ASCII, which every reader of tEXt understands."""
    chunks = PngInfo()
    if metadata is not None:
        chunks.add_text(METADATA_KEY, _ascii_json(metadata))
    chunks.add_text(GRAPH_KEY, _ascii_json(graph.model_dump(mode="json")))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=chunks, compress_level=compress_level)
    return buffer.getvalue()


def _ascii_json(value: Any) -> str:
    """Compact JSON; what JSON cannot say (NaN, infinity) becomes null."""
    plain = json.loads(to_json(value, inf_nan_mode="null"))
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":"))
