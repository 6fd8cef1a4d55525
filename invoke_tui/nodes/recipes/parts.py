"""Pieces that several recipes are made of.

Prompt and seed are nodes of their own, so that a batch can vary them for noise, conditioning and metadata at once.
"""

from __future__ import annotations

from typing import Any

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.nodes.invocations.metadata import APP_VERSION
from invoke_tui.nodes.recipes import Cast
from invoke_tui.nodes.recipes.loras import lora_metadata
from invoke_tui.nodes.recipes.pictures import start_metadata
from invoke_tui.nodes.recipes.refinement import cfg_scales, refinement_metadata
from invoke_tui.nodes.recipes.regions import regions_metadata
from invoke_tui.nodes.recipes.steering import steering_metadata


def begin(request: ResolvedRequest) -> Graph:
    """A graph with the prompt and the seed."""
    graph = Graph(id="txt2img")
    graph.add("string", "positive_prompt", value=request.positive_prompt)
    graph.add("integer", "seed", value=request.seed)
    return graph


def plain(model: ModelRecord | None) -> dict[str, Any] | None:
    """A model as graphs and metadata name it."""
    return None if model is None else model.identifier().model_dump(mode="json")


def add_noise(graph: Graph, request: ResolvedRequest) -> None:
    """Noise for the UNet families, which do not draw it themselves."""
    graph.add("noise", "noise", width=request.width, height=request.height)
    graph.connect("seed", "value", "noise", "seed")


def add_decode(graph: Graph, request: ResolvedRequest, node_type: str, source: str, **settings: Any) -> None:
    """The node that decodes what ``source`` denoised and keeps the picture; its id is its type."""
    if request.board:
        settings["board"] = {"board_id": request.board}
    graph.add(node_type, node_type, use_cache=False, **settings)
    graph.connect(source, "latents", node_type)


def connect_unet(graph: Graph, request: ResolvedRequest, cast: Cast, unet_source: str) -> None:
    """The way from what gives the UNet, and the loaders, to UNet and decoder, through what is put onto them."""
    vae_source = "model_loader"
    if cast.vae is not None:
        vae_source = graph.add("vae_loader", "vae_loader", vae_model=plain(cast.vae))
    if request.seamless_x or request.seamless_y:
        axes = {"seamless_x": request.seamless_x, "seamless_y": request.seamless_y}
        graph.add("seamless", "seamless", **axes)
        graph.connect(unet_source, "unet", "seamless")
        graph.connect(vae_source, "vae", "seamless")
        unet_source = vae_source = "seamless"
    if request.freeu is not None:
        graph.add("freeu", "freeu", **request.freeu.model_dump())
        graph.connect(unet_source, "unet", "freeu")
        unet_source = "freeu"
    graph.connect(unet_source, "unet", "denoise_latents")
    graph.connect(vae_source, "vae", "l2i")


def add_metadata(
    graph: Graph, request: ResolvedRequest, cast: Cast, *, keeper: str, mode: str, **recorded: Any
) -> None:
    """Everything that is needed to make the picture again, given to the node ``keeper``.

    ``recorded`` are the keys of the family; what is None is left out.
    """
    always: dict[str, Any] = {
        "generation_mode": mode,
        "width": request.width,
        "height": request.height,
        "rand_device": "cpu",
        "steps": request.steps,
        "model": plain(cast.main),
        "vae": plain(cast.vae),
        "loras": lora_metadata(request, cast),
        "regions": regions_metadata(request),
        "template": request.template,
        "app_version": APP_VERSION,
    }
    every = (
        always
        | recorded
        | refinement_metadata(request, cast)
        | start_metadata(request)
        | steering_metadata(request, cast)
    )
    given = {name: value for name, value in every.items() if value is not None}
    graph.add("core_metadata", "core_metadata", **given)
    graph.connect("positive_prompt", "value", "core_metadata", "positive_prompt")
    graph.connect("seed", "value", "core_metadata", "seed")
    graph.connect("core_metadata", "metadata", keeper)


def unet_settings(request: ResolvedRequest) -> dict[str, Any]:
    """What the metadata of every UNet family says. ``vae_precision`` is a key InvokeAI does not write."""
    return {
        "negative_prompt": request.negative_prompt,
        "cfg_scale": request.cfg_scale,
        "cfg_rescale_multiplier": request.cfg_rescale_multiplier,
        "scheduler": request.scheduler,
        "seamless_x": request.seamless_x,
        "seamless_y": request.seamless_y,
        "clip_skip": request.clip_skip,
        "vae_precision": request.vae_precision,
        **encode_settings(request),
    }


def encode_settings(request: ResolvedRequest) -> dict[str, Any]:
    """How CLIP reads prompts that are too long. InvokeAI's nodes do not know the choice, so it is named where it is
    not theirs."""
    return {} if request.long_prompts == "chunks" else {"long_prompts": request.long_prompts}


def denoise_settings(request: ResolvedRequest) -> dict[str, Any]:
    """The inputs of ``denoise_latents`` that are values."""
    settings: dict[str, Any] = {
        "steps": request.steps,
        "cfg_scale": cfg_scales(request),
        "scheduler": request.scheduler,
    }
    if request.cfg_rescale_multiplier:
        settings["cfg_rescale_multiplier"] = request.cfg_rescale_multiplier
    return settings


def vae_settings(request: ResolvedRequest) -> dict[str, Any]:
    """How the VAE of a UNet family works."""
    return {"fp32": request.vae_precision == "fp32"}
