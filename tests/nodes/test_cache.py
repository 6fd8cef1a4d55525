"""The invocation cache answers only for the same inputs, and keeps what its answers name."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from invoke_tui.domain.graph.fields import ConditioningField, LatentsField
from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.nodes.base import Invocation
from invoke_tui.nodes.cache import InvocationCache, cache_key, named_objects
from invoke_tui.nodes.invocations.flow import CollectOutput
from invoke_tui.nodes.invocations.latents import NoiseInvocation, NoiseOutput
from invoke_tui.nodes.invocations.math import AddInvocation, RandomIntInvocation
from invoke_tui.nodes.invocations.models import MainModelLoaderInvocation
from invoke_tui.nodes.invocations.primitives import IntegerOutput
from invoke_tui.nodes.registry import output_types


def noise_output(name: str) -> NoiseOutput:
    return NoiseOutput(noise=LatentsField(latents_name=name), width=8, height=8)


class TestFinding:
    def test_the_same_inputs_whatever_the_id(self) -> None:
        cache: InvocationCache[object] = InvocationCache(4)
        cache.keep(AddInvocation(id="x", a=1, b=2), IntegerOutput(value=3), {})
        found = cache.find(AddInvocation(id="y", a=1, b=2))
        assert found is not None
        assert found.output == IntegerOutput(value=3)
        assert cache.find(AddInvocation(a=2, b=1)) is None
        assert (cache.hits, cache.misses) == (1, 1)

    @pytest.mark.parametrize("node", [AddInvocation(use_cache=False), RandomIntInvocation(use_cache=True)])
    def test_nodes_that_want_no_cache(self, node: Invocation) -> None:
        cache: InvocationCache[object] = InvocationCache(4)
        cache.keep(node, IntegerOutput(value=0), {})
        assert cache.find(node) is None
        assert len(cache) == 0

    def test_a_changed_answer_does_not_change_the_next(self) -> None:
        cache: InvocationCache[object] = InvocationCache(4)
        output = IntegerOutput(value=3)
        cache.keep(AddInvocation(), output, {})
        output.value = 4
        found = cache.find(AddInvocation())
        assert found is not None
        assert found.output == IntegerOutput(value=3)

    def test_models_differ_by_key(self) -> None:
        one, two = (MainModelLoaderInvocation(model=ModelIdentifier(key=k, name="m")) for k in "ab")
        assert cache_key(one) != cache_key(two)


class TestKeeping:
    def test_objects_stay_with_the_outputs_that_name_them(self) -> None:
        cache: InvocationCache[str] = InvocationCache(4)
        cache.keep(NoiseInvocation(seed=1), noise_output("n1"), {"n1": "tensor", "other": "tensor"})
        found = cache.find(NoiseInvocation(seed=1))
        assert found is not None
        assert found.held == {"n1": "tensor"}

    @pytest.mark.parametrize("type_id", sorted(output_types()))
    def test_every_output_that_names_an_object_keeps_it(self, type_id: str) -> None:
        """Whatever a family calls its field: an answer from the cache is no use without what it names."""
        fields = output_types()[type_id].model_fields.values()
        for field in fields:
            kind = field.annotation
            if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
                continue
            for name in ("latents_name", "conditioning_name"):
                if name in kind.model_fields:
                    assert list(named_objects(kind.model_validate({name: "n"}))) == ["n"]

    def test_objects_in_collections_are_found(self) -> None:
        cache: InvocationCache[str] = InvocationCache(4)
        output = CollectOutput(
            collection=[ConditioningField(conditioning_name="c"), {"x": LatentsField(latents_name="l")}]
        )
        cache.keep(AddInvocation(), output, {"c": "1", "l": "2"})
        found = cache.find(AddInvocation())
        assert found is not None
        assert found.held == {"c": "1", "l": "2"}

    def test_an_output_whose_object_is_gone_is_not_kept(self) -> None:
        cache: InvocationCache[str] = InvocationCache(4)
        cache.keep(NoiseInvocation(), noise_output("n1"), {})
        assert cache.find(NoiseInvocation()) is None

    def test_the_least_recently_used_goes_first(self) -> None:
        cache: InvocationCache[str] = InvocationCache(2)
        for seed in (1, 2):
            cache.keep(NoiseInvocation(seed=seed), noise_output(f"n{seed}"), {f"n{seed}": "t"})
        assert cache.find(NoiseInvocation(seed=1))
        cache.keep(NoiseInvocation(seed=3), noise_output("n3"), {"n3": "t"})
        assert cache.find(NoiseInvocation(seed=2)) is None
        assert cache.find(NoiseInvocation(seed=1))

    def test_size_zero_keeps_nothing(self) -> None:
        cache: InvocationCache[str] = InvocationCache(0)
        cache.keep(AddInvocation(), IntegerOutput(value=0), {})
        assert cache.find(AddInvocation()) is None
