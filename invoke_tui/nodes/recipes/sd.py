"""Stable Diffusion 1 and 2: text to picture.

Prompt and seed are nodes of their own, so that a batch can vary them for noise, conditioning and metadata at once.
"""

from __future__ import annotations

from typing import Any

from invoke_tui.domain.graph import Graph
from invoke_tui.domain.models import BaseModelType, ModelRecord
from invoke_tui.domain.parameters import ResolvedRequest
from invoke_tui.nodes.invocations.metadata import APP_VERSION
from invoke_tui.nodes.recipes import recipe


@recipe(BaseModelType.SD1, BaseModelType.SD2)
def text_to_image(request: ResolvedRequest, model: ModelRecord, vae: ModelRecord | None) -> Graph:
    """Encode both prompts, denoise seeded noise, decode."""
    graph = Graph(id="txt2img")
    graph.add("string", "positive_prompt", value=request.positive_prompt)
    graph.add("integer", "seed", value=request.seed)
    graph.add("main_model_loader", "model_loader", model=_plain(model))
    _add_conditioning(graph, request)
    graph.add("noise", "noise", width=request.width, height=request.height)
    graph.connect("seed", "value", "noise", "seed")
    _add_denoise(graph, request)
    _add_decode(graph, request)
    _connect_models(graph, request, vae)
    _add_metadata(graph, request, model, vae)
    return graph


def _add_conditioning(graph: Graph, request: ResolvedRequest) -> None:
    clip = "model_loader"
    if request.clip_skip:
        clip = graph.add("clip_skip", "clip_skip", skipped_layers=request.clip_skip)
        graph.connect("model_loader", "clip", clip)
    graph.add("compel", "pos_cond")
    graph.connect("positive_prompt", "value", "pos_cond", "prompt")
    graph.add("compel", "neg_cond", prompt=request.negative_prompt)
    for node in ("pos_cond", "neg_cond"):
        graph.connect(clip, "clip", node)


def _add_denoise(graph: Graph, request: ResolvedRequest) -> None:
    settings: dict[str, Any] = {
        "steps": request.steps,
        "cfg_scale": request.cfg_scale,
        "scheduler": request.scheduler,
    }
    if request.cfg_rescale_multiplier:
        settings["cfg_rescale_multiplier"] = request.cfg_rescale_multiplier
    graph.add("denoise_latents", "denoise_latents", **settings)
    graph.connect("pos_cond", "conditioning", "denoise_latents", "positive_conditioning")
    graph.connect("neg_cond", "conditioning", "denoise_latents", "negative_conditioning")
    graph.connect("noise", "noise", "denoise_latents")


def _add_decode(graph: Graph, request: ResolvedRequest) -> None:
    settings: dict[str, Any] = {"fp32": request.vae_precision == "fp32", "use_cache": False}
    if request.board:
        settings["board"] = {"board_id": request.board}
    graph.add("l2i", "l2i", **settings)
    graph.connect("denoise_latents", "latents", "l2i")


def _connect_models(graph: Graph, request: ResolvedRequest, vae: ModelRecord | None) -> None:
    """The way from the loaders to denoiser and decoder, through ``seamless`` where it is on."""
    unet_source = vae_source = "model_loader"
    if vae is not None:
        vae_source = graph.add("vae_loader", "vae_loader", vae_model=_plain(vae))
    if request.seamless_x or request.seamless_y:
        axes = {"seamless_x": request.seamless_x, "seamless_y": request.seamless_y}
        graph.add("seamless", "seamless", **axes)
        graph.connect(unet_source, "unet", "seamless")
        graph.connect(vae_source, "vae", "seamless")
        unet_source = vae_source = "seamless"
    graph.connect(unet_source, "unet", "denoise_latents")
    graph.connect(vae_source, "vae", "l2i")


def _add_metadata(
    graph: Graph, request: ResolvedRequest, model: ModelRecord, vae: ModelRecord | None
) -> None:
    """Everything that is needed to make the picture again; ``vae_precision`` is a key InvokeAI does not write."""
    recorded: dict[str, Any] = {
        "generation_mode": "txt2img",
        "negative_prompt": request.negative_prompt,
        "width": request.width,
        "height": request.height,
        "rand_device": "cpu",
        "cfg_scale": request.cfg_scale,
        "cfg_rescale_multiplier": request.cfg_rescale_multiplier,
        "steps": request.steps,
        "scheduler": request.scheduler,
        "seamless_x": request.seamless_x,
        "seamless_y": request.seamless_y,
        "clip_skip": request.clip_skip,
        "model": _plain(model),
        "vae_precision": request.vae_precision,
        "app_version": APP_VERSION,
    }
    if vae is not None:
        recorded["vae"] = _plain(vae)
    graph.add("core_metadata", "core_metadata", **recorded)
    graph.connect("positive_prompt", "value", "core_metadata", "positive_prompt")
    graph.connect("seed", "value", "core_metadata", "seed")
    graph.connect("core_metadata", "metadata", "l2i")


def _plain(model: ModelRecord) -> dict[str, Any]:
    return model.identifier().model_dump(mode="json")
