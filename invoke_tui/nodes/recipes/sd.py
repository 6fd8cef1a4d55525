"""Stable Diffusion 1 and 2: from text, and from pictures."""

from __future__ import annotations

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.nodes.recipes import Cast, recipe
from invoke_tui.nodes.recipes.loras import add_loras
from invoke_tui.nodes.recipes.parts import (
    add_decode,
    add_metadata,
    add_noise,
    begin,
    connect_unet,
    denoise_settings,
    encode_settings,
    plain,
    unet_settings,
    vae_settings,
)
from invoke_tui.nodes.recipes.pictures import add_picture, mode_of
from invoke_tui.nodes.recipes.refinement import add_first_pass, add_variance
from invoke_tui.nodes.recipes.regions import add_regions
from invoke_tui.nodes.recipes.steering import add_steering


@recipe(BaseModelType.SD1, BaseModelType.SD2)
def text_to_image(request: ResolvedRequest, cast: Cast) -> Graph:
    """Encode both prompts, denoise seeded noise or a noised picture, decode."""
    graph = begin(request)
    graph.add("main_model_loader", "model_loader", model=plain(cast.main))
    source = add_loras(graph, request, cast, "unet", "clip")
    add_conditioning(graph, request, source)
    add_noise(graph, request)
    graph.add("denoise_latents", "denoise_latents", **denoise_settings(request))
    graph.connect("pos_cond", "conditioning", "denoise_latents", "positive_conditioning")
    graph.connect("neg_cond", "conditioning", "denoise_latents", "negative_conditioning")
    graph.connect("noise", "noise", "denoise_latents")
    add_decode(graph, request, "l2i", "denoise_latents", **vae_settings(request))
    connect_unet(graph, request, cast, source)
    add_steering(graph, request, cast, denoise="denoise_latents")
    add_regions(graph, request)
    add_variance(graph, request)
    add_first_pass(
        graph, request, cast, denoise="denoise_latents", decode="l2i", encode="i2l", **vae_settings(request)
    )
    keeper = add_picture(
        graph, request, cast, denoise="denoise_latents", decode="l2i", encode="i2l", **vae_settings(request)
    )
    add_metadata(graph, request, cast, keeper=keeper, mode=mode_of(request), **unet_settings(request))
    return graph


def add_conditioning(graph: Graph, request: ResolvedRequest, source: str) -> None:
    """Both prompts, as ``pos_cond`` and ``neg_cond``; ``source`` gives the text encoder."""
    clip = source
    if request.clip_skip:
        clip = graph.add("clip_skip", "clip_skip", skipped_layers=request.clip_skip)
        graph.connect(source, "clip", clip)
    settings = encode_settings(request)
    graph.add("compel", "pos_cond", **settings)
    graph.connect("positive_prompt", "value", "pos_cond", "prompt")
    graph.add("compel", "neg_cond", prompt=request.negative_prompt, **settings)
    for node in ("pos_cond", "neg_cond"):
        graph.connect(clip, "clip", node)
