"""The LoRAs of a request as nodes between a model's loader and whatever uses its parts."""

from __future__ import annotations

from typing import Any

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.nodes.recipes import Cast

COLLECTION_LOADER = "lora_collection_loader"


def add_loras(
    graph: Graph, request: ResolvedRequest, cast: Cast, *parts: str, node_type: str = COLLECTION_LOADER
) -> str:
    """The node that gives ``parts``: the loader itself, or what applies the request's LoRAs to them."""
    if not request.loras:
        return "model_loader"
    graph.add("collect", "lora_collector")
    for number, (chosen, record) in enumerate(zip(request.loras, cast.loras, strict=True), start=1):
        identifier = record.identifier().model_dump(mode="json")
        selector = graph.add(
            "lora_selector", f"lora_selector_{number}", lora=identifier, weight=chosen.weight
        )
        graph.connect(selector, "lora", "lora_collector", "item")
    graph.add(node_type, COLLECTION_LOADER)
    graph.connect("lora_collector", "collection", COLLECTION_LOADER, "loras")
    for part in parts:
        graph.connect("model_loader", part, COLLECTION_LOADER)
    return COLLECTION_LOADER


def lora_metadata(request: ResolvedRequest, cast: Cast) -> list[dict[str, Any]] | None:
    """The LoRAs as InvokeAI writes them into a picture; None where there are none."""
    pairs = zip(request.loras, cast.loras, strict=True)
    found = [
        {"model": record.identifier().model_dump(mode="json"), "weight": chosen.weight}
        for chosen, record in pairs
    ]
    return found or None


def check_loras(loras: tuple[ModelRecord, ...], model: ModelRecord) -> None:
    """Raise for what cannot be applied to ``model``, or is there twice."""
    if loras and not traits_of(model).loras:
        raise BadInputError(
            f"LoRAs cannot be applied to {model.base} models yet.",
            hint="Remove them, or choose a model of another family.",
            code="unsupported_lora",
        )
    for number, lora in enumerate(loras):
        if lora.type is not ModelType.LORA:
            raise BadInputError(f"{lora.name} is a {lora.type} model, not a LoRA.", hint="Choose a LoRA.")
        if lora.base is not model.base:
            raise BadInputError(
                f"The LoRA {lora.name} is for {lora.base} models, {model.name} is {model.base}.",
                hint="Remove it, or choose a model it was made for.",
                code="wrong_model",
            )
        if lora.key in {other.key for other in loras[:number]}:
            raise BadInputError(
                f"The LoRA {lora.name} is asked for twice.", hint="Ask for it once, with one weight."
            )
