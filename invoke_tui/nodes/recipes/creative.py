"""Creative upscaling: a network makes the picture larger, then it is drawn again in tiles that a ControlNet holds.

The graph and the metadata keys are InvokeAI's.
"""

from __future__ import annotations

from typing import Any, Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelRecord
from invoke_tui.domain.request.controls import PREPROCESSORS
from invoke_tui.domain.request.creative import SHARPEN, ResolvedCreative, denoising_start, holds
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.domain.request.upscaling import TILE_SIZE
from invoke_tui.nodes.invocations.metadata import APP_VERSION
from invoke_tui.nodes.recipes import Cast, sd, sdxl
from invoke_tui.nodes.recipes.loras import add_loras, check_loras, lora_metadata
from invoke_tui.nodes.recipes.parts import (
    add_decode,
    begin,
    connect_unet,
    denoise_settings,
    plain,
    unet_settings,
    vae_settings,
)
from invoke_tui.nodes.recipes.steering import check_steering

DENOISE: Final = "denoise_latents"
"""The id of the node that draws; it is where the other recipes have theirs."""
ENLARGED: Final = "unsharp_mask"


def creative_graph(
    request: ResolvedRequest, creative: ResolvedCreative, cast: Cast, image: ImageRecord
) -> Graph:
    """The graph that makes ``image`` larger and draws it again. Raises ``BadInputError``.

    ``request`` has the tile's size, ``cast`` the upscaler and the ControlNet, if one is to hold the shapes.
    """
    check_creative(cast)
    two_encoders = cast.main.base is BaseModelType.SDXL
    graph = begin(request)
    graph.add(
        "sdxl_model_loader" if two_encoders else "main_model_loader", "model_loader", model=plain(cast.main)
    )
    if two_encoders:
        node_type, parts = "sdxl_lora_collection_loader", ("unet", "clip", "clip2")
        source = add_loras(graph, request, cast, *parts, node_type=node_type)
        sdxl.add_conditioning(graph, request, source)
    else:
        source = add_loras(graph, request, cast, "unet", "clip")
        sd.add_conditioning(graph, request, source)
    _add_enlarged(graph, creative, cast, image)
    graph.add(
        "tiled_multi_diffusion_denoise_latents",
        DENOISE,
        tile_width=creative.tile_size,
        tile_height=creative.tile_size,
        tile_overlap=creative.tile_overlap,
        denoising_start=denoising_start(creative.creativity),
        **denoise_settings(request),
    )
    graph.connect("pos_cond", "conditioning", DENOISE, "positive_conditioning")
    graph.connect("neg_cond", "conditioning", DENOISE, "negative_conditioning")
    add_decode(graph, request, "l2i", DENOISE, tiled=True, **vae_settings(request))
    connect_unet(graph, request, cast, source)
    _add_start(graph, **vae_settings(request))
    for control in cast.controls:
        _add_controls(graph, creative, control)
    _add_metadata(graph, request, creative, cast, image)
    return graph


def check_creative(cast: Cast) -> None:
    """Raise for models that cannot draw in tiles, or do not belong together."""
    main = cast.main
    if not traits_of(main).creative_upscaling:
        raise BadInputError(
            f"{main.name} is a {main.base} model, which cannot draw a picture in tiles: "
            "there is no tile ControlNet and no node for it.",
            hint="Choose a main model of Stable Diffusion 1, 2 or XL, or leave creative upscaling out.",
            code="unsupported_base",
        )
    check_loras(cast.loras, main)
    check_steering(cast)


def _add_enlarged(graph: Graph, creative: ResolvedCreative, cast: Cast, image: ImageRecord) -> None:
    graph.add(
        "spandrel_image_to_image_autoscale",
        "upscale",
        is_intermediate=True,
        image={"image_name": image.image_name},
        image_to_image_model=plain(cast.upscaler),
        tile_size=creative.upscaler_tile_size,
        scale=creative.scale,
        fit_to_multiple_of_8=True,
    )
    graph.add("unsharp_mask", ENLARGED, is_intermediate=True, **SHARPEN)
    graph.connect("upscale", "image", ENLARGED)


def _add_start(graph: Graph, **settings: Any) -> None:
    """Noise and latents of the enlarged picture, through the VAE that decodes."""
    graph.add("noise", "noise")
    for side in ("width", "height"):
        graph.connect(ENLARGED, side, "noise")
    graph.connect("seed", "value", "noise", "seed")
    graph.connect("noise", "noise", DENOISE)
    graph.add("i2l", "i2l", is_intermediate=True, tiled=True, **settings)
    graph.connect(ENLARGED, "image", "i2l")
    vae = next(edge for edge in graph.edges if str(edge.destination) == "l2i.vae")
    graph.connect(vae.source.node_id, "vae", "i2l")
    graph.connect("i2l", "latents", DENOISE)


def _add_controls(graph: Graph, creative: ResolvedCreative, control: ModelRecord) -> None:
    """The ControlNet twice: it holds the enlarged picture strongly at first, weakly after that."""
    picture = ENLARGED
    if creative.preprocessor is not None:
        known = PREPROCESSORS[creative.preprocessor]
        picture = graph.add(known.node, "preprocessor", is_intermediate=True, **known.settings)
        graph.connect(ENLARGED, "image", picture)
    graph.add("collect", "control_collector")
    for number, hold in enumerate(holds(creative.structure), start=1):
        name = graph.add(
            "controlnet",
            f"controlnet_{number}",
            control_model=plain(control),
            control_weight=hold.weight,
            begin_step_percent=hold.begin,
            end_step_percent=hold.end,
            **({} if creative.union is None else {"union": creative.union}),
        )
        graph.connect(picture, "image", name)
        graph.connect(name, "control", "control_collector", "item")
    graph.connect("control_collector", "collection", DENOISE, "control")


def _add_metadata(
    graph: Graph, request: ResolvedRequest, creative: ResolvedCreative, cast: Cast, image: ImageRecord
) -> None:
    """InvokeAI's keys; ``upscale_control_model`` and ``upscale_tile_size`` are ours. No size: nothing is to be drawn
    in it at once."""
    known = {
        **unet_settings(request),
        "rand_device": "cpu",
        "steps": request.steps,
        "model": plain(cast.main),
        "vae": plain(cast.vae),
        "loras": lora_metadata(request, cast),
        "upscale_model": plain(cast.upscaler),
        "upscale_initial_image": image.model_dump(include={"image_name", "width", "height"}),
        "upscale_scale": creative.scale,
        "upscale_tile_size": None
        if creative.upscaler_tile_size == TILE_SIZE
        else creative.upscaler_tile_size,
        "creativity": creative.creativity,
        "structure": creative.structure,
        "tile_size": creative.tile_size,
        "tile_overlap": creative.tile_overlap,
        "upscale_control_model": plain(cast.controls[0]) if cast.controls else None,
        "app_version": APP_VERSION,
    }
    graph.add(
        "core_metadata", "core_metadata", **{name: one for name, one in known.items() if one is not None}
    )
    graph.connect("positive_prompt", "value", "core_metadata", "positive_prompt")
    graph.connect("seed", "value", "core_metadata", "seed")
    graph.connect("core_metadata", "metadata", "l2i")
