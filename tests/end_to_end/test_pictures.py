"""From the command to the file: the picture means what the prompt says, and the file says how it was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from benchmarks.studio import TemporaryStudio
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.nodes.recall import request_from_metadata
from tests.end_to_end.conftest import STARTER

SCENE = "a red circle on a blue background"


def one_picture(studio: TemporaryStudio, *arguments: str) -> Path:
    """Make one picture with the command and return its file."""
    made = studio.call("generate", *arguments)
    (item,), (image,) = made["items"], made["images"]
    assert item["status"] == "completed"
    return Path(image["path"])


def test_the_same_request_makes_the_same_pixels(studio: TemporaryStudio) -> None:
    request = (SCENE, "--seed", "7")
    first, second = (one_picture(studio, *request) for _ in range(2))
    assert first != second
    assert first.parent == studio.root / "outputs" / "images"
    with Image.open(first) as one, Image.open(second) as two:
        assert one.size == (128, 128)
        assert ImageChops.difference(one.convert("RGB"), two.convert("RGB")).getbbox() is None


def test_the_pictures_show_what_the_prompt_says(studio: TemporaryStudio) -> None:
    for item_id in studio.enqueue(SCENE, seed=7, count=3):
        with Image.open(studio.root / "outputs" / "images" / studio.finished(item_id)["images"][0]) as image:
            check_scene(image)


def test_the_starter_model_is_drawn_with_as_it_was_trained(studio: TemporaryStudio) -> None:
    """Taken for an epsilon model, it still draws something, only mottled."""
    (starter,) = [model for model in studio.ask("models") if model["name"] == "starter"]
    scheduler = json.loads(
        (STARTER.parent / "scheduler" / "scheduler_config.json").read_text(encoding="utf-8")
    )
    assert starter["prediction_type"] == scheduler["prediction_type"]
    assert starter["file_size"] > 0


def check_scene(image: Image.Image) -> None:
    """A red centre, blue corners."""
    centre = pixel(image, 0.5, 0.5)
    corners = [pixel(image, x, y) for x in (0.04, 0.96) for y in (0.04, 0.96)]
    assert centre[0] > centre[1] + 60
    assert centre[0] > centre[2] + 60
    for red, green, blue in corners:
        assert blue > red + 40
        assert blue > green + 20


def pixel(image: Image.Image, x: float, y: float) -> tuple[int, int, int]:
    """The mean colour of a few pixels around a place given as shares of the sides."""
    left, top = int(image.width * x), int(image.height * y)
    patch = (
        image.convert("RGB").crop((left - 2, top - 2, left + 3, top + 3)).resize((1, 1), Image.Resampling.BOX)
    )
    red, green, blue = patch.tobytes()
    return red, green, blue


def test_the_file_recalls_every_setting(studio: TemporaryStudio) -> None:
    asked = GenerationRequest(
        positive_prompt="a (green square)1.2 on white",
        negative_prompt="red, blurry",
        width=192,
        height=128,
        steps=3,
        cfg_scale=4.5,
        cfg_rescale_multiplier=0.25,
        scheduler="dpmpp_2m_k",
        seed=11,
        clip_skip=1,
        seamless_x=True,
    )
    path = one_picture(
        studio, asked.positive_prompt, "-n", asked.negative_prompt, "--width", "192", "--height", "128", "--steps", "3",
        "--cfg-scale", "4.5", "--cfg-rescale", "0.25", "--scheduler", "dpmpp_2m_k", "--seed", "11", "--clip-skip", "1",
        "--seamless", "x",
    )  # fmt: skip
    with Image.open(path) as image:
        assert image.size == (192, 128)
        metadata: dict[str, Any] = json.loads(image.info["invokeai_metadata"])
        graph = json.loads(image.info["invokeai_graph"])
    assert {"compel", "denoise_latents", "l2i", "main_model_loader", "noise"} <= {
        node["type"] for node in graph["nodes"].values()
    }
    models = [ModelRecord.model_validate(model) for model in studio.ask("models")]
    recalled, problems = request_from_metadata(metadata, models)
    assert not problems
    assert recalled.model in [name for model in models for name in (model.key, model.name)]
    left_open = {"model", "vae", "vae_precision", "board"}
    assert recalled.model_dump(exclude=left_open) == asked.model_dump(exclude=left_open)


TYPED_PROMPTS = {
    "unclosed": "(" * 8 + "a red circle",
    "markup": "[/] [bold]circle[/bold] [@click=app.quit]x[/]",
}
SENT_PROMPTS = {
    "long": "a red circle, " * 1667,
    "escapes": r"a \(red\) circle\+, \"so\" \\",
    "terminal": "red \x1b]0;title\x07 circle \x1b[31m \u202e \U0001f431",
    "blend": '("a red circle", "a blue square").blend(0.7, 0.3)',
    "conjunction": '("a red circle", "a blue square").and(1, 0.5)',
    "empty": "",
}


@pytest.mark.parametrize("prompt", TYPED_PROMPTS.values(), ids=TYPED_PROMPTS.keys())
def test_odd_prompts_on_the_command_line(studio: TemporaryStudio, prompt: str) -> None:
    check_prompt(one_picture(studio, prompt, "--steps", "2"), prompt)


def test_odd_prompts_make_pictures(studio: TemporaryStudio) -> None:
    items = {name: studio.enqueue(prompt, steps=2)[0] for name, prompt in SENT_PROMPTS.items()}
    for name, item_id in items.items():
        item = studio.finished(item_id)
        assert item["status"] == "completed", (name, item["error"])
        check_prompt(studio.root / "outputs" / "images" / item["images"][0], SENT_PROMPTS[name])


def check_prompt(path: Path, prompt: str) -> None:
    """The picture can be read and says its prompt."""
    with Image.open(path) as image:
        image.load()
        assert json.loads(image.info["invokeai_metadata"])["positive_prompt"] == prompt


def test_other_readings_make_other_pictures(studio: TemporaryStudio) -> None:
    """Weights reach the encoder; a group that is only escaped is not one."""
    prompts = ("a red circle", "a (red)1.9 circle", "a red---- circle", r"a \(red\)1.9 circle")
    items = [studio.enqueue(prompt, seed=5, steps=4)[0] for prompt in prompts]
    seen = set()
    for item_id in items:
        with Image.open(studio.root / "outputs" / "images" / studio.finished(item_id)["images"][0]) as image:
            seen.add(image.convert("RGB").tobytes())
    assert len(seen) == 4
