"""Which layers stay: plain arithmetic. No torch."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_tui.engine.memory.residency import Layer, keep_or_change, residency

LAYERS = st.lists(
    st.builds(
        Layer,
        name=st.just("layer"),
        bytes=st.integers(1, 1000),
        working_bytes=st.sampled_from([0, 0, 50]),
        fixed=st.sampled_from([False, False, False, True]),
    ),
    min_size=1,
    max_size=30,
)


def of(*sizes: int) -> list[Layer]:
    return [Layer(str(place), size) for place, size in enumerate(sizes)]


@settings(max_examples=300, deadline=None)
@given(LAYERS, st.integers(0, 20_000), st.sampled_from([1, 2]), st.sampled_from([0, 4]))
def test_every_plan_adds_up(layers: list[Layer], budget: int, slots: int, overhead: int) -> None:
    plan = residency(layers, budget, slots=slots, overhead=overhead)
    least = residency(layers, 0, slots=slots, overhead=overhead)
    assert plan.resident | set(plan.streamed) == set(range(len(layers)))
    assert plan.resident_bytes + plan.streamed_bytes == sum(layer.bytes for layer in layers)
    assert {place for place, layer in enumerate(layers) if layer.fixed} <= plan.resident
    assert plan.peak_bytes <= max(budget, least.peak_bytes)
    assert list(plan.streamed) == sorted(plan.streamed)
    more = residency(layers, budget + 500, slots=slots, overhead=overhead)
    assert more.resident_bytes >= plan.resident_bytes or more.slots > plan.slots


def test_all_when_it_fits() -> None:
    plan = residency(of(4, 4, 4), 12, slots=2, overhead=4)
    assert plan.whole
    assert (plan.peak_bytes, plan.slots) == (12, 0)


def test_one_layer_at_a_time_is_the_least() -> None:
    plan = residency(of(4, 10, 4), 10)
    assert plan.resident == frozenset()
    assert (plan.peak_bytes, plan.streamed_bytes) == (10, 18)
    assert residency(of(4, 10, 4), 3) == plan


def test_the_smallest_stay_and_like_ones_are_spread() -> None:
    blocks = of(*[100, 4, 100, 2] * 8)
    plan = residency(blocks, 48 + 100 + 4 * 100)
    assert all(place in plan.resident for place, layer in enumerate(blocks) if layer.bytes < 100)
    large = [place for place in sorted(plan.resident) if blocks[place].bytes == 100]
    assert large == [4, 12, 20, 28]


def test_room_for_the_next_layer_where_there_is_any() -> None:
    assert residency(of(10, 10, 10, 2), 25, slots=2).slots == 2
    assert residency(of(10, 10, 10, 2), 15, slots=2).slots == 1


def test_widening_needs_room_as_well() -> None:
    narrow = [Layer("a", 10, working_bytes=40), Layer("b", 10, working_bytes=40)]
    assert residency(narrow, 60).whole
    assert residency(narrow, 59).streamed == (0, 1)
    assert residency(narrow, 59).peak_bytes == 50


def test_what_is_there_stays_unless_much_is_won() -> None:
    layers = of(*[1] * 100)
    now = residency(layers, 50)
    assert keep_or_change(layers, now, 54) == now
    assert keep_or_change(layers, now, 60).resident_bytes == 59
    assert keep_or_change(layers, now, 49).peak_bytes <= 49
    assert keep_or_change(layers, None, 54) == residency(layers, 54)
