"""Figures that can be counted by hand, and sixels that are pictures again."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from PIL import Image

from invoke_tui.tui.pictures import sixel
from invoke_tui.tui.pictures.detect import TerminalGraphics
from invoke_tui.tui.pictures.fit import Cells
from invoke_tui.tui.pictures.pace import Pacer, Quality
from invoke_tui.tui.viewer.geometry import Look
from invoke_tui.tui.viewer.measures import Histogram, amplified, apart, difference
from invoke_tui.tui.viewer.original import Original, Shelf
from invoke_tui.tui.viewer.scene import Scene, Way
from invoke_tui.tui.viewer.sharpness import affordable
from tests.tui.viewer.studio import card, png


def test_a_difference_is_counted() -> None:
    one = Image.new("RGB", (10, 10), (100, 100, 100))
    other = one.copy()
    other.paste((110, 100, 100), (0, 0, 5, 5))
    gap = apart(one, other)
    found = difference(gap)
    assert found.share == 0.25
    assert found.psnr == pytest.approx(10 * math.log10(255**2 / (25 * 10**2 / 300)))
    assert found.words == "25.0% of the pixels differ · PSNR 38.9 dB"
    assert amplified(gap, 8).getpixel((0, 0)) == (80, 0, 0)
    assert amplified(gap, 64).getpixel((0, 0)) == (255, 0, 0)
    assert difference(apart(one, one)).words == "no pixel differs"


def test_a_histogram_has_its_bars_where_the_levels_are() -> None:
    image = Image.new("RGB", (16, 16), (255, 0, 0))
    image.paste((0, 0, 0), (0, 0, 8, 16))
    found = Histogram.of(image)
    assert found.lines(0, 16, 2) == ["█" + " " * 14 + "█"] * 2
    assert found.lines(1, 4, 1) == ["█   "]
    dark, bright = found.ends
    assert (dark, bright) == (0.5, 0)


def drawn(sequence: str) -> Image.Image:
    """What a terminal makes of a sixel sequence."""
    found = re.fullmatch(r'\x1bP0;1;0q"1;1;(\d+);(\d+)(.*)\x1b\\', sequence, re.DOTALL)
    assert found
    pixels = np.zeros((int(found[2]), int(found[1]), 3), np.uint8)
    colours: dict[int, tuple[int, ...]] = {}
    colour = x = top = 0
    for token in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|(\$)|(-)", found[3]):
        if token[1]:
            colour = int(token[1])
            if token[2]:
                colours[colour] = tuple(round(int(token[part]) * 2.55) for part in (2, 3, 4))
        elif token[8]:
            x = 0
        elif token[9]:
            x, top = 0, top + 6
        else:
            many = int(token[5] or 1)
            for row in range(6):
                if ord(token[6] or token[7]) - 63 >> row & 1:
                    pixels[top + row, x : x + many] = colours[colour]
            x += many
    return Image.fromarray(pixels)


def test_sixels_are_the_picture_again() -> None:
    picture = card(3, (61, 44))
    again = np.asarray(drawn(sixel.encode(picture)), np.int16)
    assert np.abs(again - np.asarray(picture, np.int16)).max() <= 4
    slope = Image.linear_gradient("L").resize((50, 40)).convert("RGB")
    again = np.asarray(drawn(sixel.encode(slope, 16)), np.int16)
    assert np.abs(again - np.asarray(slope, np.int16)).mean() < 12


def pacer(bandwidth: float | None, quality: Quality = Quality.FULL) -> Pacer:
    """One that has measured so much."""
    made = Pacer(lambda _: None)
    made.bandwidth, made.quality = bandwidth, quality
    return made


def test_a_slow_line_gets_a_smaller_picture_until_all_of_it_is_asked_for() -> None:
    cells, pixels = Cells(200, 55), (1600, 880)
    for protocol in ("kitty", "iterm2", "sixel", "blocks"):
        slow, fast = (affordable(cells, pixels, protocol, pacer(rate)) for rate in (20_000.0, 50_000_000.0))
        assert slow < 0.5
        assert fast == 1
    assert affordable(cells, pixels, "kitty", pacer(None)) < 0.5, "nobody knows yet"
    assert affordable(cells, pixels, "blocks", pacer(None)) == 1

    shelf = Shelf()
    picture = Original(png(card(1, (1600, 900))), shelf)
    kitty = TerminalGraphics("kitty", (8, 16))
    frames = [
        Scene((picture,), Look(), pacer(20_000.0), full=full).frame(Cells(200, 55), kitty, Quality.FULL)
        for full in (False, True)
    ]
    assert frames[0].cells == frames[1].cells, "the terminal scales it"
    scene = Scene((picture,), Look(), pacer(20_000.0))
    assert scene.frame(Cells(200, 55), TerminalGraphics("blocks"), Quality.FULL).cells.columns < 100
    assert scene.sent.share < 1


def test_a_sixel_terminal_gets_sixels_that_stay_above_the_last_line() -> None:
    graphics = TerminalGraphics("sixel", (10, 20))
    scene = Scene((Original(png(card(1, (300, 400))), Shelf()),), Look(), pacer(1e9))
    frame = scene.frame(Cells(40, 20), graphics, Quality.FULL)
    again = drawn(frame.overlay)
    assert again.size == (frame.cells.columns * 10, frame.cells.rows * 20)
    assert frame.cells.rows == 19


def test_compared_pictures_lie_beside_each_other_in_step() -> None:
    shelf, ground = Shelf(), (9, 9, 9)
    pictures = tuple(Original(png(Image.new("RGB", (64, 64), colour)), shelf) for colour in ("red", "lime"))
    scene = Scene(pictures, Look(), pacer(None), ground=ground)
    image, cells = scene._drawn(Cells(41, 10), (8, 16))
    assert cells == (41, 10)
    colours = [image.getpixel((x, 80)) for x in (80, 163, 250)]
    assert colours == [(255, 0, 0), ground, (0, 255, 0)]
    scene = Scene(pictures, Look(), pacer(None), Way.DIFFERENCE)
    image, _ = scene._drawn(Cells(41, 10), (8, 16))
    assert image.getpixel((5, 5)) == (255, 255, 0)
    assert scene.sent.told == "100.0% of the pixels differ · PSNR 1.8 dB"
