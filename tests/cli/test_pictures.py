"""generate from a picture: files go to the gallery, flags become fields."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from invoke_tui.domain.request.pictures import Outpaint, PictureRequest
from tests.cli.conftest import Run
from tests.cli.fake_studio import FakeStudio


def test_files_are_uploaded_and_flags_are_fields(fake: FakeStudio, run: Run, tmp_path: Path) -> None:
    photo, mask = tmp_path / "photo.jpg", tmp_path / "mask.png"
    photo.write_bytes(b"photo")
    mask.write_bytes(b"mask")
    done = run(
        "generate", "a star", "--init", str(photo), "--mask", str(mask), "--strength", "0.6",
        "--outpaint", "right=128, top=8", "--fit", "contain", "--mask-blur", "3", "--mask-expand", "2",
        "--coherence-mode", "Staged", "--coherence-edge", "24", "--coherence-min-denoise", "0.1",
        "--infill", "tile", "--infill-tile-size", "16", "--infill-color", "#102030", "--scale-before", "manual",
        "--scaled-width", "512", "--scaled-height", "256", "--no-paste-back", "--color-correct",
        "--denoising-start", "0.2", "--denoising-end", "0.9", "--plain-denoising", "--json",
    )  # fmt: skip
    assert done.code == 0
    assert fake.uploads == [(str(photo), "user", b"photo"), (str(mask), "mask", b"mask")]
    [request] = fake.requests
    assert PictureRequest(**request.model_dump(include=set(PictureRequest.model_fields))) == PictureRequest(
        init_image="upload-1.png",
        mask_image="upload-2.png",
        strength=0.6,
        outpaint=Outpaint(right=128, top=8),
        fit="contain",
        mask_blur=3,
        mask_expand=2,
        coherence_mode="Staged",
        coherence_edge_size=24,
        coherence_min_denoise=0.1,
        infill_method="tile",
        infill_tile_size=16,
        infill_color="#102030",
        scale_before_processing="manual",
        scaled_width=512,
        scaled_height=256,
        paste_back=False,
        color_correct=True,
        denoising_start=0.2,
        denoising_end=0.9,
        optimized_denoising=False,
    )


def test_pictures_of_the_gallery(fake: FakeStudio, run: Run) -> None:
    assert run("generate", "a fox", "--json").code == 0
    assert run("generate", "a fox", "--init", "last", "--outpaint", "64", "--json").code == 0
    assert (
        run("generate", "a fox", "--init", "picture-1.png", "--vary", "strength=0.2,0.4", "--json").code == 0
    )
    last, *varied = fake.requests[1:]
    assert (last.init_image, last.outpaint.bottom) == ("picture-1.png", 64)
    assert [one.strength for one in varied] == [0.2, 0.4]
    assert fake.uploads == []


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--init", "no/such.png"], "there is no such file"),
        (["--init", "last"], "the gallery is empty"),
        (["--outpaint", "up=3"], "expected sides and pixels"),
        (["--strength", "1.5"], "strength"),
        (["--infill-color", "red"], "--infill-color"),
    ],
)
def test_what_cannot_be_used_is_told(fake: FakeStudio, run: Run, flags: list[str], word: str) -> None:
    done = run("generate", "a fox", *flags)
    assert done.code in (2, 3)
    assert word in done.err
    assert fake.requests == []


def test_what_is_no_file_is_not_waited_for(fake: FakeStudio, run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "round.png").symlink_to(tmp_path / "round.png")
    (tmp_path / "zeros.png").symlink_to("/dev/zero")
    words = {"pipe.png": "a pipe or a device", "zeros.png": "a pipe or a device", ".": "is a folder"}
    words |= {"round.png": "there is no such file", "a" * 300: "File name too long"}
    assert run("generate", "a fox", "--json").code == 0  # so that there is a last one
    for name, said in words.items():
        for flags in (["--init"], ["--init", "last", "--mask"]):
            done = run("generate", "a fox", *flags, str(tmp_path / name), "--json")
            assert said in done.json["error"]["message"], name
        done = run("prompt", "extract", str(tmp_path / name), "--json")
        assert done.code in (2, 3)
    assert fake.uploads == []
    assert len(fake.requests) == 1
