"""FLUX.1: from text, and from pictures."""

from __future__ import annotations

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.nodes.recipes import Cast, recipe
from invoke_tui.nodes.recipes.loras import add_loras
from invoke_tui.nodes.recipes.parts import add_decode, add_metadata, begin, plain
from invoke_tui.nodes.recipes.pictures import add_picture, mode_of
from invoke_tui.nodes.recipes.refinement import add_first_pass, add_variance, cfg_scales
from invoke_tui.nodes.recipes.regions import add_regions
from invoke_tui.nodes.recipes.steering import add_steering


@recipe(BaseModelType.FLUX)
def text_to_image(request: ResolvedRequest, cast: Cast) -> Graph:
    """Encode the prompt with CLIP and T5, denoise, decode; a negative prompt only where it guides."""
    graph = begin(request)
    graph.add(
        "flux_model_loader",
        "model_loader",
        model=plain(cast.main),
        t5_encoder_model=plain(cast.t5_encoder),
        clip_embed_model=plain(cast.clip_embed),
        vae_model=plain(cast.vae),
    )
    source = add_loras(
        graph,
        request,
        cast,
        "transformer",
        "clip",
        "t5_encoder",
        node_type="flux_lora_collection_loader",
    )
    longest = 256 if cast.main.variant == "schnell" else 512
    guided = request.cfg_scale > 1
    graph.add("flux_text_encoder", "pos_cond", t5_max_seq_len=longest)
    graph.connect("positive_prompt", "value", "pos_cond", "prompt")
    prompts = ["pos_cond"]
    if guided:
        graph.add("flux_text_encoder", "neg_cond", t5_max_seq_len=longest, prompt=request.negative_prompt)
        prompts.append("neg_cond")
    for node in prompts:
        graph.connect(source, "clip", node)
        graph.connect(source, "t5_encoder", node)
    graph.add(
        "flux_denoise",
        "flux_denoise",
        width=request.width,
        height=request.height,
        num_steps=request.steps,
        cfg_scale=cfg_scales(request),
        scheduler=request.scheduler,
        **({} if request.guidance is None else {"guidance": request.guidance}),
    )
    graph.connect("seed", "value", "flux_denoise", "seed")
    graph.connect(source, "transformer", "flux_denoise")
    graph.connect("pos_cond", "conditioning", "flux_denoise", "positive_text_conditioning")
    if guided:
        graph.connect("neg_cond", "conditioning", "flux_denoise", "negative_text_conditioning")
    add_decode(graph, request, "flux_vae_decode", "flux_denoise")
    graph.connect("model_loader", "vae", "flux_vae_decode")
    add_steering(graph, request, cast, denoise="flux_denoise")
    if request.controls:
        graph.connect("model_loader", "vae", "flux_denoise", "controlnet_vae")
    add_regions(graph, request)
    add_variance(graph, request)
    add_first_pass(
        graph, request, cast, denoise="flux_denoise", decode="flux_vae_decode", encode="flux_vae_encode"
    )
    keeper = add_picture(
        graph, request, cast, denoise="flux_denoise", decode="flux_vae_decode", encode="flux_vae_encode"
    )
    add_metadata(
        graph,
        request,
        cast,
        keeper=keeper,
        mode=mode_of(request, "flux_"),
        guidance=request.guidance,
        cfg_scale=request.cfg_scale,
        negative_prompt=request.negative_prompt if guided else None,
        scheduler=request.scheduler,
        t5_encoder=plain(cast.t5_encoder),
        clip_embed_model=plain(cast.clip_embed),
    )
    return graph
