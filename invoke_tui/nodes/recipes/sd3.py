"""Stable Diffusion 3: from text, and from pictures."""

from __future__ import annotations

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.nodes.recipes import Cast, recipe
from invoke_tui.nodes.recipes.parts import add_decode, add_metadata, begin, plain
from invoke_tui.nodes.recipes.pictures import add_picture, mode_of
from invoke_tui.nodes.recipes.refinement import add_first_pass, add_variance, cfg_scales


@recipe(BaseModelType.SD3)
def text_to_image(request: ResolvedRequest, cast: Cast) -> Graph:
    """Encode both prompts with what text encoders there are, denoise, decode. T5 may be missing."""
    graph = begin(request)
    graph.add(
        "sd3_model_loader",
        "model_loader",
        model=plain(cast.main),
        t5_encoder_model=plain(cast.t5_encoder),
        clip_l_model=plain(cast.clip_embed),
        clip_g_model=plain(cast.clip_g),
        vae_model=plain(cast.vae),
    )
    graph.add("sd3_text_encoder", "pos_cond")
    graph.connect("positive_prompt", "value", "pos_cond", "prompt")
    graph.add("sd3_text_encoder", "neg_cond", prompt=request.negative_prompt)
    encoders = ["clip_l", "clip_g"]
    if cast.t5_encoder is not None or "text_encoder_3" in cast.main.submodels:
        encoders.append("t5_encoder")
    for node in ("pos_cond", "neg_cond"):
        for encoder in encoders:
            graph.connect("model_loader", encoder, node)
    graph.add(
        "sd3_denoise",
        "sd3_denoise",
        width=request.width,
        height=request.height,
        steps=request.steps,
        cfg_scale=cfg_scales(request),
    )
    graph.connect("seed", "value", "sd3_denoise", "seed")
    graph.connect("model_loader", "transformer", "sd3_denoise")
    graph.connect("pos_cond", "conditioning", "sd3_denoise", "positive_conditioning")
    graph.connect("neg_cond", "conditioning", "sd3_denoise", "negative_conditioning")
    add_decode(graph, request, "sd3_l2i", "sd3_denoise")
    graph.connect("model_loader", "vae", "sd3_l2i")
    add_variance(graph, request)
    add_first_pass(graph, request, cast, denoise="sd3_denoise", decode="sd3_l2i", encode="sd3_i2l")
    keeper = add_picture(graph, request, cast, denoise="sd3_denoise", decode="sd3_l2i", encode="sd3_i2l")
    add_metadata(
        graph,
        request,
        cast,
        keeper=keeper,
        mode=mode_of(request, "sd3_"),
        negative_prompt=request.negative_prompt,
        cfg_scale=request.cfg_scale,
        scheduler=request.scheduler,
        t5_encoder=plain(cast.t5_encoder),
        clip_embed_model=plain(cast.clip_embed),
        clip_g_embed_model=plain(cast.clip_g),
    )
    return graph
