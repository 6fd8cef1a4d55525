"""Prompts for parts of the picture: nodes beside those of the prompts for all of it, as InvokeAI's graphs have them."""

from __future__ import annotations

from typing import Any, Final

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.domain.request.regions import RegionRequest, ResolvedRegion

POSITIVE: Final = "pos_cond"
NEGATIVE: Final = "neg_cond"
_TEXTS: Final = ("prompt", "style")


def add_regions(graph: Graph, request: ResolvedRequest) -> None:
    """Encode the prompts of each region as those for the whole picture are, and let both be drawn after.

    Without a negative prompt in the graph, which is where nothing is guided by it, those of regions do not count.
    """
    if not request.regions:
        return
    guided, wished, avoided = NEGATIVE in graph.nodes, [POSITIVE], [NEGATIVE]
    for number, region in enumerate(request.regions, start=1):
        name = f"region_{number}"
        mask = _mask(graph, request, region, f"{name}_mask")
        if region.positive_prompt.strip():
            wished.append(_encode(graph, POSITIVE, f"{name}_{POSITIVE}", region.positive_prompt, mask))
        if guided and region.negative_prompt.strip():
            avoided.append(_encode(graph, NEGATIVE, f"{name}_{NEGATIVE}", region.negative_prompt, mask))
        if guided and region.auto_negative and region.positive_prompt.strip():
            outside = graph.add("invert_tensor_mask", f"{name}_outside")
            graph.connect(mask, "mask", outside)
            name = f"{name}_auto_{NEGATIVE}"
            avoided.append(_encode(graph, NEGATIVE, name, region.positive_prompt, outside))
    for prompts in (wished, avoided):
        if len(prompts) > 1:
            _collect(graph, prompts)


def regions_metadata(request: ResolvedRequest) -> list[dict[str, Any]] | None:
    """The regions as they were asked for. InvokeAI writes them with its canvas only, in a form of their own."""
    known = set(RegionRequest.model_fields)
    found = [region.model_dump(include=known, exclude_defaults=True) for region in request.regions]
    return found or None


def _mask(graph: Graph, request: ResolvedRequest, region: ResolvedRegion, name: str) -> str:
    """The node that says where a region is."""
    if region.mask_image is None:
        width, height = request.width, request.height
        left, top = round(region.left * width), round(region.top * height)
        return graph.add(
            "rectangle_mask",
            name,
            width=width,
            height=height,
            x_left=left,
            y_top=top,
            rectangle_width=max(1, round(region.right * width) - left),
            rectangle_height=max(1, round(region.bottom * height) - top),
        )
    image = {"image_name": region.mask_image}
    if region.mask_alpha:
        return graph.add("alpha_mask_to_tensor", name, image=image)
    return graph.add("image_mask_to_tensor", name, image=image, invert=True)


def _encode(graph: Graph, like: str, name: str, prompt: str, mask: str) -> str:
    """A node as ``like``, with everything that node has but for the text."""
    model = graph.nodes[like]
    incoming = [edge for edge in graph.edges if edge.destination.node_id == like]
    texts = {edge.destination.field for edge in incoming} | set(model.fields())
    fields = model.fields() | {text: prompt for text in _TEXTS if text in texts}
    graph.add(model.type, name, **fields)
    for edge in incoming:
        if edge.destination.field not in _TEXTS:
            graph.connect(edge.source.node_id, edge.source.field, name, edge.destination.field)
    graph.connect(mask, "mask", name)
    return name


def _collect(graph: Graph, prompts: list[str]) -> None:
    """Whatever took the first of the prompts, that for the whole picture, takes them all."""
    taken = [edge for edge in graph.edges if edge.source.node_id == prompts[0]]
    graph.edges = [edge for edge in graph.edges if edge not in taken]
    collector = graph.add("collect", f"{prompts[0]}_collect")
    for name in prompts:
        graph.connect(name, "conditioning", collector, "item")
    for edge in taken:
        graph.connect(collector, "collection", edge.destination.node_id, edge.destination.field)
