"""Reference pictures as nodes: IP-Adapters of any family, and FLUX Redux; and what metadata says of them."""

from __future__ import annotations

from typing import Any, Final

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.controls import ResolvedReference
from invoke_tui.domain.request.references import DOWNSAMPLING, reference_kind

_ADAPTER: Final = ("ip_adapter", "ip_adapter")
_WAYS: Final = {"flux_redux": ("redux_cond", "redux_conditioning")}
"""The output of a kind's node, and the input of the denoise loop that takes it."""


def add_reference(graph: Graph, reference: ResolvedReference, record: ModelRecord, denoise: str) -> None:
    """A node for one picture, its mask, and the way to the denoise loop. Each kind is numbered on its own."""
    kind = reference_kind(record)
    number = 1 + sum(node.type == kind for node in graph.nodes.values())
    output, wanted = _WAYS.get(kind, _ADAPTER)
    name = graph.add(kind, f"{kind}_{number}", **_inputs(reference, record, kind))
    if reference.mask is not None:
        image, made = {"image_name": reference.mask}, f"{kind}_mask_{number}"
        if reference.mask_alpha:
            mask = graph.add("alpha_mask_to_tensor", made, image=image)
        else:
            mask = graph.add("image_mask_to_tensor", made, image=image, invert=True)
        graph.connect(mask, "mask", name)
    collected(graph, name, output, denoise, wanted)


def collected(graph: Graph, name: str, output: str, denoise: str, wanted: str = "") -> None:
    """One collector for all of a kind, between the ``output`` of their nodes and an input of the denoise loop."""
    wanted = wanted or output
    collector = f"{wanted}_collector"
    if collector not in graph.nodes:
        graph.add("collect", collector)
        graph.connect(collector, "collection", denoise, wanted)
    graph.connect(name, output, collector, "item")


def named(record: ModelRecord) -> dict[str, Any]:
    """A model as graphs and metadata name it."""
    return record.identifier().model_dump(mode="json")


def reference_metadata(
    reference: ResolvedReference, record: ModelRecord, number: int
) -> tuple[str, dict[str, Any]]:
    """The key InvokeAI has for a picture, and what stands there. A mask, and a weight of FLUX Redux, are ours."""
    kind = reference_kind(record)
    mask = {} if reference.mask is None else {"mask": {"image_name": reference.mask}}
    if kind != "flux_redux":
        return "ipAdapters", _inputs(reference, record, kind) | mask
    size = {"width": reference.image_width, "height": reference.image_height}
    weight = {} if reference.weight == 1 else {"weight": reference.weight}
    config = {
        "type": kind,
        "image": {"original": {"image": {"image_name": reference.image, **size}}},
        "model": named(record),
        "imageInfluence": reference.image_influence,
    }
    return "ref_images", {
        "id": f"reference_image:{number}",
        "isEnabled": True,
        "config": config | weight | mask,
    }


def _inputs(reference: ResolvedReference, record: ModelRecord, kind: str) -> dict[str, Any]:
    image = {"image_name": reference.image}
    if kind == "flux_redux":
        return {
            "image": image,
            "redux_model": named(record),
            "downsampling_factor": DOWNSAMPLING[reference.image_influence],
            "weight": reference.weight,
        }
    method = {"method": reference.method} if kind == "ip_adapter" else {}
    return {
        "image": image,
        "ip_adapter_model": named(record),
        "clip_vision_model": reference.clip_vision,
        "weight": reference.weight,
        **method,
        "begin_step_percent": reference.begin,
        "end_step_percent": reference.end,
    }
