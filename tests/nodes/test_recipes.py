"""Settings become a graph that is valid, and whose picture brings the settings back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.gallery.metadata import CoreMetadata
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import BaseModelType, ModelIdentifier, ModelRecord, ModelType
from invoke_tui.domain.request.parameters import Refiner, ResolvedLoRA, ResolvedRequest
from invoke_tui.domain.request.refinement import FreeU
from invoke_tui.domain.request.regions import RegionRequest, ResolvedRegion
from invoke_tui.domain.schedulers import SCHEDULER_NAMES
from invoke_tui.nodes.execution import GraphExecution
from invoke_tui.nodes.invocations.loras import LoRALoaderOutput
from invoke_tui.nodes.recall import request_from_metadata
from invoke_tui.nodes.recipes import Cast, build_graph, supported_bases
from invoke_tui.nodes.validate import validate
from tests.support.requests import model_record, resolved, text_to_image, vae_record


def edges(graph: Graph) -> set[str]:
    return {f"{edge.source} → {edge.destination}" for edge in graph.edges}


def metadata_of(graph: Graph) -> dict[str, Any]:
    """What the metadata node gives; only constants stand before it."""
    execution = GraphExecution(graph)
    while (ready := execution.next()) is not None:
        if ready.invocation.spec.type not in ("string", "integer", "core_metadata"):
            continue
        output = ready.invocation.invoke(None)  # type: ignore[arg-type]
        execution.complete(ready.id, output)
        if ready.node == "core_metadata":
            return dict(output.as_json()["metadata"])
    raise AssertionError("no metadata")


class TestTextToImage:
    def test_the_plain_graph(self) -> None:
        graph = text_to_image()
        assert validate(graph) == []
        assert set(graph.nodes) == {
            *("positive_prompt", "seed", "model_loader", "pos_cond", "neg_cond"),
            *("noise", "denoise_latents", "l2i", "core_metadata"),
        }
        assert graph.nodes["denoise_latents"].fields() == {"steps": 4, "cfg_scale": 7.5, "scheduler": "euler"}

    def test_it_is_the_same_every_time(self) -> None:
        assert text_to_image() == text_to_image()

    def test_seed_and_prompt_stand_once(self) -> None:
        assert {
            "seed.value → noise.seed",
            "seed.value → core_metadata.seed",
            "positive_prompt.value → pos_cond.prompt",
            "positive_prompt.value → core_metadata.positive_prompt",
        } <= edges(text_to_image())

    def test_clip_skip_stands_before_both_prompts(self) -> None:
        graph = text_to_image(clip_skip=2)
        assert validate(graph) == []
        assert {"clip_skip.clip → pos_cond.clip", "clip_skip.clip → neg_cond.clip"} <= edges(graph)
        assert "model_loader.clip → pos_cond.clip" not in edges(graph)

    def test_seamless_stands_before_denoiser_and_decoder(self) -> None:
        graph = build_graph(resolved(vae="vae-key", seamless_x=True), Cast(model_record(), vae_record()))
        assert validate(graph) == []
        assert graph.nodes["seamless"].fields() == {"seamless_x": True, "seamless_y": False}
        assert {
            "model_loader.unet → seamless.unet",
            "vae_loader.vae → seamless.vae",
            "seamless.unet → denoise_latents.unet",
            "seamless.vae → l2i.vae",
        } <= edges(graph)

    def test_board_rescale_and_precision(self) -> None:
        graph = text_to_image(board="b1", cfg_rescale_multiplier=0.5, vae_precision="fp16")
        assert validate(graph) == []
        assert graph.nodes["l2i"].fields() == {"fp32": False, "board": {"board_id": "b1"}}
        assert graph.nodes["denoise_latents"].fields()["cfg_rescale_multiplier"] == 0.5

    def test_metadata_is_invokeais(self) -> None:
        graph = build_graph(resolved(vae="vae-key"), Cast(model_record(), vae_record()))
        metadata = CoreMetadata.model_validate(metadata_of(graph))
        assert metadata.generation_mode == "txt2img"
        assert metadata.rand_device == "cpu"
        assert metadata.model is not None
        assert metadata.model.key == "model-key"
        assert metadata.vae is not None
        assert metadata.vae.key == "vae-key"
        assert (metadata.app_version or "").startswith("invoke-tui ")


class TestRefusals:
    @pytest.mark.parametrize("base", sorted(set(BaseModelType) - set(supported_bases())))
    def test_other_bases_are_named(self, base: BaseModelType) -> None:
        with pytest.raises(BadInputError) as caught:
            build_graph(resolved(), Cast(model_record(base=base)))
        assert caught.value.message == f"starter is a {base} model, which cannot be drawn with yet."
        assert "sd-1" in caught.value.hint

    def test_a_lora_draws_nothing(self) -> None:
        with pytest.raises(BadInputError, match="lora"):
            build_graph(resolved(), Cast(model_record(type=ModelType.LORA)))

    def test_a_vae_of_another_base(self) -> None:
        with pytest.raises(BadInputError, match="is for sdxl, starter is sd-1"):
            build_graph(resolved(), Cast(model_record(), vae_record(base=BaseModelType.SDXL)))

    def test_a_vae_that_is_none(self) -> None:
        with pytest.raises(BadInputError, match="not a VAE"):
            build_graph(resolved(), Cast(model_record(), model_record()))


any_request = st.builds(
    ResolvedRequest,
    positive_prompt=st.text(max_size=50),
    negative_prompt=st.text(max_size=50),
    model=st.just("model-key"),
    vae=st.sampled_from([None, "vae-key"]),
    width=st.integers(8, 2048).map(lambda n: n * 8),
    height=st.integers(8, 2048).map(lambda n: n * 8),
    steps=st.integers(1, 500),
    cfg_scale=st.floats(1, 200),
    cfg_rescale_multiplier=st.floats(0, 0.99),
    scheduler=st.sampled_from(SCHEDULER_NAMES),
    seed=st.integers(0, 2**32 - 1),
    clip_skip=st.integers(0, 24),
    seamless_x=st.booleans(),
    seamless_y=st.booleans(),
    vae_precision=st.sampled_from(["fp16", "fp32"]),
    freeu=st.sampled_from([None, FreeU(), FreeU(b1=1.1, s2=-0.5)]),
    cfg_begin_step_percent=st.sampled_from([0.0, 0.25]),
    cfg_end_step_percent=st.sampled_from([1.0, 0.6]),
    regions=st.sampled_from(
        [
            (),
            (
                ResolvedRegion(positive_prompt="a fox", right=0.5),
                ResolvedRegion(negative_prompt="x", top=0.3),
            ),
        ]
    ),
)


@given(any_request)
def test_the_metadata_brings_every_setting_back(request: ResolvedRequest) -> None:
    models = [model_record(), vae_record()]
    graph = build_graph(request, Cast(models[0], models[1] if request.vae else None))
    assert validate(graph) == []
    recalled, problems = request_from_metadata(metadata_of(graph), models)
    assert problems == []
    other = {"refiner", "start", "highres", "regions"}
    named = set(ResolvedRequest.model_fields) - other
    assert recalled.model_dump(include=named) == request.model_dump(exclude=other)
    pairs = zip(recalled.regions, request.regions, strict=True)
    assert all(asked == RegionRequest(**made.model_dump(exclude={"mask_alpha"})) for asked, made in pairs)


def other(key: str, type_: ModelType, base: BaseModelType = BaseModelType.ANY, **changes: Any) -> ModelRecord:
    return model_record(key=key, name=key, type=type_, base=base, **changes)


ENCODERS: dict[str, Any] = {
    "t5_encoder": other("t5", ModelType.T5_ENCODER),
    "clip_embed": other("clip-l", ModelType.CLIP_EMBED, variant="large"),
    "clip_g": other("clip-g", ModelType.CLIP_EMBED, variant="gigantic"),
}


class TestOtherFamilies:
    def recalled(self, request: ResolvedRequest, cast: Cast) -> dict[str, Any]:
        graph = build_graph(request, cast)
        assert validate(graph) == []
        models = [model for model in vars(cast).values() if isinstance(model, ModelRecord)]
        found, problems = request_from_metadata(metadata_of(graph), models)
        assert problems == []
        return found.model_dump()

    def test_sdxl(self) -> None:
        cast = Cast(model_record(base=BaseModelType.SDXL))
        request = resolved(negative_prompt="blue", clip_skip=1, seamless_y=True, width=1024)
        graph = build_graph(request, cast)
        assert graph.nodes["pos_cond"].type == "sdxl_compel_prompt"
        assert graph.nodes["neg_cond"].fields()["style"] == "blue"
        assert self.recalled(request, cast)["negative_prompt"] == "blue"

    def test_the_refiner(self) -> None:
        refiner = other("finish", ModelType.MAIN, BaseModelType.SDXL_REFINER)
        cast = Cast(model_record(base=BaseModelType.SDXL), refiner=refiner)
        how = Refiner(
            model="finish",
            steps=11,
            cfg_scale=4.0,
            scheduler="ddim",
            start=0.7,
            positive_aesthetic_score=7.0,
            negative_aesthetic_score=2.0,
        )
        request = resolved(refiner=how)
        nodes = build_graph(request, cast).nodes
        assert nodes["denoise_latents"].fields()["denoising_end"] == 0.7
        assert nodes["refiner_denoise_latents"].fields()["denoising_start"] == 0.7
        found = self.recalled(request, cast)
        assert {name: found[f"refiner_{name}"] for name in how.model_dump()} == how.model_dump()
        with pytest.raises(BadInputError, match="not a refiner"):
            build_graph(request, Cast(model_record(base=BaseModelType.SDXL), refiner=model_record()))
        with pytest.raises(BadInputError, match="finishes the pictures"):
            build_graph(resolved(), Cast(refiner))

    @pytest.mark.parametrize("scale", [1.0, 3.0])
    def test_flux(self, scale: float) -> None:
        vae = vae_record(base=BaseModelType.FLUX)
        encoders: dict[str, Any] = {name: ENCODERS[name] for name in ("t5_encoder", "clip_embed")}
        main = model_record(base=BaseModelType.FLUX, variant="schnell")
        request = resolved(cfg_scale=scale, guidance=2.5, negative_prompt="fog")
        graph = build_graph(request, Cast(main, vae=vae, **encoders))
        assert graph.nodes["pos_cond"].fields()["t5_max_seq_len"] == 256
        assert ("neg_cond" in graph.nodes) == (scale > 1)
        found = self.recalled(request, Cast(main, vae=vae, **encoders))
        assert (found["guidance"], found["t5_encoder"], found["clip_embed"]) == (2.5, "t5", "clip-l")

    def test_sd3_may_lack_t5(self) -> None:
        main = model_record(base=BaseModelType.SD3, submodels=("transformer", "vae"))
        without: dict[str, Any] = {name: ENCODERS[name] for name in ("clip_embed", "clip_g")}
        edges = build_graph(resolved(), Cast(main, **without)).edges
        assert not any(edge.source.field == "t5_encoder" for edge in edges)
        edges = build_graph(resolved(), Cast(main, **ENCODERS)).edges
        assert any(edge.source.field == "t5_encoder" for edge in edges)
        assert self.recalled(resolved(), Cast(main, **ENCODERS))["clip_g"] == "clip-g"


def lora(key: str, base: BaseModelType = BaseModelType.SD1) -> ModelRecord:
    return other(key, ModelType.LORA, base)


class World:
    """Knows models, and nothing else."""

    def __init__(self, models: dict[str, ModelRecord]) -> None:
        self._models = models

    def model(self, identifier: ModelIdentifier) -> ModelRecord:
        return self._models[identifier.key]


class TestLoRAs:
    def asked(self, *pairs: tuple[str, float]) -> ResolvedRequest:
        return resolved(
            clip_skip=1,
            cfg_scale=2.0,
            loras=tuple(ResolvedLoRA(model=key, weight=weight) for key, weight in pairs),
        )

    @pytest.mark.parametrize(
        ("base", "loader", "parts"),
        [
            (BaseModelType.SD1, "lora_collection_loader", {"unet", "clip"}),
            (BaseModelType.SDXL, "sdxl_lora_collection_loader", {"unet", "clip", "clip2"}),
            (BaseModelType.FLUX, "flux_lora_collection_loader", {"transformer", "clip", "t5_encoder"}),
        ],
    )
    def test_they_stand_between_the_loader_and_everything_else(
        self, base: BaseModelType, loader: str, parts: set[str]
    ) -> None:
        cast = Cast(model_record(base=base), loras=(lora("one", base), lora("two", base)))
        graph = build_graph(self.asked(("one", 0.5), ("two", -1.0)), cast)
        assert validate(graph) == []
        assert graph.nodes["lora_collection_loader"].type == loader
        assert graph.nodes["lora_selector_2"].fields()["weight"] == -1.0
        given = {e.source.field for e in graph.edges if e.destination.node_id == "lora_collection_loader"}
        assert given == parts | {"collection"}
        past = {e.source.field for e in graph.edges if e.source.node_id == "model_loader"} - parts
        assert past <= {"vae"}

    def test_the_collection_reaches_the_parts(self) -> None:
        cast = Cast(model_record(), loras=(lora("one"), lora("two")))
        graph = build_graph(self.asked(("one", 0.5), ("two", -1.0)), cast)
        execution = GraphExecution(graph)
        world = World({record.key: record for record in (cast.main, *cast.loras)})
        while (ready := execution.next()) is not None:
            kind = ready.invocation.spec.type
            if kind in ("compel", "noise", "denoise_latents", "l2i", "core_metadata"):
                break
            output = ready.invocation.invoke(world)  # type: ignore[arg-type]
            execution.complete(ready.id, output)
            if isinstance(output, LoRALoaderOutput):
                unet = output.unet
                assert unet is not None
                assert [(field.lora.key, field.weight) for field in unet.loras] == [
                    ("one", 0.5),
                    ("two", -1.0),
                ]
                return
        raise AssertionError("no LoRA was applied")

    def test_the_metadata_brings_them_back(self) -> None:
        cast = Cast(model_record(), loras=(lora("one"), lora("two")))
        graph = build_graph(self.asked(("one", 0.5), ("two", -1.0)), cast)
        metadata = metadata_of(graph)
        assert [(x["model"]["key"], x["weight"]) for x in metadata["loras"]] == [("one", 0.5), ("two", -1.0)]
        request, problems = request_from_metadata(metadata, [cast.main, *cast.loras])
        assert problems == []
        assert [(x.model, x.weight) for x in request.loras] == [("one", 0.5), ("two", -1.0)]

    @pytest.mark.parametrize(
        ("records", "match"),
        [
            ((lora("one", BaseModelType.SDXL),), "The LoRA one is for sdxl models, starter is sd-1"),
            ((lora("one"), lora("one")), "asked for twice"),
            ((model_record(),), "not a LoRA"),
        ],
    )
    def test_what_cannot_be_applied_is_said(self, records: tuple[ModelRecord, ...], match: str) -> None:
        request = self.asked(*((record.key, 1.0) for record in records))
        with pytest.raises(BadInputError, match=match):
            build_graph(request, Cast(model_record(), loras=records))

    def test_sd3_takes_none(self) -> None:
        record = lora("one", BaseModelType.SD3)
        main = model_record(base=BaseModelType.SD3, submodels=("transformer", "vae"))
        with pytest.raises(BadInputError, match="cannot be applied to sd-3 models yet"):
            build_graph(self.asked(("one", 1.0)), Cast(main, loras=(record,)))
