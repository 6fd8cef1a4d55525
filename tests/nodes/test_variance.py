"""Seed variance and the two-pass fix of latents in every family's graph, in metadata, and recalled."""

from __future__ import annotations

import pytest

from invoke_tui.domain.models.support import FAMILIES
from invoke_tui.nodes.recall import request_from_metadata
from invoke_tui.nodes.validate import validate
from tests.nodes.test_refinement_recipes import HIGH, REGIONS, asked, ends


@pytest.mark.parametrize("family", FAMILIES)
def test_the_seed_changes_what_is_heard(family: str) -> None:
    graph = asked(family, seed_variance_strength=0.4)
    assert validate(graph) == []
    variance = graph.nodes["pos_cond_variance"]
    assert variance.fields() == {"strength": 0.4, "randomize_percent": 50.0}
    assert ends(graph, "pos_cond_variance") == {"conditioning": "pos_cond.conditioning", "seed": "seed.value"}
    denoise = next(name for name in graph.nodes if name.endswith("denoise") or name == "denoise_latents")
    assert "pos_cond_variance.conditioning" in ends(graph, denoise).values()
    request, _ = request_from_metadata(graph.nodes["core_metadata"].fields())
    assert (request.seed_variance_strength, request.seed_variance_randomize_percent) == (0.4, 50)
    assert "pos_cond_variance" not in asked(family).nodes


@pytest.mark.parametrize("family", ["SD 1", "FLUX.1 dev"])
def test_every_region_is_varied_and_no_negative_prompt(family: str) -> None:
    graph = asked(family, regions=REGIONS, cfg_scale=3.0, seed_variance_strength=0.4)
    assert validate(graph) == []
    varied = [name for name, node in graph.nodes.items() if node.type.endswith("seed_variance")]
    assert varied == ["pos_cond_variance", "region_1_pos_cond_variance", "region_2_pos_cond_variance"]
    given = [edge.source.node_id for edge in graph.edges if str(edge.destination) == "pos_cond_collect.item"]
    assert given == varied


@pytest.mark.parametrize("family", ["SD 1", "SDXL", "SD 3", "FLUX.1 dev"])
def test_latents_are_made_large_without_a_picture_between(family: str) -> None:
    graph = asked(family, highres=HIGH.model_copy(update={"method": "latent"}), cfg_scale=3.0)
    assert validate(graph) == []
    assert not {"hrf_decode", "hrf_encode"} & graph.nodes.keys()
    assert ends(graph, "hrf_resize") == {"latents": "hrf_denoise.latents"}
    assert graph.nodes["hrf_resize"].fields() == {"mode": "bilinear", "width": 1024, "height": 512}
    denoise = next(name for name in graph.nodes if name.endswith("denoise") or name == "denoise_latents")
    assert ends(graph, denoise)["latents"] == "hrf_resize.latents"
