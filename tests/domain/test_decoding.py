"""What decoding a picture would take is known before, and a large one becomes a small one as the whole of it would."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.files import decoding
from invoke_tui.domain.files.decoding import cost, opened, small
from tests.support.bombs import chunk, png

RNG = np.random.default_rng(7)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> io.BytesIO:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer


def clouds(mode: str, size: tuple[int, int] = (330, 210)) -> Image.Image:
    few = Image.fromarray(RNG.integers(0, 255, (6, 9, 4), dtype=np.uint8), "RGBA")
    return few.resize(size, Image.Resampling.BICUBIC).convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
def test_a_small_one_is_the_same_by_bands_and_at_once(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"transparency": 3} if mode == "P" else {}
    file = encoded(clouds(mode), **options)
    at_once = small(file, 40)
    monkeypatch.setattr(decoding, "BY_BANDS", 1_000)
    monkeypatch.setattr("invoke_tui.domain.files.png.BAND_BYTES", 9_000)
    by_bands = small(file, 40)
    assert (by_bands.size, by_bands.mode) == ((40, 25), "RGB" if mode in ("RGB", "L") else "RGBA")
    assert np.array_equal(np.asarray(at_once), np.asarray(by_bands))
    whole = Image.open(file).convert(by_bands.mode)
    whole.thumbnail((40, 40))
    assert np.abs(np.asarray(whole, np.int16) - np.asarray(by_bands, np.int16)).mean() < 3


def test_it_stands_upright_and_sixteen_bits_are_eight() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    for kind in ("PNG", "JPEG", "WEBP"):
        assert small(encoded(clouds("RGB"), kind, exif=turned), 40).size == (25, 40)
    assert small(encoded(Image.new("I;16", (9, 9), 0x8080)), 40).getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize(
    ("file", "pixel"),
    [
        (encoded(clouds("RGB", (64, 64))), 4), (encoded(clouds("L", (64, 64))), 1),
        (encoded(Image.new("I;16", (64, 64))), 2), (encoded(clouds("RGB", (64, 64)), "JPEG"), 4),
        (encoded(clouds("RGB", (64, 64)), "JPEG", progressive=True), 4 + 3),
        (encoded(clouds("RGB", (64, 64)), "JPEG", progressive=True, subsampling=0), 4 + 6),
        (encoded(clouds("RGB", (64, 64)), "WEBP"), 16),
    ],
)  # fmt: skip
def test_what_it_takes_is_told_by_the_header(file: io.BytesIO, pixel: int) -> None:
    with opened(file) as image:
        assert cost(image) == 64 * 64 * pixel


def test_scans_of_one_colour_each_are_kept_until_the_last() -> None:
    data = encoded(clouds("RGB", (64, 64)), "JPEG", subsampling=0).getvalue()
    at = data.index(b"\xff\xda")
    one = b"\xff\xda" + struct.pack(">HB", 8, 1) + b"\1\0\0\x3f\0"
    with opened(io.BytesIO(data[:at] + one + data[at + 14 :])) as image:
        assert cost(image) == 64 * 64 * (4 + 6)


def test_too_large_is_said_before_anything_is_decoded() -> None:
    for file, words in (
        (png(9_000, 9_000, pixels=b"", kind=2, interlaced=True), "would take 324 MB to decode, and 160 are allowed"),
        (png(60_000, 60_000, pixels=b""), "more than 100 million pixels"),
        (png(12_000, 12_000, pixels=b""), "more than 100 million pixels"),
    ):  # fmt: skip
        with pytest.raises(BadInputError, match=words) as refused:
            small(io.BytesIO(file), 256)
        assert refused.value.code == "picture_too_large"


def test_damage_ends_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "BY_BANDS", 1_000)
    whole = encoded(clouds("RGB")).getvalue()
    for data in (whole[: len(whole) // 2], png(330, 210, pixels=b"no zlib"), png(330, 210, pixels=b"")):
        with pytest.raises(ValueError, match=r"early|check"):
            small(io.BytesIO(data), 40)
    endless = whole[:33] + chunk(b"IDAT", b"") * 200_000
    with pytest.raises(ValueError, match="early"):
        small(io.BytesIO(endless), 40)
