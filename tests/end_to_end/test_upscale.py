"""A folder of pictures, made larger by the shipped upscaler with the real command, daemon and worker."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

from benchmarks.studio import TemporaryStudio
from invoke_tui.starter.scenes import Background, Scene, Thing, draw
from invoke_tui.starter.train_upscaler import psnr

SCENE = Scene((Thing("star", "yellow"),), Background("plain", "blue"))


def test_a_folder_is_upscaled_in_one_batch(studio: TemporaryStudio, tmp_path: Path) -> None:
    import numpy as np

    truth = draw(SCENE, 3, 256)
    small = truth.reduce(2)
    small.save(tmp_path / "star.png")
    Image.merge("RGBA", (*small.split(), Image.new("L", small.size, 99))).save(
        tmp_path / "glass.webp", lossless=True
    )
    (tmp_path / "torn.png").write_bytes((tmp_path / "star.png").read_bytes()[:300])
    (tmp_path / "notes.txt").write_text("no picture")
    studio.call("models", "install", "starter-upscaler")
    out = tmp_path / "out"
    made = studio.call("upscale", str(tmp_path), "--tile-size", "64", "--out", str(out), check=False)
    assert made["exit_code"] == 1, "something was skipped"
    assert [Path(one["file"]).name for one in made["skipped"]] == ["torn.png"]
    assert sorted(file.name for file in out.iterdir()) == ["glass-upscaled.png", "star-upscaled.png"]
    with Image.open(out / "star-upscaled.png") as large, Image.open(out / "glass-upscaled.png") as glass:
        bicubic = small.resize(truth.size, Image.Resampling.BICUBIC)
        assert psnr(np.asarray(large), np.asarray(truth)) > psnr(np.asarray(bicubic), np.asarray(truth)) + 3
        assert glass.mode == "RGBA"
        assert glass.getchannel("A").getextrema() == (99, 99)
        assert json.loads(large.text["invokeai_metadata"])["upscale_model"]["name"] == "starter-upscaler"  # type: ignore[attr-defined]
