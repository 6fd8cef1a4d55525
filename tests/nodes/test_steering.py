"""Control and reference pictures: InvokeAI's graphs, their metadata and the way back, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.models.tools import TOOLS
from invoke_tui.domain.request.controls import (
    PREPROCESSORS,
    ReferenceRequest,
    ResolvedControl,
    ResolvedReference,
    preprocessor_named,
)
from invoke_tui.domain.request.references import check_reference
from invoke_tui.nodes.invocations.controls import image_encoder
from invoke_tui.nodes.invocations.flux_references import redux_encoder
from invoke_tui.nodes.recall import request_from_metadata
from invoke_tui.nodes.recipes import Cast, build_graph
from invoke_tui.nodes.registry import node_types
from invoke_tui.nodes.validate import validate
from tests.nodes.test_recipes import ENCODERS, edges, metadata_of, other
from tests.support.requests import model_record, resolved

CANNY = other("canny", ModelType.CONTROLNET)
SKETCH = other("sketch", ModelType.T2I_ADAPTER)
FLUX_ENCODERS = {key: ENCODERS[key] for key in ("t5_encoder", "clip_embed")}
STYLE = other("style", ModelType.IP_ADAPTER)


def control(model: ModelRecord, **changes: Any) -> ResolvedControl:
    fields: dict[str, Any] = {
        "model": model.key,
        "image": "photo.png",
        "weight": 0.75,
        "begin": 0,
        "end": 0.75,
    }
    return ResolvedControl(**(fields | changes))


def reference(**changes: Any) -> ResolvedReference:
    fields: dict[str, Any] = {"model": STYLE.key, "image": "style.png", "weight": 0.6}
    return ResolvedReference(**(fields | changes))


def graph_of(base: BaseModelType = BaseModelType.SD1) -> Graph:
    def of(record: ModelRecord) -> ModelRecord:
        return record.model_copy(update={"base": base})

    request = resolved(
        controls=(
            control(CANNY, preprocessor="canny", control_mode="more_control"),
            control(SKETCH, weight=1.0, end=1.0),
            control(CANNY, image="edges.png", union=1),
        ),
        references=(reference(mask="mask.png"), reference(method="style", mask="hole.png", mask_alpha=True)),
    )
    cast = Cast(
        model_record(base=base),
        controls=(of(CANNY), of(SKETCH), of(CANNY)),
        references=(of(STYLE), of(STYLE)),
    )
    return build_graph(request, cast)


@pytest.mark.parametrize("base", [BaseModelType.SD1, BaseModelType.SDXL])
def test_the_graph_is_invokeais(base: BaseModelType) -> None:
    graph = graph_of(base)
    assert validate(graph) == []
    assert {
        "preprocessor_1.image → controlnet_1.image",
        "controlnet_1.control → control_collector.item",
        "controlnet_3.control → control_collector.item",
        "control_collector.collection → denoise_latents.control",
        "t2i_adapter_2.t2i_adapter → t2i_adapter_collector.item",
        "t2i_adapter_collector.collection → denoise_latents.t2i_adapter",
        "ip_adapter_1.ip_adapter → ip_adapter_collector.item",
        "ip_adapter_mask_1.mask → ip_adapter_1.mask",
        "ip_adapter_collector.collection → denoise_latents.ip_adapter",
    } <= edges(graph)
    assert graph.nodes["preprocessor_1"].is_intermediate
    assert graph.nodes["ip_adapter_mask_1"].type == "image_mask_to_tensor"
    assert graph.nodes["ip_adapter_mask_2"].type == "alpha_mask_to_tensor"
    assert "union" not in graph.nodes["controlnet_1"].fields()


def test_the_metadata_brings_them_back() -> None:
    metadata = metadata_of(graph_of())
    [first, second] = metadata["controlnets"]
    assert first["control_model"]["key"] == CANNY.key
    assert (first["control_weight"], first["control_mode"], first["begin_step_percent"]) == (
        0.75,
        "more_control",
        0,
    )
    assert first["image"] == second["image"] | {"image_name": "photo.png"}
    request, problems = request_from_metadata(metadata, [CANNY, SKETCH, STYLE, model_record()])
    assert problems == []
    assert [(one.model, one.image, one.weight) for one in request.controls] == [
        (CANNY.key, "photo.png", 0.75),
        (CANNY.key, "edges.png", 0.75),
        (SKETCH.key, "photo.png", 1.0),
    ]
    assert (request.controls[0].preprocessor, request.controls[1].kind) == ("canny", "depth")
    assert [(one.method, one.mask) for one in request.references] == [
        ("full", "mask.png"),
        ("style", "hole.png"),
    ]


def test_what_others_wrote_is_taken_piece_by_piece() -> None:
    model = {"key": CANNY.key, "name": "canny"}
    good = {
        "control_model": model,
        "image": {"image_name": "a.png"},
        "processed_image": {"image_name": "b.png"},
    }
    bad: list[Any] = [
        "text", {"image": {"image_name": "a.png"}}, good | {"control_weight": 99}, good | {"control_weight": [1, 2]},
        {"control_model": model}, good | {"control_mode": "\x1b[31m"},
        {"control_model": {"name": "gone"}, "image": "a.png"},
    ]  # fmt: skip
    request, problems = request_from_metadata({"controlnets": [*bad, good], "ipAdapters": 7}, [CANNY])
    assert [one.image for one in request.controls] == ["b.png"]
    assert len(problems) == len(bad) + 1
    assert not any("\x1b" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("cast", "said"),
    [
        ({"controls": (CANNY.model_copy(update={"base": BaseModelType.SDXL}),)}, "is for sdxl models"),
        ({"controls": (STYLE,)}, "not a ControlNet or a T2I-Adapter"),
        ({"references": (CANNY,)}, "not an IP-Adapter"),
    ],
)
def test_what_does_not_fit_is_said(cast: dict[str, Any], said: str) -> None:
    request = resolved(
        controls=(control(CANNY),) if "controls" in cast else (),
        references=(reference(),) if "references" in cast else (),
    )
    with pytest.raises(BadInputError, match=said):
        build_graph(request, Cast(model_record(), **cast))


def test_families_that_cannot_say_so() -> None:
    for base in (BaseModelType.SD3,):
        cast = Cast(model_record(base=base), controls=(CANNY.model_copy(update={"base": base}),))
        with pytest.raises(BadInputError, match=f"ControlNets cannot be used with {base} models yet"):
            build_graph(resolved(controls=(control(CANNY),)), cast)


def test_flux_has_a_node_of_its_own() -> None:
    canny = CANNY.model_copy(update={"base": BaseModelType.FLUX})
    cast = Cast(
        model_record(base=BaseModelType.FLUX, variant="dev"),
        vae=other("vae", ModelType.VAE),
        controls=(canny,),
        **FLUX_ENCODERS,
    )
    request = resolved(controls=(control(CANNY, union=1),), cfg_scale=1.0)
    graph = build_graph(request, cast)
    assert validate(graph) == []
    assert {
        "flux_controlnet_1.control → control_collector.item",
        "control_collector.collection → flux_denoise.control",
        "model_loader.vae → flux_denoise.controlnet_vae",
    } <= edges(graph)
    assert graph.nodes["flux_controlnet_1"].fields()["instantx_control_mode"] == 2
    recalled, problems = request_from_metadata(metadata_of(graph))
    assert (recalled.controls[0].kind, problems) == ("depth", [])
    fill = Cast(model_record(base=BaseModelType.FLUX, variant="dev_fill"), controls=(canny,))
    with pytest.raises(BadInputError, match="ControlNets cannot be used"):
        build_graph(request, fill)


def test_a_preprocessor_of_ours_is_a_node_with_settings() -> None:
    edges_of = CANNY.model_copy(update={"base": BaseModelType.SD1})
    request = resolved(controls=(control(edges_of, preprocessor="scribble"),))
    graph = build_graph(request, Cast(model_record(), controls=(edges_of,)))
    node = graph.nodes["preprocessor_1"]
    assert (node.type, node.fields()["scribble"]) == ("hed_edge_detection", True)
    assert metadata_of(graph)["controlnets"][0]["preprocessor"] == "scribble"


def test_every_preprocessor_is_a_node_that_says_what_it_needs() -> None:
    nodes = node_types()
    for name, known in PREPROCESSORS.items():
        cls = nodes[known.node]
        assert cls.spec.category == "controlnet_preprocessors"
        if known.needs or known.refused:
            ctx = SimpleNamespace(models=lambda type_: (), load_image=lambda image: Image.new("RGB", (8, 8)))
            with pytest.raises(StudioError) as refused:
                cls.model_validate({"image": {"image_name": "a.png"}}).invoke(ctx)
            said = known.refused or f"invoke-tui models install {TOOLS[known.needs[0]].install}."
            assert said in str(refused.value), name
    assert preprocessor_named("normalbae_image_processor") == "normal_map"
    assert preprocessor_named("mediapipe_face_processor") == "mediapipe_face"


def test_image_encoders_are_found_by_name() -> None:
    large, huge = (
        other("clip-vit-large", ModelType.CLIP_VISION),
        other("ip_adapter_sd_image_encoder", ModelType.CLIP_VISION),
    )
    assert image_encoder(STYLE, "ViT-H", [large, huge]) is huge
    assert image_encoder(STYLE, "ViT-L", [large, huge]) is large
    assert image_encoder(STYLE, "ViT-G", [large]) is large  # the only one: whether it fits, the engine sees
    with pytest.raises(NotFoundError, match="needs the ViT-G image encoder"):
        image_encoder(STYLE, "ViT-G", [large, huge])


REDUX = other("redux", ModelType.FLUX_REDUX).model_copy(update={"base": BaseModelType.FLUX})


def flux_cast(*references: ModelRecord, variant: str = "dev") -> Cast:
    main = model_record(base=BaseModelType.FLUX, variant=variant)
    return Cast(main, vae=other("vae", ModelType.VAE), references=references, **FLUX_ENCODERS)


@pytest.mark.parametrize("variant", ["dev", "schnell"])
def test_flux_is_shown_pictures_in_two_ways(variant: str) -> None:
    shown = STYLE.model_copy(update={"base": BaseModelType.FLUX})
    references = (
        reference(clip_vision="ViT-L", begin=0.1, end=0.8),
        reference(model=REDUX.key, weight=1.0, image_influence="low", image_width=640, image_height=480),
        reference(model=REDUX.key, weight=0.5, mask="mask.png", mask_alpha=True),
    )
    request = resolved(references=references, cfg_scale=1.0)
    graph = build_graph(request, flux_cast(shown, REDUX, REDUX, variant=variant))
    assert validate(graph) == []
    assert {
        "flux_ip_adapter_1.ip_adapter → ip_adapter_collector.item",
        "ip_adapter_collector.collection → flux_denoise.ip_adapter",
        "flux_redux_1.redux_cond → redux_conditioning_collector.item",
        "flux_redux_mask_2.mask → flux_redux_2.mask",
        "redux_conditioning_collector.collection → flux_denoise.redux_conditioning",
    } <= edges(graph)
    assert graph.nodes["flux_redux_1"].fields()["downsampling_factor"] == 4
    assert "method" not in graph.nodes["flux_ip_adapter_1"].fields()
    metadata = metadata_of(graph)
    [first, second] = metadata["ref_images"]
    assert first["config"]["type"] == "flux_redux"
    assert first["config"]["image"]["original"]["image"] == {
        "image_name": "style.png",
        "width": 640,
        "height": 480,
    }
    assert (first["config"]["imageInfluence"], second["config"]["weight"]) == ("low", 0.5)
    request_again, problems = request_from_metadata(metadata, [shown, REDUX, flux_cast().main])
    assert not [problem for problem in problems if "ref" in problem.key or "ipA" in problem.key]
    recalled = request_again.references
    assert [(one.model, one.image_influence, one.mask) for one in recalled] == [
        (STYLE.key, "highest", None),
        (REDUX.key, "low", None),
        (REDUX.key, "highest", "mask.png"),
    ]
    assert (recalled[0].begin, recalled[0].clip_vision, recalled[2].weight) == (0.1, "ViT-L", 0.5)


def test_invokeais_reference_images_are_taken() -> None:
    def entry(config: Any, **more: Any) -> dict[str, Any]:
        return {"id": "reference_image:1", "isEnabled": True, "config": config} | more

    image = {
        "original": {"image": {"image_name": "whole.png", "width": 9, "height": 9}},
        "crop": {"image": {"image_name": "piece.png", "width": 4, "height": 4}},
    }
    adapter = {
        "type": "ip_adapter",
        "image": image,
        "model": STYLE.identifier().model_dump(),
        "weight": 0.4,
        "method": "style",
        "beginEndStepPct": [0.2, 0.9],
        "clipVisionModel": "ViT-G",
    }
    redux = {
        "type": "flux_redux",
        "image": {"image_name": "flat.png"},
        "model": REDUX.identifier().model_dump(),
    }
    entries: list[Any] = [
        entry(adapter),
        entry(adapter, isEnabled=False),
        entry(redux),
        entry(redux | {"type": "flux_kontext_reference_image"}),
        entry(redux | {"imageInfluence": "total"}),
        entry("\x1b[31m"),
        7,
    ]
    request, problems = request_from_metadata({"ref_images": entries}, [STYLE, REDUX])
    [first, second] = request.references
    assert (first.image, first.method, first.begin, first.end) == ("piece.png", "style", 0.2, 0.9)
    assert (first.clip_vision, second.model, second.image) == ("ViT-G", REDUX.key, "flat.png")
    assert len(problems) == 4
    assert not any("\x1b" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("model", "given", "said"),
    [
        (REDUX, {"begin": 0.2}, "redux is a FLUX Redux model, which has no begin"),
        (REDUX, {"method": "style", "clip_vision": "ViT-L"}, "has no method and no clip_vision"),
        (REDUX, {"weight": 1.5}, "whose weight lies between 0 and 1"),
        (STYLE, {"image_influence": "low"}, "style is an IP-Adapter, which has no image_influence"),
        (STYLE.model_copy(update={"base": BaseModelType.FLUX}), {"method": "style"}, "has no method"),
        (
            STYLE.model_copy(update={"base": BaseModelType.FLUX}),
            {"clip_vision": "ViT-H"},
            "looks through ViT-L",
        ),
    ],
)
def test_settings_that_a_kind_of_reference_lacks(
    model: ModelRecord, given: dict[str, Any], said: str
) -> None:
    check_reference(ReferenceRequest(model="a", image="b.png"), model)
    with pytest.raises(BadInputError, match=said):
        check_reference(ReferenceRequest(model="a", image="b.png", **given), model)


def test_redux_is_for_flux_and_needs_siglip() -> None:
    with pytest.raises(BadInputError, match=r"The FLUX Redux model redux is for flux models, .* is sd-1"):
        build_graph(resolved(references=(reference(),)), Cast(model_record(), references=(REDUX,)))
    siglip = other("siglip", ModelType.SIGLIP)
    assert redux_encoder(REDUX, [siglip]).key == siglip.key
    whole = REDUX.model_copy(update={"submodels": ("image_embedder", "image_encoder")})
    assert redux_encoder(whole, [siglip]).submodel_type == "image_encoder"
    with pytest.raises(NotFoundError, match="SigLIP, which is not installed"):
        redux_encoder(REDUX, [])
