"""generate with regions and what refines a picture: flags become fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.fake_studio import FakeStudio


def test_flags_are_fields(fake: FakeStudio, run: Run, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    mask.write_bytes(b"mask")
    done = run(
        "generate", "a meadow", "--region", "prompt=a red fox, sitting, left=0.1,right=0.5,auto_negative=yes",
        "--region", f"negative=trees,mask={mask}", "--freeu", "b1=1.1,s2=0.3", "--cfg-begin", "0.1",
        "--cfg-end", "0.7", "--hires-method", "ESRGAN", "--hires-strength", "0.3", "--hires-scale", "2",
        "--hires-steps", "9", "--hires-model", "up", "--refiner-aesthetic", "7", "--json",
    )  # fmt: skip
    assert done.code == 0
    assert fake.uploads == [(str(mask), "mask", b"mask")]
    [request] = fake.requests
    given = request.model_dump(mode="json", exclude_defaults=True)
    assert {name: value for name, value in given.items() if name != "positive_prompt"} == {
        "regions": [
            {"positive_prompt": "a red fox, sitting", "left": 0.1, "right": 0.5, "auto_negative": True},
            {"negative_prompt": "trees", "mask_image": "upload-1.png"},
        ],
        "freeu": {"b1": 1.1, "s2": 0.3},
        "cfg_begin_step_percent": 0.1,
        "cfg_end_step_percent": 0.7,
        "hrf_enabled": True,
        "hrf_method": "ESRGAN",
        "hrf_strength": 0.3,
        "hrf_scale": 2.0,
        "hrf_steps": 9,
        "hrf_model": "up",
        "refiner_positive_aesthetic_score": 7.0,
    }


def test_switches(fake: FakeStudio, run: Run) -> None:
    assert run("generate", "a fox", "--freeu", "on", "--hires", "--json").code == 0
    assert run("generate", "a fox", "--freeu", "off", "--no-hires", "--hires-steps", "9", "--json").code == 0
    on, off = fake.requests
    assert (on.freeu is not None, on.hrf_enabled) == (True, True)
    assert (off.freeu, off.hrf_enabled) == (None, False)


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (("--region", "a fox"), "expected NAME=VALUE"),
        (("--region", "left=0.5"), "a region needs a prompt"),
        (("--region", "prompt=a,left=0.5,right=0.5"), "left before right"),
        (("--region", "prompt=a,left=x"), "left: input should be a valid number"),
        (("--region", "prompt=a,left=0,left=1"), "twice"),
        (("--region", "prompt=a,mask=missing.jpg"), "no such file"),
        (("--freeu", "b1=9"), "less than or equal to 3"),
        (("--freeu", "maybe"), "expected NAME=VALUE"),
        (("--hires-scale", "1"), "greater than 1"),
        (("--cfg-end", "2"), "less than or equal to 1"),
        (("--vary", "regions=1,2"), "no such setting"),
    ],
)
def test_what_cannot_be_used_is_told(fake: FakeStudio, run: Run, flags: tuple[str, str], word: str) -> None:
    done = run("generate", "a fox", *flags)
    assert done.code != 0
    assert word in done.err
    assert not fake.requests
