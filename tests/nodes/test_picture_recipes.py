"""Drawing from a picture: InvokeAI's graphs for image-to-image, inpainting and outpainting."""

from __future__ import annotations

from typing import Any

import pytest

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.domain.request.pictures import Outpaint, Start
from invoke_tui.nodes.recall import request_from_metadata
from invoke_tui.nodes.recipes import Cast, build_graph
from invoke_tui.nodes.validate import validate
from tests.nodes.test_recipes import ENCODERS, edges, metadata_of, other
from tests.support.requests import model_record, resolved

FAMILIES: dict[BaseModelType, tuple[str, str, str, str]] = {
    BaseModelType.SD1: ("", "i2l", "denoise_latents", "l2i"),
    BaseModelType.SD2: ("", "i2l", "denoise_latents", "l2i"),
    BaseModelType.SDXL: ("sdxl_", "i2l", "denoise_latents", "l2i"),
    BaseModelType.SD3: ("sd3_", "sd3_i2l", "sd3_denoise", "sd3_l2i"),
    BaseModelType.FLUX: ("flux_", "flux_vae_encode", "flux_denoise", "flux_vae_decode"),
}


def start(mode: str = "img2img", **changes: Any) -> Start:
    values: dict[str, Any] = {
        "mode": mode,
        "image": "photo.png",
        "source_width": 64,
        "source_height": 64,
        "width": 64,
        "height": 64,
        "mask": "mask.png" if mode == "inpaint" else None,
        "mask_blur": 4,
        "coherence_edge_size": 8,
        "scale_before_processing": "auto",
    }
    return Start(**(values | changes))


def graph_of(base: BaseModelType = BaseModelType.SD1, *, variant: str = "normal", **begin: Any) -> Graph:
    flow = base in (BaseModelType.FLUX, BaseModelType.SD3)
    encoders = {key: ENCODERS[key] for key in ("t5_encoder", "clip_embed")} if flow else {}
    vae = other("vae", ModelType.VAE, base) if flow else None
    cast = Cast(model_record(base=base, variant=variant), vae=vae, **encoders)
    scale = 1.0 if base is BaseModelType.FLUX else 7.5
    graph = build_graph(resolved(start=start(**begin), cfg_scale=scale, board="b1"), cast)
    assert validate(graph) == []
    return graph


@pytest.mark.parametrize("base", sorted(FAMILIES))
@pytest.mark.parametrize("mode", ["img2img", "inpaint", "outpaint"])
def test_every_family_draws_from_pictures(base: BaseModelType, mode: str) -> None:
    prefix, encode, denoise, decode = FAMILIES[base]
    graph = graph_of(base, mode=mode, strength=0.6, width=64, source_width=40)
    spread = base in (BaseModelType.FLUX, BaseModelType.SD3)
    begins = graph.nodes[denoise].fields()["denoising_start"]
    assert begins == pytest.approx(1 - (0.6**0.2 if spread else 0.6), abs=1e-5)
    assert f"{encode}.latents → {denoise}.latents" in edges(graph)
    assert metadata_of(graph)["generation_mode"] == f"{prefix}{mode}"
    shown = [node for node in graph.nodes.values() if not node.is_intermediate and "board" in node.fields()]
    assert [node.id for node in shown] == [decode if mode == "img2img" else "image_layer_blend"]
    masked = "create_gradient_mask.denoise_mask → " + denoise + ".denoise_mask"
    assert (masked in edges(graph)) == (mode != "img2img")


def test_a_picture_of_the_right_size_goes_straight_in() -> None:
    graph = graph_of()
    assert graph.nodes["i2l"].fields()["image"] == {"image_name": "photo.png"}
    assert "img_resize" not in {node.type for node in graph.nodes.values()}


def test_scaled_before_processing_and_back() -> None:
    graph = graph_of(mode="inpaint", source_width=100, source_height=50, width=100, height=50)
    for node, size in (
        ("resize_image_to_scaled_size", (64, 64)),
        ("resize_mask_to_scaled_size", (64, 64)),
        ("resize_image_to_original_size", (100, 50)),
    ):
        fields = graph.nodes[node].fields()
        assert (fields["width"], fields["height"]) == size, node
    assert metadata_of(graph)["width"] == 100


@pytest.mark.parametrize(
    ("fit", "inner", "sides"),
    [("cover", (128, 64), (-32, -32, 0, 0)), ("contain", (64, 32), (0, 0, 16, 16)), ("fill", (64, 64), None)],
)
def test_pictures_of_another_shape(fit: str, inner: tuple[int, int], sides: Any) -> None:
    graph = graph_of(fit=fit, source_width=200, source_height=100)
    node = graph.nodes["fill_image" if fit == "fill" else "fit_image"].fields()
    assert (node["width"], node["height"]) == inner
    if sides:
        fields = graph.nodes[f"{fit}_image"].fields()
        assert tuple(fields[side] for side in ("left", "right", "top", "bottom")) == sides


def test_outpainting_pads_and_fills() -> None:
    pads = Outpaint(right=32, top=16)
    for method, node in (("cv2", "infill_cv2"), ("tile", "infill_tile"), ("color", "infill_rgba")):
        graph = graph_of(
            mode="outpaint", outpaint=pads, infill_method=method, width=96, height=80, mask="m.png"
        )
        assert graph.nodes["outpaint_image"].fields()["right"] == 32
        assert graph.nodes["infill"].type == node
        assert "image_alpha_to_mask.image → mask_combine.mask2" in edges(graph)
    assert graph.nodes["infill"].fields()["color"] == {"r": 0, "g": 0, "b": 0, "a": 255}


def test_masks_grow_and_alpha_counts() -> None:
    graph = graph_of(mode="inpaint", mask_expand=5, mask_alpha=True, mask_resize=True, color_correct=True)
    assert graph.nodes["mask_channel"].fields()["channel"] == "A"
    assert graph.nodes["expand_mask"].fields()["fade_size_px"] == 5
    assert "expanded_mask.image → create_gradient_mask.mask" in edges(graph)
    assert "color_correct.image → image_layer_blend.layer_upper" in edges(graph)
    assert "image_layer_blend" not in graph_of(mode="inpaint", paste_back=False).nodes


def test_flux_fill() -> None:
    graph = graph_of(BaseModelType.FLUX, variant="dev_fill", mode="inpaint")
    assert "flux_fill.fill_cond → flux_denoise.fill_conditioning" in edges(graph)
    assert "model_loader.vae → flux_denoise.controlnet_vae" in edges(graph)
    assert "latents" not in {
        edge.destination.field for edge in graph.edges if edge.destination.node_id == "flux_denoise"
    }
    for bad in (start(), None):
        with pytest.raises(BadInputError, match="fills the masked part"):
            cast = Cast(model_record(base=BaseModelType.FLUX, variant="dev_fill"))
            build_graph(resolved(start=bad, cfg_scale=1), cast)


def test_the_refiner_comes_after() -> None:
    from invoke_tui.domain.request.parameters import Refiner

    refiner = other("finish", ModelType.MAIN, BaseModelType.SDXL_REFINER)
    how = Refiner(
        model="finish", steps=9, cfg_scale=4.0, scheduler="ddim", start=0.6,
        positive_aesthetic_score=7.0, negative_aesthetic_score=2.0,
    )  # fmt: skip
    request = resolved(refiner=how, start=start(strength=0.2))
    graph = build_graph(request, Cast(model_record(base=BaseModelType.SDXL), refiner=refiner))
    fields = graph.nodes["denoise_latents"].fields()
    assert (fields["denoising_start"], fields["denoising_end"]) == (0.6, 0.6)


def test_the_metadata_brings_the_picture_back() -> None:
    begin = {"mode": "inpaint", "strength": 0.4, "mask_expand": 3, "outpaint": Outpaint(left=8)}
    graph = graph_of(**begin, infill_method="tile", paste_back=False)
    found, problems = request_from_metadata(metadata_of(graph), [model_record()])
    assert problems == []
    assert (found.init_image, found.mask_image, found.strength) == ("photo.png", "mask.png", 0.4)
    assert (found.outpaint.left, found.mask_expand, found.infill_method) == (8, 3, "tile")
    assert (found.mask_blur, found.coherence_edge_size, found.paste_back) == (4, 8, False)
    odd, _ = request_from_metadata(metadata_of(graph_of(width=63)), [model_record()])
    assert (odd.init_image, odd.width) == ("photo.png", None)
