"""Graphs of regions and refinement: every family can, or says why not, as the page of what is supported has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.families import FILL, traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.domain.models.support import FAMILIES, FEATURES, record_of, support_page
from invoke_tui.domain.request.parameters import Refiner
from invoke_tui.domain.request.pictures import Start
from invoke_tui.domain.request.refinement import FreeU, HighRes
from invoke_tui.domain.request.regions import ResolvedRegion
from invoke_tui.nodes.recall import request_from_metadata
from invoke_tui.nodes.recipes import Cast, build_graph
from invoke_tui.nodes.recipes.refinement import cfg_scales
from invoke_tui.nodes.validate import validate
from tests.support.requests import model_record, resolved

HIGH = HighRes(width=512, height=256, method="bilinear", strength=0.45, steps=9, scale=2.0)
REGIONS = (
    ResolvedRegion(positive_prompt="a fox", right=0.5, auto_negative=True),
    ResolvedRegion(positive_prompt="a dog", negative_prompt="a cat", mask_image="mask.png"),
    ResolvedRegion(negative_prompt="trees", mask_image="glass.png", mask_alpha=True),
)
ASKED: dict[str, dict[str, Any]] = {
    "regional prompts": {"regions": REGIONS},
    "high-resolution fix": {"highres": HIGH},
    "FreeU": {"freeu": FreeU()},
    "seamless tiling": {"seamless_x": True},
    "CFG rescale": {"cfg_rescale_multiplier": 0.5},
    "CFG begin and end": {"cfg_end_step_percent": 0.5, "cfg_scale": 3.0},
}


def asked(family: str, **changes: Any) -> Graph:
    """The graph of a request for 1024 x 512 pixels in 10 steps; Fill models get the picture they need."""
    record = record_of(family)
    settings: dict[str, Any] = {"width": 1024, "height": 512, "steps": 10, "scheduler": "euler"}
    if record.variant == FILL:
        settings["start"] = Start(
            mode="inpaint", image="a.png", source_width=1024, source_height=512, width=1024, height=512,
            mask="m.png", mask_blur=4, coherence_edge_size=4, scale_before_processing="none",
        )  # fmt: skip
    return build_graph(resolved(**(settings | changes)), Cast(record, **cast_of(changes)))


def cast_of(changes: dict[str, Any]) -> dict[str, Any]:
    """The models that a request names beside the main one."""
    high = changes.get("highres")
    found: dict[str, Any] = {}
    if high is not None and high.method == "ESRGAN":
        found["upscaler"] = UPSCALER
    if "refiner" in changes:
        found["refiner"] = model_record(key="r", base=BaseModelType.SDXL_REFINER)
    return found


UPSCALER = model_record(key="up", name="up", type=ModelType.SPANDREL)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("feature", ASKED)
def test_every_family_can_or_says_why_not(family: str, feature: str) -> None:
    if FEATURES[feature](traits_of(record_of(family))):
        assert validate(asked(family, **ASKED[feature])) == []
        return
    with pytest.raises(BadInputError, match="cannot be used with") as caught:
        asked(family, **ASKED[feature])
    assert caught.value.hint


def test_the_page_of_what_is_supported_is_fresh() -> None:
    page = Path(__file__).parents[2] / "docs" / "support.md"
    assert page.read_text() == support_page(), "python -m invoke_tui.domain.models.support > docs/support.md"


def ends(graph: Graph, node: str) -> dict[str, str]:
    """What feeds a node, by its fields."""
    return {
        edge.destination.field: str(edge.source) for edge in graph.edges if edge.destination.node_id == node
    }


@pytest.mark.parametrize("family", ["SD 1", "SDXL", "FLUX.1 dev"])
def test_regions_are_collected(family: str) -> None:
    graph = asked(family, regions=REGIONS, cfg_scale=3.0)
    assert validate(graph) == []
    denoise = next(name for name in graph.nodes if name.endswith("denoise") or name == "denoise_latents")
    feeds = ends(graph, denoise)
    for kind, prompts in (
        ("positive", ["pos_cond", "region_1_pos_cond", "region_2_pos_cond"]),
        ("negative", ["neg_cond", "region_1_auto_neg_cond", "region_2_neg_cond", "region_3_neg_cond"]),
    ):
        [collector] = {source for field, source in feeds.items() if field.startswith(kind)}
        assert collector == f"{kind[:3]}_cond_collect.collection"
        given = [
            edge.source.node_id
            for edge in graph.edges
            if str(edge.destination) == f"{kind[:3]}_cond_collect.item"
        ]
        assert given == prompts
    assert graph.nodes["region_1_pos_cond"].fields()["prompt"] == "a fox"
    assert ends(graph, "region_1_pos_cond")["mask"] == "region_1_mask.mask"
    assert ends(graph, "region_1_auto_neg_cond")["mask"] == "region_1_outside.mask"
    rectangle = graph.nodes["region_1_mask"].fields()
    assert (rectangle["x_left"], rectangle["rectangle_width"], rectangle["rectangle_height"]) == (0, 512, 512)
    assert graph.nodes["region_2_mask"].fields() == {"image": {"image_name": "mask.png"}, "invert": True}
    assert graph.nodes["region_3_mask"].type == "alpha_mask_to_tensor"


@pytest.mark.parametrize(
    ("family", "denoise", "steps", "start"),
    [
        ("SD 1", "denoise_latents", "steps", 0.55),
        ("SD 3", "sd3_denoise", "steps", 0.147602),
        ("FLUX.1 dev", "flux_denoise", "num_steps", 0.147602),
    ],
)
def test_a_small_picture_is_drawn_first(family: str, denoise: str, steps: str, start: float) -> None:
    high = HIGH.model_copy(update={"method": "ESRGAN", "model": "up"})
    graph = asked(family, highres=high, cfg_scale=3.0, cfg_end_step_percent=0.5)
    assert validate(graph) == []
    first, second = graph.nodes["hrf_denoise"].fields(), graph.nodes[denoise].fields()
    small = graph.nodes["hrf_noise"].fields() if family == "SD 1" else first
    assert (small["width"], small["height"], first[steps], len(first["cfg_scale"])) == (512, 256, 10, 10)
    assert (second["denoising_start"], second[steps], len(second["cfg_scale"])) == (start, 9, 9)
    assert ends(graph, denoise)["latents"] == "hrf_encode.latents"
    assert ends(graph, "hrf_encode")["image"] == "hrf_resize.image"
    assert ends(graph, "hrf_resize")["image"] == "hrf_upscale.image"
    recalled, problems = request_from_metadata(
        graph.nodes["core_metadata"].fields(), [record_of(family), UPSCALER]
    )
    assert [problem for problem in problems if problem.key.startswith("hrf")] == []
    assert (recalled.hrf_enabled, recalled.hrf_method, recalled.hrf_strength) == (True, "ESRGAN", 0.45)
    assert (recalled.hrf_scale, recalled.hrf_steps, recalled.hrf_model) == (2.0, 9, "up")


def test_the_refiner_finishes_the_second_pass() -> None:
    refiner = Refiner(
        model="r", steps=20, cfg_scale=5, scheduler="euler", start=0.8,
        positive_aesthetic_score=6, negative_aesthetic_score=2.5,
    )  # fmt: skip
    graph = asked("SDXL", highres=HIGH, refiner=refiner)
    assert validate(graph) == []
    assert "denoising_end" not in graph.nodes["hrf_denoise"].fields()
    assert graph.nodes["denoise_latents"].fields()["denoising_end"] == 0.8
    assert ends(graph, "hrf_decode")["latents"] == "hrf_denoise.latents"
    assert ends(graph, "l2i")["latents"] == "refiner_denoise_latents.latents"


def test_what_does_not_go_together() -> None:
    start = Start(
        mode="img2img", image="a.png", source_width=64, source_height=64, width=64, height=64,
        mask_blur=4, coherence_edge_size=4, scale_before_processing="none",
    )  # fmt: skip
    with pytest.raises(BadInputError, match="draws its own first picture"):
        asked("SD 1", highres=HIGH, start=start)
    with pytest.raises(BadInputError, match="cannot act from"):
        asked("SD 1", cfg_begin_step_percent=0.5, cfg_end_step_percent=0.5)


def test_guidance_acts_within_its_span() -> None:
    request = resolved(steps=10, cfg_scale=3.0, cfg_begin_step_percent=0.25, cfg_end_step_percent=0.7)
    assert cfg_scales(request) == [1, 1, 3, 3, 3, 3, 3, 1, 1, 1]
    assert cfg_scales(resolved(steps=10, cfg_scale=3.0)) == 3.0
