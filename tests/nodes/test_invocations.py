"""What single nodes do, where it is not obvious."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import (
    CLIPField,
    ConditioningField,
    ImageField,
    LatentsField,
    MetadataField,
    UNetField,
    VAEField,
)
from invoke_tui.domain.models.records import ModelIdentifier, ModelRecord, ModelType
from invoke_tui.domain.request.texts import Text
from invoke_tui.nodes.base import Invocation
from invoke_tui.nodes.context import DenoiseCall, SavedImage, SaveRequest, SizedLatents
from invoke_tui.nodes.registry import find
from tests.support.requests import model_record

MODEL = ModelIdentifier(key="model-key", name="starter")
CLIP = CLIPField(tokenizer=MODEL, text_encoder=MODEL, skipped_layers=1)
UNET = UNetField(unet=MODEL, scheduler=MODEL)
VAE = VAEField(vae=MODEL)


@dataclass
class Engine:
    """Writes down what it is asked."""

    calls: list[Any] = field(default_factory=list)

    def encode(self, text: Text) -> str:
        self.calls.append(text)
        return "c"

    def noise(self, **asked: Any) -> SizedLatents:
        self.calls.append(asked)
        return SizedLatents(
            LatentsField(latents_name="n", seed=asked["seed"]), asked["width"], asked["height"]
        )

    def denoise(self, call: DenoiseCall) -> SizedLatents:
        self.calls.append(call)
        return SizedLatents(LatentsField(latents_name="l", seed=call.seed), 64, 64)

    def decode(self, latents: LatentsField, vae: VAEField, **asked: Any) -> Image.Image:
        self.calls.append(asked)
        return Image.new("RGB", (64, 48))


@dataclass
class Context:
    """The world of one node."""

    engine: Engine = field(default_factory=Engine)
    saved: list[SaveRequest] = field(default_factory=list)

    def model(self, identifier: ModelIdentifier) -> ModelRecord:
        return model_record()

    def embeddings(self, encoder: ModelIdentifier, *prompts: str) -> tuple[ModelIdentifier, ...]:
        return ()

    def progress(self, message: str, step: int = 0, total: int = 0) -> None: ...

    def check_cancel(self) -> None: ...

    def save_image(self, image: Image.Image, request: SaveRequest) -> SavedImage:
        self.saved.append(request)
        return SavedImage(ImageField(image_name="x.png"), image.width, image.height)


def make(node_type: str, **values: Any) -> Invocation:
    cls = find(node_type)
    assert cls is not None
    return cls.model_validate(values)


def given(node_type: str, context: Context | None = None, **values: Any) -> dict[str, Any]:
    return make(node_type, **values).invoke(context or Context()).as_json()


class TestMath:
    @pytest.mark.parametrize(
        ("a", "b", "value"), [(7, 2, 3), (-7, 2, -3), (7, -2, -3), (-7, -2, 3), (10**30, 10, 10**29)]
    )
    def test_division_rounds_towards_zero(self, a: int, b: int, value: int) -> None:
        assert given("div", a=a, b=b)["value"] == value
        assert given("integer_math", operation="DIV", a=a, b=b)["value"] == value

    @pytest.mark.parametrize(
        ("node", "values"),
        [
            ("integer_math", {"operation": "MOD", "b": 0}),
            ("integer_math", {"operation": "EXP", "a": 2, "b": -1}),
            ("integer_math", {"operation": "EXP", "a": 9, "b": 10**9}),
            ("float_math", {"operation": "DIV", "b": 0}),
            ("float_math", {"operation": "SQRT", "a": -1}),
            ("float_math", {"operation": "EXP", "a": -8, "b": 0.5}),
            ("range", {"start": 3, "stop": 3}),
            ("range", {"start": 0, "stop": 3, "step": 0}),
            ("range", {"start": 0, "stop": 10**9}),
            ("range_of_size", {"size": 0}),
        ],
    )
    def test_what_has_no_result_is_refused_before_it_runs(self, node: str, values: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            make(node, **values)

    def test_random_numbers_stay_between_their_bounds(self) -> None:
        drawn = [given("rand_int", low=3, high=5)["value"] for _ in range(50)]
        assert set(drawn) <= {3, 4}
        assert all(0 <= given("rand_float", high=0.5)["value"] <= 0.5 for _ in range(50))

    def test_a_seed_draws_the_same_numbers(self) -> None:
        drawn = given("random_range", low=0, high=100, size=5, seed=1)["collection"]
        assert drawn == given("random_range", low=0, high=100, size=5, seed=1)["collection"]
        assert len(drawn) == 5


class TestStrings:
    @pytest.mark.parametrize(
        ("delimiter", "first", "second"), [("", "a", "b, c"), (", ", "a b", "c"), ("x", "a b, c", "")]
    )
    def test_split(self, delimiter: str, first: str, second: str) -> None:
        parts = given("string_split", string="a b, c", delimiter=delimiter)
        assert (parts["string_1"], parts["string_2"]) == (first, second)

    def test_brackets_may_be_escaped_and_unbalanced(self) -> None:
        parts = given("string_split_neg", string=r"a \[b [c [d] e] f] g [h")
        assert parts["positive_string"] == r"a \[b  f g "
        assert parts["negative_string"] == " c  d e h"

    def test_replace_takes_a_plain_text_as_it_is(self) -> None:
        replaced = given("string_replace", string="A.b a.B", search_string="a.b", replace_string=r"\1")
        assert replaced["value"] == r"\1 \1"

    def test_a_bad_expression_is_the_persons_to_mend(self) -> None:
        with pytest.raises(BadInputError, match="regular expression"):
            given("string_replace", string="x", search_string="(", use_regex=True)


class TestDrawing:
    def test_the_loader_names_the_parts(self) -> None:
        parts = given("main_model_loader", model=MODEL)
        assert parts["unet"]["unet"]["submodel_type"] == "unet"
        assert parts["unet"]["scheduler"]["submodel_type"] == "scheduler"
        assert parts["clip"]["text_encoder"]["submodel_type"] == "text_encoder"
        assert parts["vae"]["vae"]["submodel_type"] == "vae"

    def test_clip_skip_adds_up(self) -> None:
        assert given("clip_skip", clip=CLIP, skipped_layers=2)["clip"]["skipped_layers"] == 3

    def test_seamless_axes(self) -> None:
        parts = given("seamless", unet=UNET, vae=VAE, seamless_x=False)
        assert parts["unet"]["seamless_axes"] == parts["vae"]["seamless_axes"] == ["y"]
        assert given("seamless", vae=VAE)["unet"] is None

    def test_freeu(self) -> None:
        assert given("freeu", unet=UNET)["unet"]["freeu_config"] == {
            "b1": 1.2,
            "b2": 1.4,
            "s1": 0.9,
            "s2": 0.2,
        }

    def test_the_noise_brings_the_seed_of_the_run(self) -> None:
        context = Context()
        conditioning = ConditioningField(conditioning_name="c")
        given(
            "denoise_latents",
            context,
            positive_conditioning=[conditioning],
            negative_conditioning=conditioning,
            noise=LatentsField(latents_name="n", seed=99),
            unet=UNET,
            steps=3,
            cfg_scale=[3, 2, 1],
        )
        [call] = context.engine.calls
        assert call.seed == 99
        assert (call.positive, call.negative) == ("c", "c")
        assert call.cfg_scale == [3, 2, 1]

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"positive_conditioning": []}, "positive_conditioning needs a prompt"),
            ({"noise": None}, "noise or latents must be connected"),
            ({"cfg_scale": [7.5]}, "lists 1 values for 10 steps"),
            ({"cfg_scale": 0.5}, "greater than or equal to 1"),
            ({"scheduler": "nope"}, "scheduler"),
        ],
    )
    def test_what_cannot_be_denoised(self, changes: dict[str, Any], message: str) -> None:
        conditioning = ConditioningField(conditioning_name="c")
        values: dict[str, Any] = {
            "positive_conditioning": conditioning,
            "negative_conditioning": conditioning,
            "noise": LatentsField(latents_name="n"),
            "unet": UNET,
        }
        with pytest.raises(ValidationError, match=message):
            make("denoise_latents", **(values | changes))

    @pytest.mark.parametrize(
        ("board", "kept"), [(None, None), ({"board_id": "none"}, None), ({"board_id": "b"}, "b")]
    )
    def test_a_picture_is_saved_with_what_is_known_about_it(self, board: Any, kept: str | None) -> None:
        context = Context()
        picture = given(
            "l2i",
            context,
            latents=LatentsField(latents_name="l"),
            vae=VAE,
            metadata=MetadataField.model_validate({"seed": 1, "of the future": [2]}),
            board=board,
            is_intermediate=True,
        )
        assert (picture["width"], picture["height"]) == (64, 48)
        [request] = context.saved
        assert request == SaveRequest(True, kept, {"seed": 1, "of the future": [2]})

    def test_metadata_keeps_keys_of_other_families(self) -> None:
        metadata = given("core_metadata", seed=1, strength=None, z_image_shift=3.0)["metadata"]
        assert metadata["seed"] == 1
        assert metadata["z_image_shift"] == 3.0
        assert "strength" not in metadata


class TestLoRAs:
    """What is applied to what is noted on the parts."""

    def part(self, kind: str = "unet", *keys: str) -> dict[str, Any]:
        model = model_record().identifier().model_dump()
        fields = {"unet": ("unet", "scheduler"), "clip": ("tokenizer", "text_encoder")}[kind]
        loras = [{"lora": model | {"key": key, "name": key}, "weight": 0.5} for key in keys]
        return {**dict.fromkeys(fields, model), "loras": loras}

    def named(self, key: str) -> dict[str, Any]:
        return model_record(key=key, name=key, type=ModelType.LORA).identifier().model_dump()

    def context(self) -> Any:
        class Knows(Context):
            def model(self, identifier: ModelIdentifier) -> ModelRecord:
                kind = ModelType.LORA if identifier.type == "lora" else ModelType.MAIN
                return model_record(key=identifier.key, name=identifier.name, type=kind)

        return Knows()

    def test_one_after_the_other(self) -> None:
        unet = self.part("unet", "first")
        found = given("lora_loader", self.context(), lora=self.named("second"), weight=-0.2, unet=unet)
        assert [(one["lora"]["key"], one["weight"]) for one in found["unet"]["loras"]] == [
            ("first", 0.5),
            ("second", -0.2),
        ]
        assert found["clip"] is None

    def test_twice_is_refused(self) -> None:
        with pytest.raises(BadInputError, match="applied already"):
            given("lora_loader", self.context(), lora=self.named("a"), unet=self.part("unet", "a"))

    def test_a_collection_skips_what_is_there(self) -> None:
        loras = [{"lora": self.named(key), "weight": 1.0} for key in ("a", "b", "b")]
        found = given(
            "lora_collection_loader",
            self.context(),
            loras=loras,
            unet=self.part("unet", "a"),
            clip=self.part("clip"),
        )
        assert [one["lora"]["key"] for one in found["unet"]["loras"]] == ["a", "b"]
        assert [one["lora"]["key"] for one in found["clip"]["loras"]] == ["a", "b"]
        nothing = given("lora_collection_loader", self.context(), unet=self.part("unet", "a"))
        assert [one["lora"]["key"] for one in nothing["unet"]["loras"]] == ["a"]

    def test_a_main_model_is_no_lora(self) -> None:
        main = model_record(key="m", name="m").identifier().model_dump()
        with pytest.raises(BadInputError, match="m is a main model, not a LoRA"):
            given("lora_loader", self.context(), lora=main, unet=self.part())
