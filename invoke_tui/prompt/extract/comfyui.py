"""ComfyUI's graph: from the picture that was saved back to the sampler, and from there to prompts and settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from invoke_tui.prompt.extract.found import Found, as_found, model

MOST_NODES: Final = 5_000
_TEXTS: Final = ("text", "text_g", "t5xxl", "prompt", "string", "value", "wildcard_text")
_POSITIVE: Final = ("positive", "conditioning", "guider")

Graph = dict[str, dict[str, Any]]


def is_graph(data: dict[str, Any] | None) -> bool:
    """Whether it is a graph as ComfyUI's API takes it."""
    return bool(data) and any(
        isinstance(node, dict) and "class_type" in node for node in (data or {}).values()
    )


def read_graph(data: dict[str, Any], notes: tuple[str, ...] = ()) -> Found | None:
    """What the last picture of a graph was made with; circles and missing nodes are no harm."""
    graph = {
        str(key): node
        for key, node in list(data.items())[:MOST_NODES]
        if isinstance(node, dict) and isinstance(node.get("inputs"), dict)
    }
    sampler = _sampler(graph)
    if sampler is None:
        return None
    inputs = graph[sampler]["inputs"]
    above = list(_upstream(graph, sampler))

    def first(*names: str) -> Any:
        values = (graph[key]["inputs"].get(name) for key in above for name in names)
        return next((value for value in values if isinstance(value, str | int | float)), None)

    loras = [
        {"model": model(one.get("lora_name")), "weight": one.get("strength_model", 1.0)}
        for one in (graph[key]["inputs"] for key in above)
        if isinstance(one.get("lora_name"), str)
    ]
    positive = next((inputs[name] for name in _POSITIVE if name in inputs), None)
    return as_found(
        "ComfyUI",
        _text(graph, positive),
        _text(graph, inputs.get("negative")),
        seed=first("seed", "noise_seed"),
        steps=first("steps"),
        cfg_scale=first("cfg"),
        guidance=first("guidance"),
        sampler=(first("sampler_name"), first("scheduler")),
        width=first("width"),
        height=first("height"),
        model=model(first("ckpt_name", "unet_name")),
        vae=model(first("vae_name")),
        loras=loras,
        a1111=True,
        notes=notes,
    )


def _sampler(graph: Graph) -> str | None:
    """The sampler nearest to the last node that saves; where none saves, any."""
    saves = [key for key, node in graph.items() if "Save" in str(node.get("class_type"))]
    for start in [*reversed(saves), None]:
        for key in _upstream(graph, start) if start is not None else graph:
            inputs = graph[key]["inputs"]
            if "negative" in inputs or "guider" in inputs:
                return key
    return None


def _upstream(graph: Graph, start: str) -> Iterator[str]:
    """A node and what leads to it, nearest first; each once."""
    seen, at = {start}, [start]
    for key in at:
        if key not in graph:
            continue
        yield key
        for value in graph[key]["inputs"].values():
            if (source := _link(value)) is not None and source not in seen:
                seen.add(source)
                at.append(source)


def _link(value: Any) -> str | None:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int):
        return str(value[0])
    return None


def _text(graph: Graph, value: Any) -> str:
    """The nearest text behind a link."""
    start = _link(value)
    for key in _upstream(graph, start) if start is not None else ():
        inputs = graph[key]["inputs"]
        for name in _TEXTS:
            if isinstance(inputs.get(name), str) and inputs[name].strip():
                return str(inputs[name])
    return ""
