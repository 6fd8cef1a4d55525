"""No more is decoded than is looked at."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.files.png import BAND_BYTES, layout_of
from invoke_tui.tui.viewer import original as module
from invoke_tui.tui.viewer.geometry import Box
from invoke_tui.tui.viewer.original import Original, Shelf
from tests.tui.viewer.studio import png

RNG = np.random.default_rng(5)


def noise(mode: str, size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(RNG.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)).convert(mode)


@pytest.fixture
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of a tenth of a megapixel are treated as those of a hundred are."""
    monkeypatch.setattr(module, "AT_ONCE", 20_000)
    monkeypatch.setattr(module, "MOST_PIXELS", 80_000)
    monkeypatch.setattr("invoke_tui.domain.files.png.BAND_BYTES", BAND_BYTES // 128)


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
def test_a_large_png_is_decoded_by_bands_to_the_same_pixels(mode: str) -> None:
    picture = noise(mode, (402, 500))
    shelf = Shelf()
    original = Original(png(picture), shelf)
    box = Box(101, 203, 201, 303)
    seen = original.part(box, (100, 100))
    assert np.array_equal(np.asarray(seen), np.asarray(picture.convert("RGB").crop(box)))
    assert 100 * 100 <= shelf.held <= 41_000, "the part and its margin, and not two hundred thousand"
    piece = shelf.get(original)
    original.part(Box(110, 210, 190, 290), (80, 80))
    assert shelf.get(original) is piece, "moving a little decodes nothing"
    whole = original.part(Box(0, 0, 402, 500), (100, 125))
    assert shelf.held < 30_000
    near = np.asarray(picture.convert("RGB").resize((100, 125), Image.Resampling.BOX), np.int16)
    assert np.abs(np.asarray(whole, np.int16) - near).mean() < 12


@pytest.mark.usefixtures("small_is_large")
def test_a_large_jpeg_is_decoded_smaller_and_says_so() -> None:
    out = io.BytesIO()
    noise("RGB", (800, 400)).save(out, "JPEG")
    shelf = Shelf(80_000)
    original = Original(out.getvalue(), shelf)
    assert original.part(Box(0, 0, 800, 400), (100, 50)).size == (100, 50)
    assert shelf.held <= 20_000
    close = Box(0, 0, 100, 100)
    assert original.part(close, (100, 100)).size == (100, 100)
    assert shelf.held <= 80_000
    assert original.coarseness(close, (100, 100)) == 2


def test_what_was_not_looked_at_for_longest_goes_first() -> None:
    shelf = Shelf(20_000)
    one, two = (Original(png(noise("RGB", (100, 100))), shelf) for _ in range(2))
    three = Original(png(noise("RGB", (100, 90))), shelf)
    for original in (one, two, one, three):
        original.whole()
    assert shelf.held == 19_000
    assert shelf.get(two) is None


def test_a_photograph_lies_as_the_camera_was_held() -> None:
    out = io.BytesIO()
    picture = Image.new("RGB", (60, 30), "blue")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(out, "JPEG", exif=exif)
    original = Original(out.getvalue(), Shelf())
    assert original.size == (30, 60)
    assert original.whole()[0].size == (30, 60)


@pytest.mark.usefixtures("small_is_large")
def test_a_large_file_is_read_where_it_lies(tmp_path: Path) -> None:
    picture = noise("RGB", (402, 500))
    (tmp_path / "large.png").write_bytes(png(picture))
    original = Original(tmp_path / "large.png", Shelf())
    box = Box(101, 203, 201, 303)
    assert np.array_equal(
        np.asarray(original.part(box, (100, 100))), np.asarray(picture.convert("RGB").crop(box))
    )
    assert original.weight == 0
    (tmp_path / "large.png").unlink()
    with pytest.raises(BadInputError, match="cannot be read"):
        original.part(Box(0, 0, 402, 500), (402, 500))


@pytest.mark.usefixtures("small_is_large")
def test_damaged_files_are_refused_in_words() -> None:
    large, small = png(noise("RGB", (400, 500))), png(noise("RGB", (90, 90)))
    head = large[:16] + struct.pack(">II", 300_000, 300_000) + large[24:]
    with pytest.raises(BadInputError, match="too large to show here"):
        Original(head, Shelf())
    for data in (large[: len(large) // 2], small[: len(small) // 2]):
        original = Original(data, Shelf())
        with pytest.raises(BadInputError, match="cannot be read"):
            original.whole()
    for data in (b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", large[:20]):
        with pytest.raises(BadInputError, match="cannot be read"):
            Original(data, Shelf())
    assert layout_of(io.BytesIO(large[:20])) is None
