"""A picture, larger: one node, and what its metadata says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.upscaling import TILE_SIZE, UpscaleRequest
from invoke_tui.nodes.invocations.metadata import CoreMetadataInvocation

INHERITED: Final = (
    "positive_prompt", "negative_prompt", "seed", "steps", "cfg_scale", "scheduler", "model", "loras",
)  # fmt: skip
"""What the small picture was made with is true of the large one, but for its size."""
KEEPER: Final = "upscaled"


def upscale_graph(request: UpscaleRequest, image: ImageRecord, model: ModelRecord) -> Graph:
    """The graph that makes one picture larger. Metadata keys are InvokeAI's."""
    graph = Graph(id="upscale")
    known: dict[str, Any] = {
        "upscale_model": model.identifier().model_dump(mode="json"),
        "upscale_initial_image": image.model_dump(include={"image_name", "width", "height"}),
    }
    if request.scale is not None:
        known["upscale_scale"] = request.scale
    if request.tile_size != TILE_SIZE:
        known["upscale_tile_size"] = request.tile_size
    if request.fit_to_multiple_of_8:
        known["fit_to_multiple_of_8"] = True
    graph.add("core_metadata", "core_metadata", **_inherited(image.metadata or {}), **known)
    settings: dict[str, Any] = {
        "image": {"image_name": image.image_name},
        "image_to_image_model": known["upscale_model"],
        "tile_size": request.tile_size,
    }
    if request.board:
        settings["board"] = {"board_id": request.board}
    if request.scale is None:
        graph.add("spandrel_image_to_image", KEEPER, use_cache=False, **settings)
    else:
        settings |= {"scale": request.scale, "fit_to_multiple_of_8": request.fit_to_multiple_of_8}
        graph.add("spandrel_image_to_image_autoscale", KEEPER, use_cache=False, **settings)
    graph.connect("core_metadata", "metadata", KEEPER)
    return graph


def _inherited(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of another picture's metadata that say what they should; others may have written anything there."""
    found: dict[str, Any] = {}
    for name in INHERITED:
        if metadata.get(name) is None:
            continue
        try:
            CoreMetadataInvocation.model_validate({name: metadata[name]})
        except ValidationError:
            continue
        found[name] = metadata[name]
    return found
