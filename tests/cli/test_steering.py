"""``--control`` and ``--reference``: what is understood, what is wrong with it, and files that become pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from invoke_tui.cli.steering import controls, references
from invoke_tui.domain.errors import BadInputError
from tests.cli.conftest import Run
from tests.cli.fake_studio import FakeStudio


def test_settings_by_name() -> None:
    [first, second] = controls(
        [
            "model=my canny, image=a\\,b.png,weight=-0.5,mode=more_prompt,resize=fill_resize,end=0.4",
            "image=x,model=y",
        ]
    )
    assert (first.model, first.image, first.weight, first.end) == ("my canny", "a,b.png", -0.5, 0.4)
    assert (first.control_mode, first.resize_mode) == ("more_prompt", "fill_resize")
    assert (second.weight, second.end, second.preprocessor) == (None, None, "none")
    [shown, said] = references(
        ["model=ip,image=s.png,method=style,mask=m.png", "model=redux,image=s.png,influence=low"]
    )
    assert (shown.method, shown.mask, shown.weight) == ("style", "m.png", 1.0)
    assert (said.image_influence, shown.image_influence) == ("low", "highest")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("model=a", "image: field required"),
        ("model=a,image=b,weight=9", "weight: input should be less than or equal to 2"),
        ("model=a,image=b,colour=red", "colour is not known"),
        ("model=a,image=b,model=c", "model is there twice"),
        ("canny.png", "canny.png has no ="),
        ("model=a,image=b,mode=strong", "control_mode: input should be 'balanced'"),
    ],
)
def test_what_is_wrong_is_said(given: str, said: str) -> None:
    with pytest.raises(BadInputError) as error:
        controls([given])
    assert f"--control {given}: {said}" in error.value.message


def test_a_missing_file_is_said_before_anything_runs(fake: FakeStudio, run: Run) -> None:
    done = run("generate", "a fox", "--control", "model=canny,image=/nowhere/at all.png", "--json")
    assert done.code == 3
    assert "--control image /nowhere/at all.png: there is no such file" in done.json["error"]["message"]
    assert fake.requests == []


def test_what_a_preprocessor_makes_is_saved_or_what_to_install_is_said(
    fake: FakeStudio, run: Run, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    Image.new("RGB", (8, 8), "red").save(photo)
    done = run("preprocess", "depth_anything", str(photo), "--out", str(tmp_path / "depth.png"), "--json")
    assert (done.code, done.json["path"]) == (0, str(tmp_path / "depth.png"))
    made = Image.open(tmp_path / "depth.png")
    assert made.info["invokeai_metadata"] == '{"name": "depth_anything of upload-1.png"}'
    assert [(name, category) for name, category, _ in fake.uploads] == [(str(photo), "user")]
    refused = run("preprocess", "hed", str(photo))
    assert refused.code == 3
    assert "invoke-tui models install hed-edges" in refused.err
