"""What refines a picture, as nodes: the span of guidance, a small first pass; and what a family cannot do."""

from __future__ import annotations

from math import ceil, floor
from typing import Any, Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.domain.request.refinement import HighRes, RefinementSettings
from invoke_tui.nodes.recipes import Cast

FIRST_PASS: Final = "hrf_denoise"
_VARIANCE: Final = {"flux_text_encoder": "flux_seed_variance", "sd3_text_encoder": "sd3_seed_variance"}
"""What varies the prompts of an encoder, where that is not ``seed_variance``."""
POSITIVE: Final = "pos_cond"
"""What nodes of prompts that are wished for are called, or end in."""


def check_refinement(request: ResolvedRequest, model: ModelRecord) -> None:
    """Raise ``BadInputError`` for what the family of ``model`` cannot do."""
    traits = traits_of(model)
    wishes = {
        "FreeU": (request.freeu is not None, traits.freeu, "its network has no skip connections"),
        "Seamless tiling": (
            request.seamless_x or request.seamless_y,
            traits.seamless,
            "its network has no convolutions to wrap around",
        ),
        "CFG rescale": (request.cfg_rescale_multiplier > 0, traits.cfg_rescale, "it is not guided that way"),
        "A prompt for a region": (
            bool(request.regions),
            traits.regions,
            "it reads one prompt for the whole picture",
        ),
        "A high-resolution fix": (
            request.highres is not None,
            traits.highres,
            "it fills masks and draws nothing from text alone",
        ),
    }
    for name, (wished, possible, why) in wishes.items():
        if wished and not possible:
            raise BadInputError(
                f"{name} cannot be used with {model.name} ({model.base}): {why}.",
                hint="Leave it out, or choose a model of another family.",
                code="unsupported",
            )
    if request.highres is not None and request.start is not None:
        raise BadInputError(
            "A high-resolution fix draws its own first picture; this request starts from one.",
            hint="Leave one of the two out. From a picture, a width and height make it larger.",
            code="unsupported",
        )
    if request.cfg_begin_step_percent >= request.cfg_end_step_percent:
        raise BadInputError(
            f"The CFG scale cannot act from {request.cfg_begin_step_percent:g} "
            f"to {request.cfg_end_step_percent:g} of the steps.",
            hint="It begins before it ends; a CFG scale of 1 switches it off.",
            code="bad_span",
        )


def cfg_scales(request: ResolvedRequest, steps: int | None = None) -> float | list[float]:
    """The guidance scale; one for each of ``steps`` where it acts in a part of them only, 1 outside."""
    begin, end = request.cfg_begin_step_percent, request.cfg_end_step_percent
    count = request.steps if steps is None else steps
    if (begin, end) == (0, 1) or request.cfg_scale == 1:
        return request.cfg_scale
    first, last = floor(round(begin * count, 6)), ceil(round(end * count, 6))
    return [request.cfg_scale if first <= step < last else 1.0 for step in range(count)]


def refinement_metadata(request: ResolvedRequest, cast: Cast) -> dict[str, Any]:
    """InvokeAI's keys of the high-resolution fix, and those settings of ours that are not the default."""
    known = set(RefinementSettings.model_fields)
    plain = RefinementSettings().model_dump(mode="json")
    asked = request.model_dump(mode="json", include=known)
    found = {name: value for name, value in asked.items() if value != plain[name]}
    if (high := request.highres) is not None:
        found |= {
            "hrf_enabled": True,
            "hrf_method": high.method,
            "hrf_strength": high.strength,
            "hrf_scale": high.scale,
            "hrf_steps": high.steps if high.steps != request.steps else None,
            "hrf_model": None
            if cast.upscaler is None
            else cast.upscaler.identifier().model_dump(mode="json"),
        }
    return found


def add_first_pass(
    graph: Graph,
    request: ResolvedRequest,
    cast: Cast,
    *,
    denoise: str,
    decode: str,
    encode: str,
    **settings: Any,
) -> None:
    """Let the run begin with what a run of fewer pixels drew.

    ``denoise`` and ``decode`` are the nodes of the graph so far, ``encode`` the type of the node that makes latents,
    with its ``settings``. The first pass is told all that the second one is.
    """
    high = request.highres
    if high is None:
        return
    _copy(
        graph, denoise, FIRST_PASS, {"width": high.width, "height": high.height}, without=("denoising_end",)
    )
    if "noise" in graph.nodes:
        _copy(graph, "noise", "hrf_noise", {"width": high.width, "height": high.height})
        graph.connect("hrf_noise", "noise", FIRST_PASS)
    if high.method == "latent":
        size = {"width": request.width, "height": request.height}
        graph.add("lresize", "hrf_resize", is_intermediate=True, mode="bilinear", **size)
        graph.connect(FIRST_PASS, "latents", "hrf_resize")
        graph.connect("hrf_resize", "latents", denoise)
    else:
        _enlarge_picture(graph, request, cast, denoise, decode, encode, settings)
    _second(graph, denoise, request, high, spread=traits_of(cast.main).optimized_denoising)


def _enlarge_picture(
    graph: Graph,
    request: ResolvedRequest,
    cast: Cast,
    denoise: str,
    decode: str,
    encode: str,
    settings: dict[str, Any],
) -> None:
    """Between the passes the picture itself is made large."""
    _copy(graph, decode, "hrf_decode", {"is_intermediate": True}, without=("board",))
    graph.connect(FIRST_PASS, "latents", "hrf_decode")
    picture = _enlarged(graph, request, cast)
    graph.add(encode, "hrf_encode", is_intermediate=True, **settings)
    graph.connect(picture, "image", "hrf_encode")
    vae = next(edge for edge in graph.edges if str(edge.destination) == f"{decode}.vae")
    graph.connect(vae.source.node_id, "vae", "hrf_encode")
    graph.connect("hrf_encode", "latents", denoise)


def add_variance(graph: Graph, request: ResolvedRequest) -> None:
    """Let the seed change what is heard of the prompts for all of the picture and for its regions."""
    if not request.seed_variance_strength:
        return
    prompts = [name for name in graph.nodes if name.endswith(POSITIVE) and not name.startswith("refiner_")]
    for prompt in prompts:
        name = graph.add(
            _VARIANCE.get(graph.nodes[prompt].type, "seed_variance"),
            f"{prompt}_variance",
            strength=request.seed_variance_strength,
            randomize_percent=request.seed_variance_randomize_percent,
        )
        for edge in [edge for edge in graph.edges if edge.source.node_id == prompt]:
            graph.edges.remove(edge)
            graph.connect(name, "conditioning", edge.destination.node_id, edge.destination.field)
        graph.connect(prompt, "conditioning", name)
        graph.connect("seed", "value", name, "seed")


def _second(graph: Graph, denoise: str, request: ResolvedRequest, high: HighRes, *, spread: bool) -> None:
    """The second pass starts where the strength says."""
    node = graph.nodes[denoise]
    end = node.fields().get("denoising_end", 1.0)
    start = 1 - (high.strength**0.2 if spread else high.strength)
    steps = "num_steps" if "num_steps" in node.fields() else "steps"
    update = {
        steps: high.steps,
        "cfg_scale": cfg_scales(request, high.steps),
        "denoising_start": round(min(start, end), 6),
    }
    graph.nodes[denoise] = type(node).model_validate(node.model_dump() | update)


def _enlarged(graph: Graph, request: ResolvedRequest, cast: Cast) -> str:
    """The node that gives the small picture in the size of the large one."""
    source, network = "hrf_decode", cast.upscaler
    if network is not None:
        model = network.identifier().model_dump(mode="json")
        graph.add("spandrel_image_to_image", "hrf_upscale", is_intermediate=True, image_to_image_model=model)
        graph.connect(source, "image", "hrf_upscale")
        source = "hrf_upscale"
    size = {"width": request.width, "height": request.height}
    resample = "bilinear" if network is None else "lanczos"
    graph.add("img_resize", "hrf_resize", is_intermediate=True, resample_mode=resample, **size)
    graph.connect(source, "image", "hrf_resize")
    return "hrf_resize"


def _copy(
    graph: Graph, like: str, name: str, changes: dict[str, Any], *, without: tuple[str, ...] = ()
) -> None:
    """A node as ``like``, fed by the same nodes but for latents and noise; ``changes`` to fields it has."""
    values = graph.nodes[like].model_dump()
    known = {key: value for key, value in changes.items() if key in values}
    kept = {key: value for key, value in (values | known).items() if key not in (*without, "id", "type")}
    graph.add(graph.nodes[like].type, name, **kept)
    for edge in list(graph.edges):
        field = edge.destination.field
        if edge.destination.node_id == like and field not in ("latents", "noise", "metadata"):
            graph.connect(edge.source.node_id, edge.source.field, name, field)
