"""Pictures as glyphs and as sequences, by measure and by bytes."""

from __future__ import annotations

import base64
import io
import re
import zlib

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from rich.style import Style
from textual.strip import Strip

from invoke_tui.domain.errors import BadInputError
from invoke_tui.tui.pictures import blocks, inline, iterm2, kitty, tmux
from invoke_tui.tui.pictures.decode import open_picture
from invoke_tui.tui.pictures.detect import TerminalGraphics
from invoke_tui.tui.pictures.exact_style import exact, numbered
from invoke_tui.tui.pictures.fit import Cells, fit
from invoke_tui.tui.pictures.frames import Picture, block_strips, make
from invoke_tui.tui.pictures.pace import Quality
from tests.tui.fake_client import paint


def scene(seed: int = 3, side: int = 256) -> Image.Image:
    return open_picture(paint(seed, side, side, blur=0.05))


def error(image: Image.Image, mode: blocks.BlockMode, columns: int = 40, rows: int = 20) -> float:
    drawn = blocks.decode(blocks.encode(image, columns, rows, mode)).astype(float)
    wanted = np.asarray(image.resize((columns * 8, rows * 8), Image.Resampling.LANCZOS), float)
    return float(((drawn - wanted) ** 2).mean())


@pytest.mark.parametrize("seed", range(5))
def test_nineteen_masks_draw_better_than_half_cells(seed: int) -> None:
    image = scene(seed)
    assert error(image, blocks.BlockMode.MASKS) < 0.8 * error(image, blocks.BlockMode.HALF)


def test_every_mask_is_drawn_by_its_own_glyph() -> None:
    masks = np.asarray(blocks._masks()).reshape(-1, 8, 8)
    assert len(masks) == 19
    for index, mask in enumerate(masks):
        picture = Image.fromarray((mask[..., None] * np.array([255, 240, 10])).astype(np.uint8))
        cell = blocks.encode(picture, 1, 1)
        exact = blocks.decode(cell)
        assert np.abs(exact.astype(int) - np.asarray(picture, int)).max() <= 1, blocks.GLYPHS[index]
        assert 0x2580 <= ord(blocks.GLYPHS[index]) <= 0x259F


def test_one_colour_needs_no_glyph() -> None:
    picture = blocks.encode(Image.new("RGB", (64, 64), (10, 200, 30)), 8, 4)
    assert {picture.text(row) for row in range(4)} == {" " * 8}
    assert len(block_strips(picture, few_colours=False)[0]._segments) == 1


def test_256_colours_are_the_nearest_ones() -> None:
    colours = np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0], [95, 135, 175], [128, 128, 128]], np.uint8)
    numbers = blocks.to_256(colours)
    assert [blocks.from_256(int(number)) for number in numbers] == [
        (0, 0, 0), (255, 255, 255), (255, 0, 0), (95, 135, 175), (128, 128, 128),
    ]  # fmt: skip


def test_few_colours_cost_few_bytes() -> None:
    picture = blocks.encode(scene(), 80, 40)
    assert len(inline.ansi(picture, truecolor=False)) < 0.45 * len(inline.ansi(picture))


def test_ascii_is_ascii() -> None:
    graphics = TerminalGraphics("ascii")
    text = inline.render(scene(), Cells(20, 10), graphics)
    assert text.isascii()
    assert "\x1b" not in text
    assert text.count("\n") == 10


def test_fit_keeps_the_aspect() -> None:
    assert fit((512, 512), Cells(80, 40)) == (80, 40)
    assert fit((1024, 512), Cells(80, 40)) == (80, 20)
    assert fit((512, 1024), Cells(80, 40)) == (40, 40)
    assert fit((512, 512), Cells(80, 40), (10, 30)) == (80, 27)
    assert fit((1, 16384), Cells(5, 2)) == (1, 2)


def test_kitty_bytes() -> None:
    png = kitty.payload(scene(side=512), side=256)
    assert Image.open(io.BytesIO(png)).size == (256, 256)
    assert len(png) < 80_000
    sent = kitty.transmit(png, 0x123456, 40, 20)
    assert all(part.startswith("\x1b_G") and part.endswith("\x1b\\") for part in sent)
    assert all(len(part) < kitty.CHUNK + 100 for part in sent)
    head = sent[0][3:].split(";")[0].split(",")
    assert {"a=T", "U=1", "q=2", "f=100", "i=1193046", "c=40", "r=20", "m=1"} <= set(head)
    assert "m=0" in sent[-1].split(";")[0]
    data = "".join(part.split(";", 1)[1].removesuffix("\x1b\\") for part in sent)
    assert base64.b64decode(data) == png
    assert kitty.free(0x123456) == "\x1b_Ga=d,d=I,i=1193046,q=2\x1b\\"


def test_kitty_placeholders_say_row_and_column() -> None:
    from rich.cells import cell_len

    lines = kitty.placeholders(40, 20)
    assert len(lines) == 20
    assert lines[2].startswith("\U0010eeee\u030e\u0305\U0010eeee\u030e\u030d")
    assert all(cell_len(line) == 40 for line in lines)
    assert len(kitty.MARKS) == 297
    assert zlib.crc32("".join(kitty.MARKS).encode()) == zlib.crc32(
        "".join(dict.fromkeys(kitty.MARKS)).encode()
    )


def test_kitty_ids_differ_and_are_colours() -> None:
    ids = {kitty.new_id() for _ in range(1000)}
    assert len(ids) == 1000
    red, green, blue = kitty.colour(0x0A0B0C)
    assert (red, green, blue) == (10, 11, 12)


def test_iterm2_bytes() -> None:
    jpeg = iterm2.payload(scene(side=512), side=256, quality=60)
    sequence = iterm2.inline(jpeg, 30, 15)
    found = re.fullmatch(
        r"\x1b\]1337;File=inline=1;size=(\d+);width=30;height=15;preserveAspectRatio=0:([A-Za-z0-9+/=]+)\x07",
        sequence,
    )
    assert found
    assert int(found[1]) == len(jpeg)
    assert base64.b64decode(found[2]) == jpeg
    assert iterm2.at("X", 4, 2) == "\x1b7\x1b[3;5HX\x1b8"


def test_tmux_wrapping_doubles_every_escape() -> None:
    assert tmux.wrap("\x1b_Ga=d\x1b\\") == "\x1bPtmux;\x1b\x1b_Ga=d\x1b\x1b\\\x1b\\"


@pytest.mark.parametrize("protocol", ["kitty", "iterm2", "blocks", "half", "ascii"])
def test_frames_fill_their_cells(protocol: str) -> None:
    picture = Picture(paint(1), 128, 128)
    frame = make(picture, Cells(30, 20), TerminalGraphics(protocol), Quality.FULL)  # type: ignore[arg-type]
    assert frame.cells == (30, 15)
    assert len(frame.strips) == 15
    assert all(strip.cell_length == 30 for strip in frame.strips)
    assert bool(frame.before) == (protocol == "kitty")
    assert bool(frame.overlay) == (protocol == "iterm2")


def test_a_cheap_preview_is_smaller_and_a_result_is_not() -> None:
    room, graphics = Cells(120, 60), TerminalGraphics("blocks")
    preview = make(Picture(paint(1), 128, 128, final=False), room, graphics, Quality.SMALL)
    result = make(Picture(paint(1), 128, 128), room, graphics, Quality.SMALL)
    assert preview.cells.columns <= 40
    assert result.cells.columns == 120


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\0" * 40, paint(1)[:300], b"<svg/>"],
    ids=lambda d: f"{len(d)}",
)
def test_broken_pictures_are_refused(data: bytes) -> None:
    with pytest.raises(BadInputError):
        open_picture(data)


def test_bombs_are_refused_before_they_are_decoded() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = (60_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(BadInputError):
        open_picture(bomb)


@pytest.mark.parametrize("back", [0xFE0007, None])
def test_a_cells_style_is_one_of_richs(back: int | None) -> None:
    whole = Style(color="#0a0b0c", bgcolor=None if back is None else f"#{back:06x}")
    style = exact(0x0A0B0C, back)
    assert style == whole
    assert style.render("x") == whole.render("x")
    assert (style + Style(bold=True)).render("x") == (whole + Style(bold=True)).render("x")


@pytest.mark.parametrize("back", [48, None])
def test_a_cells_style_may_have_numbers_for_colours(back: int | None) -> None:
    whole = Style(color="color(38)", bgcolor=None if back is None else f"color({back})")
    style = numbered(38, back)
    assert style.render("x") == whole.render("x")
    assert (style + Style(bold=True)).render("x") == (whole + Style(bold=True)).render("x")
    assert style.color is not None
    assert style.color.triplet is not None, "a filter would make 24 bits of it"


@pytest.mark.parametrize(
    ("protocol", "quality"),
    [
        ("kitty", Quality.FULL),
        ("blocks", Quality.FULL),
        ("blocks", Quality.FEW_COLOURS),
        ("ascii", Quality.FULL),
    ],
)
def test_no_look_of_a_picture_stays_in_textuals_cache(protocol: str, quality: Quality) -> None:
    frame = make(Picture(paint(1), 128, 128), Cells(30, 20), TerminalGraphics(protocol), quality)  # type: ignore[arg-type]
    kept = Strip.render_ansi.cache_info().misses
    console = Console(color_system="truecolor")
    assert all("\x1b[38;" in strip.render(console) for strip in frame.strips)
    assert Strip.render_ansi.cache_info().misses == kept
