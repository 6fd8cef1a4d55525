"""PNG, WebP and JPEG: what is written into each is read back, and a file that is not whole is noticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from invoke_tui.domain.files.xmp import packet, texts_in
from invoke_tui.domain.gallery.images import SUFFIXES, ImageFormat
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.prompt.extract.chunks import texts_of
from invoke_tui.prompt.extract.infotext import read_infotext
from invoke_tui.prompt.extract.read import read_picture
from invoke_tui.studio.gallery.formats import check_pixels, facts_of
from invoke_tui.studio.gallery.png import DamagedPictureError
from invoke_tui.worker.pictures import encode_picture, format_for, texts_for

PICTURE = Image.effect_noise((40, 30), 50).convert("RGB")
METADATA: dict[str, Any] = {
    "positive_prompt": "a (red)++ <fox> & Füchse",
    "negative_prompt": "dog",
    "seed": 7,
    "steps": 3,
    "cfg_scale": 7.5,
    "scheduler": "euler_a",
    "width": 40,
    "height": 30,
    "model": {"name": "tiny, v1", "base": "sd-1"},
    "loras": [{"model": {"name": "detail"}, "weight": 0.5}],
}


def encoded(kind: ImageFormat, *, metadata: dict[str, Any] = METADATA, quality: int = 90) -> bytes:
    texts = texts_for(f"a{SUFFIXES[kind]}", metadata, Graph(id="g"), infotext=True)
    return encode_picture(PICTURE, kind, texts, compress_level=1, quality=quality)


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_picture_says_the_same_in_every_format(kind: ImageFormat, tmp_path: Path) -> None:
    data = encoded(kind)
    path = tmp_path / f"picture{SUFFIXES[kind]}"
    path.write_bytes(data)
    check_pixels(path)
    facts = facts_of(data)
    assert (facts.width, facts.height, facts.metadata) == (40, 30, METADATA)
    assert (facts.image_name, facts.ours) == (f"a{SUFFIXES[kind]}", True)
    assert read_picture(path).metadata["positive_prompt"] == METADATA["positive_prompt"]
    texts = texts_of(path)
    found = read_infotext(texts.get("parameters") or texts["UserComment"]).metadata
    assert found["positive_prompt"] == "a (red:1.21) <fox> & Füchse <lora:detail:0.5>"
    assert (found["negative_prompt"], found["seed"], found["scheduler"]) == ("dog", 7, "euler_a")
    assert found["model"] == {"name": "tiny, v1"}
    for end in range(0, len(data) - 1, 37):
        with pytest.raises(DamagedPictureError):
            facts_of(data[:end])


def test_webp_of_quality_100_keeps_every_pixel(tmp_path: Path) -> None:
    pixels = []
    for kind in ("png", "webp"):
        path = tmp_path / kind
        path.write_bytes(encoded(kind, quality=100))
        with Image.open(path) as picture:
            pixels.append(picture.convert("RGB").tobytes())
    assert pixels[0] == pixels[1]


def test_what_a_format_cannot_hold_stays_a_png() -> None:
    def chosen(
        mode: str, wanted: ImageFormat, *, width: int = 8, height: int = 1, category: str = "general"
    ) -> str:
        return format_for(Image.new(mode, (width, height)), wanted, category)

    assert chosen("RGB", "jpeg") == "jpeg"
    assert chosen("RGBA", "webp") == "webp"
    assert chosen("RGBA", "jpeg") == chosen("RGB", "webp", width=16_384) == "png"
    assert (
        chosen("L", "webp", width=4_000, height=2_600),
        chosen("L", "jpeg", width=4_000, height=2_600),
    ) == (
        "png",
        "jpeg",
    ), "nobody could decode so large a WebP in bounds"
    assert chosen("L", "webp", category="mask") == chosen("RGB", "jpeg", category="control") == "png"


def test_a_jpeg_leaves_out_a_graph_it_has_no_room_for() -> None:
    long = METADATA | {"positive_prompt": "x" * 60_000}
    facts = facts_of(encoded("jpeg", metadata=long))
    assert facts.metadata == long
    assert "invokeai_graph" in facts_of(encoded("webp", metadata=long)).texts


def test_xmp_of_others_is_searched_and_not_parsed() -> None:
    text = 'a "quoted" <tag> & é\u202e'
    assert texts_in(packet({"invokeai_metadata": text}).decode()) == {"invokeai_metadata": text}
    assert texts_in("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><invokeai:x>&a;</invokeai:x>") == {
        "x": "&a;"
    }
    assert texts_in("<invokeai:x>" * 1000) == {}
