"""Pixels: InvokeAI's recorded masks and infills, pictures from outside, and what pasting back leaves alone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from invoke_tui.domain.errors import BadInputError
from invoke_tui.nodes.images import blend, edit, infill, masks
from invoke_tui.nodes.images.reading import open_picture

RECORDED = Path(__file__).parent / "data" / "images"


def recorded(name: str) -> Image.Image:
    with Image.open(RECORDED / f"{name}.png") as image:
        image.load()
        return image.copy()


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.mode == other.mode and one.size == other.size and one.tobytes() == other.tobytes()


@pytest.mark.parametrize("radius", [0, 16, 32])
@pytest.mark.parametrize(
    ("mode", "name"), [("Gaussian Blur", "gaussian"), ("Box Blur", "box"), ("Staged", "staged")]
)
def test_gradient_masks_are_invokeais(mode: Any, name: str, radius: int) -> None:
    made = masks.gradient_mask(recorded("mask_in"), edge_radius=radius, mode=mode, minimum_denoise=0.0)
    stem = f"gradmask_{name}_r{radius}_min0.0"
    assert same(made.denoise_mask, recorded(stem))
    assert same(made.expanded, recorded(f"{stem}_expanded"))


def test_an_edge_is_denoised_at_least_so_much() -> None:
    mask = recorded("mask_in")
    for mode in ("Gaussian Blur", "Box Blur", "Staged"):
        made = masks.gradient_mask(mask, edge_radius=32, mode=mode, minimum_denoise=0.5)
        values = set(np.unique(np.asarray(made.denoise_mask)))
        assert not {value for value in values if 127 < value < 255}, mode


@pytest.mark.parametrize("fade", [0, 16])
def test_fades_are_invokeais(fade: int) -> None:
    faded = masks.expand_with_fade(recorded("mask_in"), threshold=0, fade=fade)
    assert same(faded, recorded(f"expandfade_{fade}"))


def test_infills_are_invokeais() -> None:
    image = recorded("rgba_in")
    assert same(infill.infill_cv2(image), recorded("infill_cv2"))
    assert same(infill.infill_tile(image, tile_size=32, seed=7), recorded("infill_tile_s7"))
    flat = np.asarray(infill.infill_colour(image, (10, 20, 30, 255)))
    assert (flat[np.asarray(image)[..., 3] == 0] == (10, 20, 30, 255)).all()


def test_nothing_to_fill_with_is_told() -> None:
    with pytest.raises(BadInputError, match="no opaque tile"):
        infill.infill_tile(Image.new("RGBA", (64, 64)), tile_size=32, seed=0)
    with pytest.raises(BadInputError, match="PatchMatch is not installed"):
        infill.infill_patchmatch(Image.new("RGBA", (8, 8)), downscale=1, mode="bicubic")


def test_pasting_back_leaves_the_rest_alone() -> None:
    rng = np.random.default_rng(1)
    base, upper = (Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)) for _ in range(2))
    mask = Image.new("L", (60, 40), 255)
    mask.paste(0, (10, 10, 30, 30))
    mask.paste(100, (30, 10, 34, 30))
    mixed = np.asarray(blend.blend_normal(upper, base, mask, 1.0))
    white, black = np.asarray(mask) == 255, np.asarray(mask) == 0
    assert (mixed[white] == np.asarray(base)[white]).all()
    assert (mixed[black] == np.asarray(upper)[black]).all()
    pasted = np.asarray(blend.paste_back(base, upper, mask, 0))
    assert (pasted[white] == np.asarray(base)[white]).all()


def test_layers_fit_their_base() -> None:
    tall = Image.new("RGB", (10, 40), "red")
    assert blend.fitted(tall, (20, 20), to_width=False, to_height=True).size == (20, 20)
    assert blend.fitted(tall, (20, 20), to_width=True, to_height=True).getpixel((0, 0)) == (255, 0, 0)
    assert blend.fitted(tall, (20, 20), to_width=False, to_height=False) is tall


def test_colours_are_matched() -> None:
    rng = np.random.default_rng(2)
    dim = Image.fromarray(rng.integers(0, 100, (50, 50, 3), dtype=np.uint8))
    bright = Image.fromarray(rng.integers(100, 256, (50, 50, 3), dtype=np.uint8))
    for space in ("RGB", "YCbCr", "YCbCr-Luma"):
        matched = blend.match_colours(dim, bright, None, space)
        assert abs(np.mean(np.asarray(matched)) - np.mean(np.asarray(bright))) < 6, space
    kept = blend.match_colours(dim, bright, Image.new("L", (50, 50), 255), "RGB")
    assert same(kept, dim)


def test_cuts_and_borders() -> None:
    image = Image.new("RGB", (10, 10), "red")
    padded = edit.placed(image, (14, 12), (4, 0))
    assert [padded.getpixel(at) for at in ((3, 0), (4, 0), (4, 11))] == [
        (0, 0, 0, 0),
        (255, 0, 0, 255),
        (0, 0, 0, 0),
    ]
    pasted = edit.pasted(image, Image.new("RGB", (4, 4), "blue"), None, (-2, 8), crop=False)
    assert pasted.size == (12, 12)
    assert edit.pasted(image, image, None, (-2, 8), crop=True).size == (10, 10)
    noise = edit.noisy(image, None, seed=1, kind="gaussian", amount=1, coloured=True, grain=3)
    again = edit.noisy(image, None, seed=1, kind="gaussian", amount=1, coloured=True, grain=3)
    assert noise.size == (10, 10)
    assert same(noise, again)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("image", "kind", "mode", "pixel"),
    [
        (Image.new("RGB", (4, 2), (200, 100, 50)), "PNG", "RGB", (200, 100, 50)),
        (Image.new("RGBA", (4, 2), (9, 8, 7, 0)), "PNG", "RGBA", (9, 8, 7, 0)),
        (Image.new("L", (4, 2), 77), "PNG", "L", 77),
        (Image.new("1", (4, 2), 1), "PNG", "L", 255),
        (Image.new("LA", (4, 2), (80, 90)), "PNG", "RGBA", (80, 80, 80, 90)),
        (Image.new("I;16", (4, 2), 32896), "PNG", "L", 128),
        (Image.new("CMYK", (4, 2), (0, 255, 255, 0)), "TIFF", "RGB", (255, 0, 0)),
        (Image.new("F", (4, 2), 0.5), "TIFF", "L", 128),
        (Image.new("P", (1, 1)), "PNG", "RGB", (0, 0, 0)),
    ],
)
def test_pictures_of_every_kind_are_read(image: Image.Image, kind: str, mode: str, pixel: Any) -> None:
    read = open_picture(encoded(image, kind))
    assert (read.mode, read.size, read.getpixel((0, 0))) == (mode, image.size, pixel)


def test_a_picture_is_upright() -> None:
    image, exif = Image.new("RGB", (4, 2)), Image.Exif()
    exif[0x0112] = 6
    assert open_picture(encoded(image, "JPEG", exif=exif)).size == (2, 4)


def test_what_is_no_picture_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = encoded(Image.effect_noise((64, 64), 50))
    with pytest.raises(BadInputError, match=r"photo\.png is damaged"):
        open_picture(whole[: len(whole) // 2], "photo.png")
    with pytest.raises(BadInputError, match="not a picture"):
        open_picture(b"GIF is what this is not", "x")
    with pytest.raises(BadInputError, match="damaged"):
        open_picture(tmp_path / "absent.png")
    huge = bytearray(encoded(Image.new("L", (1, 1))))
    huge[16:24] = (20_000).to_bytes(4, "big") * 2
    import struct
    import zlib

    huge[29:33] = struct.pack(">I", zlib.crc32(huge[12:29]))
    with pytest.raises(BadInputError, match="more than 100 million pixels"):
        open_picture(bytes(huge))
