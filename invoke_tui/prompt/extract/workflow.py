"""ComfyUI's workflow, as its page saves it, as the graph that its API takes: the one has values in the order of their
widgets, the other by names.
"""

from __future__ import annotations

from typing import Any, Final

from invoke_tui.prompt.extract.comfyui import MOST_NODES

NOTE: Final = (
    "only ComfyUI's workflow is there, not what was run: of nodes that are not usual little is understood"
)
_LATENT: Final = ("width", "height", "batch_size")
_WIDGETS: Final[dict[str, tuple[str, ...]]] = {
    "KSampler": ("seed", "after", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": ("add_noise", "noise_seed", "after", "steps", "cfg", "sampler_name", "scheduler"),
    "SamplerCustom": ("add_noise", "noise_seed", "after", "cfg"),
    "RandomNoise": ("noise_seed", "after"),
    "KSamplerSelect": ("sampler_name",),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "FluxGuidance": ("guidance",),
    "CFGGuider": ("cfg",),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "UNETLoader": ("unet_name", "weight_dtype"),
    "UnetLoaderGGUF": ("unet_name",),
    "VAELoader": ("vae_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "CLIPTextEncodeSDXL": (
        "width",
        "height",
        "crop_w",
        "crop_h",
        "target_width",
        "target_height",
        "text_g",
        "text_l",
    ),
    "EmptyLatentImage": _LATENT,
    "EmptySD3LatentImage": _LATENT,
    "EmptyFlux2LatentImage": _LATENT,
    "PrimitiveString": ("value",),
    "PrimitiveStringMultiline": ("value",),
}
"""The widgets of the nodes that most pictures come from; ``after`` is what the page does with a seed after a run."""
_SEEDS: Final = ("seed", "noise_seed")
_OFF: Final = (2, 4)
"""Modes of nodes that are muted or bypassed."""


def as_graph(data: dict[str, Any] | None) -> dict[str, Any] | None:
    """The graph of a workflow; None for what is none. Nodes that are off keep their links only."""
    nodes = (data or {}).get("nodes")
    if data is None or not isinstance(nodes, list) or not isinstance(data.get("links"), list):
        return None
    sources = _sources(data["links"])
    graph: dict[str, Any] = {}
    for node in nodes[:MOST_NODES]:
        if not isinstance(node, dict) or not isinstance(node.get("type"), str):
            continue
        sockets = [one for one in _listed(node.get("inputs")) if isinstance(one, dict)]
        values = {} if node.get("mode") in _OFF else _values(node, sockets)
        links = {
            str(one.get("name")): [str(sources[one["link"]]), 0]
            for one in sockets
            if isinstance(one.get("link"), int) and one["link"] in sources
        }
        graph[str(node.get("id"))] = {"class_type": node["type"], "inputs": values | links}
    return graph or None


def _sources(links: list[Any]) -> dict[int, Any]:
    """The node that each link comes from."""
    return {
        link[0]: link[1]
        for link in links[: 4 * MOST_NODES]
        if isinstance(link, list)
        and len(link) >= 2
        and isinstance(link[0], int)
        and isinstance(link[1], int | str)
    }


def _values(node: dict[str, Any], sockets: list[dict[str, Any]]) -> dict[str, Any]:
    given = node.get("widgets_values")
    if isinstance(given, dict):
        return {str(name): value for name, value in given.items() if not isinstance(value, list)}
    names = _WIDGETS.get(node["type"]) or _told(sockets)
    return {name: value for name, value in zip(names, _listed(given), strict=False) if name != "after"}


def _told(sockets: list[dict[str, Any]]) -> list[str]:
    """Newer pages name the widgets among the inputs, but for what follows a seed."""
    names = list[str]()
    for one in sockets:
        widget = one.get("widget")
        if isinstance(widget, dict) and isinstance(name := widget.get("name"), str):
            names += [name, "after"] if name in _SEEDS else [name]
    return names


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
