"""Tiles where InvokeAI lays them, and what cannot be laid."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.tiles import Tile, extent, tiles_evenly, tiles_of_size, tiles_overlapping

GOLDEN: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "tiles.json").read_text())
LENGTH = st.integers(1, 1500)


def laid(case: dict[str, Any]) -> list[Tile]:
    height, width, overlap = case["image_height"], case["image_width"], case["overlap"]
    if case["fn"] == "calc_tiles_even_split":
        return tiles_evenly(height, width, case["num_y"], case["num_x"], overlap)
    lay = tiles_of_size if case["fn"] == "calc_tiles_with_overlap" else tiles_overlapping
    return lay(height, width, case["tile_height"], case["tile_width"], overlap)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case['fn']}-{case['image_width']}")
def test_tiles_lie_where_invokeai_lays_them(case: dict[str, Any]) -> None:
    if isinstance(case["tiles"], str):
        with pytest.raises(BadInputError, match="multiples of 8"):
            laid(case)
        return
    assert [tile.model_dump() for tile in laid(case)] == case["tiles"]


@given(height=LENGTH, width=LENGTH, tile=st.integers(32, 700), part=st.floats(0, 0.7))
@settings(deadline=None, max_examples=40)
def test_tiles_that_are_spread_cover_every_pixel_and_overlap_enough(
    height: int, width: int, tile: int, part: float
) -> None:
    overlap = int(tile * part)
    tiles = tiles_overlapping(height, width, tile, tile, overlap)
    assert extent(tiles) == (width, height)
    rows = [t for t in tiles if t.coords.left == 0]
    for above, below in pairwise(rows):
        assert above.coords.bottom - below.coords.top == above.overlap.bottom == below.overlap.top >= overlap
    assert all(0 < t.width <= min(tile, width) and 0 < t.height <= min(tile, height) for t in tiles)


@pytest.mark.parametrize(
    "lay",
    [
        lambda: tiles_of_size(100, 100, 200, 50),
        lambda: tiles_of_size(100, 100, 50, 50, 50),
        lambda: tiles_overlapping(100, 100, 50, 50, 60),
        lambda: tiles_evenly(64, 64, 40, 1, 8),
        lambda: tiles_of_size(10**9, 10**9, 2, 2, 1),
        lambda: tiles_overlapping(10**9, 10**9, 2, 2, 1),
    ],
)
def test_tiles_that_cannot_be_laid_are_refused(lay: Any) -> None:
    with pytest.raises(BadInputError):
        lay()
