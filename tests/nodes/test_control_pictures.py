"""Control pictures: how they are made, and how they get to another size without losing what they say."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from invoke_tui.domain.graph.fields import ResizeMode
from invoke_tui.nodes.images.fitting import fitted_control, resized_by_content
from invoke_tui.nodes.images.preprocess import BY_NAME, canny, colour_map, shuffled

MODES: tuple[ResizeMode, ...] = ("just_resize", "crop_resize", "fill_resize", "just_resize_simple")


def photo() -> Image.Image:
    image = Image.new("RGB", (120, 80), "#204060")
    ImageDraw.Draw(image).ellipse((30, 15, 90, 65), fill="#e0a030")
    return image


def white(image: Image.Image) -> int:
    return int((np.asarray(image.convert("L")) > 127).sum())


def test_lines_stay_lines_of_one_pixel() -> None:
    edges = canny(photo())
    for size in ((480, 320), (240, 160), (60, 40)):
        fitted = resized_by_content(edges, size)
        assert fitted.getcolors(2) is not None  # nothing between black and white
        on = np.asarray(fitted.convert("L")) > 127
        thick = on[1:-1, 1:-1] & on[:-2, 1:-1] & on[2:, 1:-1] & on[1:-1, :-2] & on[1:-1, 2:]
        assert thick.sum() <= 0.02 * on.sum()
        assert 0.5 < on.sum() / (white(edges) * size[0] / 120) < 1.5


def test_flat_colours_stay_flat_and_photos_smooth() -> None:
    areas = Image.new("RGB", (40, 40), "red")
    areas.paste("green", (0, 0, 20, 40))
    areas.paste("blue", (0, 0, 10, 10))
    assert len(resized_by_content(areas, (90, 70)).getcolors() or ()) == 3
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (40, 40, 3), np.uint8))
    assert resized_by_content(noise, (20, 20)).size == (20, 20)
    assert resized_by_content(noise, (40, 40)) is noise


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(64, 64), (64, 128), (1, 1), (8, 500)])
def test_every_mode_gives_the_size(mode: ResizeMode, size: tuple[int, int]) -> None:
    for picture in (photo(), canny(photo()), Image.new("RGBA", (1, 1)), Image.new("L", (3, 900), 255)):
        fitted = fitted_control(picture, size, mode)
        assert (fitted.size, fitted.mode) == (size, "RGB")


def test_what_the_modes_keep() -> None:
    filled = np.asarray(fitted_control(photo(), (120, 120), "fill_resize"))
    assert (filled[:10] == (0x20, 0x40, 0x60)).all()  # borders have the colour of the picture's own
    cut = np.asarray(fitted_control(photo(), (80, 80), "crop_resize"))
    assert (cut == np.asarray(photo().crop((20, 0, 100, 80)))).all()


def test_preprocessors_keep_the_size_and_come_out_the_same() -> None:
    for make in BY_NAME.values():
        for picture in (photo(), photo().convert("RGBA"), Image.new("L", (1, 1)), Image.new("RGB", (7, 300))):
            made = make(picture)
            assert made.size == picture.size
            assert made.tobytes() == make(picture).tobytes()
    assert 100 < white(canny(photo())) < 400
    corner = colour_map(photo(), 40).crop((40, 40, 80, 80))
    assert len(corner.getcolors() or ()) == 1
    assert {colour for _, colour in shuffled(photo(), 20).getcolors(100_000) or ()} >= {(0x20, 0x40, 0x60)}
