"""Recall takes what it can, says what it could not, and never raises."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoke_tui.domain.gallery.replay import Difference
from invoke_tui.domain.models.records import ModelType
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.nodes.recall import request_from_metadata
from tests.support.requests import model_record, vae_record

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**5000)
    | st.floats()
    | st.text()
    | st.just("\ud800")
    | st.sampled_from(["1e999", "nan", "0x10", "9" * 5000, "__import__('os')"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = (
    st.sampled_from([*GenerationRequest.model_fields, "loras", "generation_mode", "rand_device"]) | st.text()
)


@given(st.dictionaries(keys, anything, max_size=12), st.booleans())
def test_nothing_in_a_file_can_raise(metadata: dict[str, Any], with_models: bool) -> None:
    request, problems = request_from_metadata(
        metadata, [model_record(), vae_record()] if with_models else None
    )
    assert request.count == 1
    assert all(problem.message for problem in problems)
    request.model_dump_json()


@given(anything)
def test_metadata_that_is_no_object(metadata: Any) -> None:
    request_from_metadata(metadata)


@pytest.mark.parametrize(
    ("key", "value", "taken", "noted"),
    [
        ("steps", 30, 30, False),
        ("steps", 30.0, 30, False),
        ("steps", "30", 30, False),
        ("steps", 0, 1, True),
        ("steps", 10**400, 500, True),
        ("steps", 2.6, 3, True),
        ("steps", math.nan, None, True),
        ("steps", True, None, True),
        ("width", 515, 512, True),
        ("width", 8, 64, True),
        ("cfg_scale", 0.5, 1, True),
        ("cfg_scale", [7.5, 7.5], None, True),
        ("cfg_scale", math.inf, None, True),
        ("cfg_rescale_multiplier", 1.5, 0.99, True),
        ("seed", 2**32 - 1, 2**32 - 1, False),
        ("seed", 2**32, None, True),
        ("seed", -1, None, True),
        ("seed", "42", 42, False),
        ("scheduler", "dpmpp_2m_sde_k", "dpmpp_2m_sde_k", False),
        ("scheduler", "k_euler", None, True),
        ("vae_precision", "fp8", None, True),
    ],
)
def test_values(key: str, value: Any, taken: Any, noted: bool) -> None:
    request, problems = request_from_metadata({key: value})
    assert getattr(request, key) == taken
    assert [problem.key for problem in problems] == ([key] if noted else [])


def test_a_bad_key_does_not_cost_the_others() -> None:
    request, problems = request_from_metadata({"steps": "many", "seed": 7, "positive_prompt": "a cat"})
    assert (request.seed, request.positive_prompt, request.steps) == (7, "a cat", None)
    assert [problem.key for problem in problems] == ["steps"]


def test_what_is_not_recalled_is_said() -> None:
    metadata = {"loras": [{"weight": 1}], "generation_mode": "img2img", "strength": 0.7}
    _, problems = request_from_metadata(metadata)
    assert {problem.key for problem in problems} == {"loras", "generation_mode"}


class TestModels:
    models = [model_record(), vae_record()]

    def recalled(self, **metadata: Any) -> tuple[GenerationRequest, list[str]]:
        request, problems = request_from_metadata(metadata, self.models)
        return request, [problem.message for problem in problems]

    def test_by_key(self) -> None:
        assert self.recalled(model={"key": "model-key", "name": "x"})[0].model == "model-key"

    def test_by_name_where_the_key_is_of_another_machine(self) -> None:
        assert (
            self.recalled(model={"key": "elsewhere", "hash": "?", "name": "starter"})[0].model == "model-key"
        )

    def test_a_plain_name(self) -> None:
        assert self.recalled(model="starter")[0].model == "model-key"

    def test_a_vae_is_not_a_main_model(self) -> None:
        request, messages = self.recalled(model={"key": "vae-key", "name": "fine vae"})
        assert request.model is None
        assert messages == ["the model fine vae is not installed"]

    def test_without_a_list_the_key_is_taken_as_it_is(self) -> None:
        assert request_from_metadata({"model": {"key": "k", "name": "n"}})[0].model == "k"

    @pytest.mark.parametrize(
        ("said", "kind", "message"),
        [
            ({"hash": "blake3:0", "name": "old name"}, "named", "the model old name is called starter here"),
            ({"hash": "blake3:9", "name": "Starter"}, "changed", "another content"),
            ({"hash": "sampled:9", "name": "starter"}, "unsure", "its hash was not computed"),
            ({"hash": "blake3:9", "name": "gone"}, "missing", "the model gone is not installed"),
            ({"name": "instead"}, "substituted", "the model starter takes the place of instead"),
            ({"name": "without"}, "substituted", "the model without is left out"),
            ({"name": "badly"}, "missing", "the model nobody is not installed"),
        ],
    )
    def test_what_differs_is_said(self, said: dict[str, str], kind: str, message: str) -> None:
        given = {"instead": "STARTER", "without": "", "badly": "nobody"}
        _, [difference] = request_from_metadata({"model": said}, self.models, given)
        assert (difference.key, difference.kind) == ("model", kind)
        assert message in difference.message

    def test_what_is_missing_can_be_told_whatever_it_is_called(self) -> None:
        said = {"name": "\ud800\x1b[31m" + "x" * 10_000, "hash": "\udfff", "base": 7}
        _, [difference] = request_from_metadata({"model": said}, self.models)
        assert difference.model is not None
        assert len(difference.model.name) == 500
        assert Difference.model_validate_json(difference.model_dump_json()) == difference

    def test_the_content_counts_before_key_and_name(self) -> None:
        same = model_record(key="moved", name="copy", hash="sampled:1", fingerprint="sampled:1")
        metadata = {"model": {"key": "model-key", "name": "starter", "hash": "sampled:1"}}
        request, [difference] = request_from_metadata(metadata, [*self.models, same])
        assert (request.model, difference.kind) == ("moved", "named")


class TestLoRAs:
    lora = model_record(key="lora-key", name="style", type=ModelType.LORA)

    def recalled(self, *entries: Any) -> tuple[list[tuple[str, float | None]], list[str]]:
        request, problems = request_from_metadata({"loras": list(entries)}, [model_record(), self.lora])
        return [(x.model, x.weight) for x in request.loras], [problem.message for problem in problems]

    def test_as_invokeai_writes_them(self) -> None:
        entry = {"model": {"key": "lora-key", "name": "style", "type": "lora"}, "weight": 0.4}
        assert self.recalled(entry) == ([("lora-key", 0.4)], [])

    def test_as_invokeai_3_wrote_them(self) -> None:
        entry = {"lora": {"model_name": "style", "base_model": "sd-1"}, "weight": 0.4}
        by_name = ["the LoRA style was found by its name alone"]
        assert self.recalled(entry) == ([("lora-key", 0.4)], by_name)

    def test_those_that_are_there_are_taken(self) -> None:
        entry = {"model": {"key": "lora-key"}, "weight": 40}
        taken, messages = self.recalled({"model": {"name": "gone"}, "weight": 1}, entry, 5)
        assert taken == [("lora-key", 10.0)]
        assert messages == [
            "the LoRA gone is not installed",
            "the weight 40 is not allowed here; 10 is taken",
            "an entry is not an object; it was skipped",
        ]
