"""Tiles are put together again without a trace; pictures become crisper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import ImageField
from invoke_tui.domain.request.tiles import Sides, Tile, tiles_evenly, tiles_of_size, tiles_overlapping
from invoke_tui.nodes.images.merging import merged
from invoke_tui.nodes.images.sharpen import unsharp_masked
from invoke_tui.nodes.registry import find


def picture(width: int, height: int, mode: str = "RGB") -> Image.Image:
    rng = np.random.default_rng(1)
    return Image.fromarray(rng.integers(0, 256, (height, width, 4), np.uint8), "RGBA").convert(mode)


def cut(image: Image.Image, tiles: list[Tile], shade: int = 0) -> list[tuple[Tile, Image.Image]]:
    """The tiles' pictures; with ``shade`` each is lighter than the one before."""
    pieces = []
    for number, tile in enumerate(tiles):
        at = tile.coords
        piece = image.crop((at.left, at.top, at.right, at.bottom))
        pieces.append(
            (tile, piece.point([min(255, v + shade * number) for v in range(256)] * len(piece.mode)))
        )
    return pieces


@pytest.mark.parametrize("mode", ["Linear", "Seam"])
@pytest.mark.parametrize(
    "tiles",
    [
        tiles_overlapping(90, 130, 48, 40, 16),
        tiles_of_size(90, 130, 50, 60, 16),
        tiles_evenly(88, 128, 2, 3, 16),
    ],
)
def test_tiles_that_were_cut_make_the_picture_they_were_cut_from(mode: Any, tiles: list[Tile]) -> None:
    image = picture(130, 90, "RGBA").crop((0, 0, tiles[-1].coords.right, tiles[-1].coords.bottom))
    assert merged(cut(image, tiles)[::-1], mode, 8).tobytes() == image.tobytes()


def test_linear_blending_changes_evenly_in_the_middle_of_what_is_shared() -> None:
    left, right = tiles_overlapping(20, 100, 60, 60, 20)
    made = np.asarray(
        merged(
            [(left, Image.new("RGB", (60, 20))), (right, Image.new("RGB", (60, 20), (200, 200, 200)))],
            "Linear",
            10,
        )
    )[5, :, 0].astype(int)
    assert set(made[:45]) == {0}
    assert set(made[55:]) == {200}
    assert made[45:55].tolist() == list(range(10, 200, 20))


def test_a_seam_goes_where_the_pictures_agree() -> None:
    """They differ but for one line across what they share: only there one changes to the other."""
    left, right = tiles_overlapping(30, 100, 60, 60, 20)
    one, other = np.zeros((30, 60, 3), np.uint8), np.full((30, 60, 3), 180, np.uint8)
    for y in range(30):
        x = 4 + y // 3
        one[y, 40 + x] = other[y, x] = 90
    made = np.asarray(merged([(left, Image.fromarray(one)), (right, Image.fromarray(other))], "Seam", 0))
    assert all((made[y, : 44 + y // 3] == 0).all() for y in range(30))
    assert all((made[y, 45 + y // 3 :] == 180).all() for y in range(30))


def test_tiles_that_do_not_fit_are_refused() -> None:
    tiles = tiles_overlapping(20, 100, 60, 60, 20)
    pieces = cut(picture(100, 20), tiles)
    with pytest.raises(BadInputError, match="share 20"):
        merged(pieces, "Linear", 32)
    with pytest.raises(BadInputError, match="cannot hold"):
        merged([(tiles[0], picture(9, 9))], "Seam", 0)
    nothing = Sides(top=0, bottom=0, left=0, right=0)
    far = Tile(coords=Sides(top=0, bottom=10**9, left=0, right=10**9), overlap=nothing)
    with pytest.raises(BadInputError, match="million"):
        merged([(far, picture(9, 9))], "Seam", 0)


def test_sharpening_is_invokeais_arithmetic() -> None:
    edge = Image.new("RGBA", (40, 10), (60, 60, 60, 77))
    edge.paste((180, 180, 180, 200), (20, 0, 40, 10))
    made = unsharp_masked(edge, 2, 60)
    values = np.asarray(made)[5, :, 0]
    assert values.min() < 60 < 180 < values.max(), "both sides of the edge are driven apart"
    assert made.getchannel("A").tobytes() == edge.getchannel("A").tobytes()
    assert unsharp_masked(edge.convert("L"), 2, 60).mode == "L"
    assert unsharp_masked(edge, 2, 0).convert("RGB").tobytes() == edge.convert("RGB").tobytes()


def test_nodes_hand_tiles_on() -> None:
    def run(type_id: str, **fields: Any) -> Any:
        cls = find(type_id)
        assert cls is not None
        return cls(**fields).invoke(None)  # type: ignore[arg-type]

    tiles = run("calculate_image_tiles_min_overlap", image_width=1000, min_overlap=64).tiles
    assert len(tiles) == 4
    numbers = run("tile_to_properties", tile=tiles[-1])
    assert (numbers.coords_right, numbers.coords_bottom, numbers.width) == (1000, 1024, 576)
    assert numbers.overlap_left == tiles[-1].overlap.left > 0
    pair = run("pair_tile_image", tile=tiles[0], image=ImageField(image_name="a.png")).tile_with_image
    assert (pair.tile, pair.image.image_name) == (tiles[0], "a.png")
