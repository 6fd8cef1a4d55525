"""Zoom and pan, as plain arithmetic."""

from __future__ import annotations

import pytest

from invoke_tui.tui.viewer.geometry import (
    LARGEST,
    Look,
    arranged,
    in_step,
    larger_than,
    panned,
    scale_of,
    visible,
    zoomed,
)

PICTURE, ROOM = (1000, 500), (400, 400)


def test_all_of_it_fits_and_keeps_its_shape() -> None:
    box, size = visible(Look(), PICTURE, ROOM)
    assert tuple(box) == (0, 0, 1000, 500)
    assert size == (400, 200)
    assert not larger_than(Look(), PICTURE, ROOM)


def test_one_to_one_shows_as_many_pixels_as_there_are() -> None:
    box, size = visible(Look(1.0), PICTURE, ROOM)
    assert tuple(box) == (300, 50, 700, 450)
    assert size == (400, 400)


@pytest.mark.parametrize(("x", "y", "left", "top"), [(0, 0, 0, 0), (1, 1, 600, 100), (0.5, 0, 300, 0)])
def test_nothing_beyond_the_border_is_seen(x: float, y: float, left: float, top: float) -> None:
    box, _ = visible(Look(1.0, x, y), PICTURE, ROOM)
    assert box == (left, top, left + 400, top + 400)


def test_coming_closer_stops_at_one_to_one_and_at_the_end() -> None:
    look, scales = Look(), []
    for _ in range(40):
        look = zoomed(look, PICTURE, ROOM, 1)
        scales.append(scale_of(look, PICTURE, ROOM))
    assert 1.0 in scales
    assert scales == sorted(scales)
    assert scales[-1] == LARGEST
    for _ in range(60):
        look = zoomed(look, PICTURE, ROOM, -1)
    assert look.scale is None, "all the way back is all of it"


def test_a_small_picture_goes_back_to_one_to_one() -> None:
    look = Look()
    for _ in range(20):
        look = zoomed(look, (40, 20), ROOM, -1)
    assert scale_of(look, (40, 20), ROOM) == 1.0


def test_moving_keeps_to_the_picture_and_can_be_taken_back() -> None:
    look = panned(Look(2.0), PICTURE, ROOM, 1, 0)
    assert visible(look, PICTURE, ROOM)[0].left == 450
    assert panned(look, PICTURE, ROOM, -1, 0) == Look(2.0)
    for _ in range(50):
        look = panned(look, PICTURE, ROOM, 1, 1)
    assert visible(look, PICTURE, ROOM)[0] == (800, 300, 1000, 500)
    assert visible(panned(look, PICTURE, ROOM, -1, 0), PICTURE, ROOM)[0].left == 750, (
        "no step is lost at the border"
    )


def test_pictures_of_other_sizes_show_the_same_part() -> None:
    look, larger = Look(2.0, 0.3, 0.6), (2000, 1000)
    one, _ = visible(look, PICTURE, ROOM)
    other, _ = visible(in_step(look, PICTURE, larger), larger, ROOM)
    assert other == tuple(2 * edge for edge in one)


@pytest.mark.parametrize(
    ("count", "picture", "grid"), [(2, (512, 512), (2, 1)), (2, (1600, 400), (1, 2)), (4, (512, 512), (2, 2))]
)
def test_pictures_are_put_where_they_are_largest(
    count: int, picture: tuple[int, int], grid: tuple[int, int]
) -> None:
    assert arranged(count, picture, (1280, 700)) == grid
