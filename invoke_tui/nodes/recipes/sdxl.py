"""Stable Diffusion XL: from text and from pictures, finished by the refiner where one is chosen."""

from __future__ import annotations

from typing import Any

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.domain.request.parameters import Refiner, ResolvedRequest
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


@recipe(BaseModelType.SDXL)
def text_to_image(request: ResolvedRequest, cast: Cast) -> Graph:
    """Encode both prompts for both encoders, denoise seeded noise, refine, decode."""
    graph = begin(request)
    graph.add("sdxl_model_loader", "model_loader", model=plain(cast.main))
    source = add_loras(graph, request, cast, "unet", "clip", "clip2", node_type="sdxl_lora_collection_loader")
    add_conditioning(graph, request, source)
    add_noise(graph, request)
    last = _add_denoise(graph, request)
    if request.refiner is not None:
        last = _add_refiner(graph, request, request.refiner, cast)
    add_decode(graph, request, "l2i", last, **vae_settings(request))
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
    settings = unet_settings(request) | _refiner_settings(request, cast)
    add_metadata(graph, request, cast, keeper=keeper, mode=mode_of(request, "sdxl_"), **settings)
    return graph


@recipe(BaseModelType.SDXL_REFINER)
def refiner_alone(request: ResolvedRequest, cast: Cast) -> Graph:
    """A refiner finishes pictures and does not begin them."""
    raise BadInputError(
        f"{cast.main.name} is a refiner: it finishes the pictures of an SDXL model.",
        hint="Choose an SDXL model, and this one as its refiner.",
        code="refiner_alone",
    )


def add_conditioning(graph: Graph, request: ResolvedRequest, source: str) -> None:
    """Both prompts for both encoders, as ``pos_cond`` and ``neg_cond``; ``source`` gives the encoders."""
    for number, encoder in enumerate(("clip", "clip2"), start=1):
        if request.clip_skip:
            node = graph.add("clip_skip", f"clip_skip_{number}", skipped_layers=request.clip_skip)
            graph.connect(source, encoder, node, "clip")
    width, height = request.width, request.height
    settings = {
        "original_width": width,
        "original_height": height,
        "target_width": width,
        "target_height": height,
        **encode_settings(request),
    }
    graph.add("sdxl_compel_prompt", "pos_cond", **settings)
    graph.connect("positive_prompt", "value", "pos_cond", "prompt")
    graph.connect("positive_prompt", "value", "pos_cond", "style")
    negative = request.negative_prompt
    graph.add("sdxl_compel_prompt", "neg_cond", prompt=negative, style=negative, **settings)
    for node in ("pos_cond", "neg_cond"):
        for number, encoder in enumerate(("clip", "clip2"), start=1):
            if request.clip_skip:
                graph.connect(f"clip_skip_{number}", "clip", node, encoder)
            else:
                graph.connect(source, encoder, node, encoder)


def _add_denoise(graph: Graph, request: ResolvedRequest) -> str:
    span = {"denoising_end": request.refiner.start} if request.refiner else {}
    graph.add("denoise_latents", "denoise_latents", **denoise_settings(request), **span)
    graph.connect("pos_cond", "conditioning", "denoise_latents", "positive_conditioning")
    graph.connect("neg_cond", "conditioning", "denoise_latents", "negative_conditioning")
    graph.connect("noise", "noise", "denoise_latents")
    return "denoise_latents"


def _add_refiner(graph: Graph, request: ResolvedRequest, refiner: Refiner, cast: Cast) -> str:
    graph.add("sdxl_refiner_model_loader", "refiner_model_loader", model=plain(cast.refiner))
    settings = {
        "original_width": request.width,
        "original_height": request.height,
        **encode_settings(request),
    }
    positive, negative = refiner.positive_aesthetic_score, refiner.negative_aesthetic_score
    graph.add("sdxl_refiner_compel_prompt", "refiner_pos_cond", aesthetic_score=positive, **settings)
    graph.connect("positive_prompt", "value", "refiner_pos_cond", "style")
    graph.add(
        "sdxl_refiner_compel_prompt",
        "refiner_neg_cond",
        style=request.negative_prompt,
        aesthetic_score=negative,
        **settings,
    )
    graph.add(
        "denoise_latents",
        "refiner_denoise_latents",
        steps=refiner.steps,
        cfg_scale=refiner.cfg_scale,
        scheduler=refiner.scheduler,
        denoising_start=refiner.start,
    )
    for kind in ("pos", "neg"):
        graph.connect("refiner_model_loader", "clip2", f"refiner_{kind}_cond")
    graph.connect("refiner_pos_cond", "conditioning", "refiner_denoise_latents", "positive_conditioning")
    graph.connect("refiner_neg_cond", "conditioning", "refiner_denoise_latents", "negative_conditioning")
    graph.connect("denoise_latents", "latents", "refiner_denoise_latents")
    graph.connect("refiner_model_loader", "unet", "refiner_denoise_latents")
    return "refiner_denoise_latents"


def _refiner_settings(request: ResolvedRequest, cast: Cast) -> dict[str, Any]:
    if request.refiner is None:
        return {}
    settings = request.refiner.model_dump(mode="json", exclude={"model"})
    return {f"refiner_{name}": value for name, value in settings.items()} | {
        "refiner_model": plain(cast.refiner)
    }
