"""``generate --like``: what a picture says, and over it what is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from invoke_tui.domain.request.parameters import GenerationRequest, LoRARequest
from tests.cli.conftest import Run
from tests.cli.fake_studio import FakeStudio

SAYS = {
    "positive_prompt": "a {red} fox", "negative_prompt": "fog", "seed": 7, "steps": 9, "width": 64, "height": 128,
    "model": {"name": "starter"}, "loras": [{"model": {"name": "ink"}, "weight": 0.5}, {"model": {"name": "gone"}}],
}  # fmt: skip


@pytest.fixture
def picture(tmp_path: Path, fake: FakeStudio) -> str:
    """A file that says ``SAYS``; of its LoRAs one is here."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("invokeai_metadata", json.dumps(SAYS))
    Image.new("RGB", (8, 8)).save(tmp_path / "fox.png", pnginfo=texts)
    fake.add_model("starter")
    fake.add_model("ink", key="ink-key", type="lora")
    return str(tmp_path / "fox.png")


def test_all_but_the_seed_and_what_is_given_comes_over_it(fake: FakeStudio, run: Run, picture: str) -> None:
    done = run("generate", "--like", picture, "--no-wait")
    assert done.code == 0, done.err
    assert "the LoRA gone is not installed" in done.err
    asked = fake.requests[-1]
    assert (asked.positive_prompt, asked.negative_prompt, asked.seed) == ("a {red} fox", "fog", None)
    assert (asked.steps, asked.width, asked.height, asked.dynamic_prompts) == (9, 64, 128, False)
    assert asked.loras == (LoRARequest(model="ink-key", weight=0.5),)
    assert run("generate", "a {cat|dog}", "--like", picture, "--steps", "3", "--no-wait").code == 0
    changed = {"positive_prompt": "a {cat|dog}", "steps": 3, "dynamic_prompts": True, "wildcards": True}
    assert fake.requests[-1] == asked.model_copy(update=changed)


def test_of_a_picture_only_what_is_named(fake: FakeStudio, run: Run, picture: str) -> None:
    assert run("generate", "a cat", "--like", picture, "--take", "seed,Size", "--no-wait").code == 0
    assert fake.requests[-1] == GenerationRequest(positive_prompt="a cat", seed=7, width=64, height=128)
    assert run("generate", "--like", picture, "--take", "all", "--no-wait").code == 0
    assert fake.requests[-1].seed == 7
    wrong = run("generate", "--like", picture, "--take", "colour", "--no-wait")
    assert wrong.code == 2
    assert "--take colour: there is no such setting" in wrong.err
    assert run("generate", "a cat", "--take", "seed", "--no-wait").code == 2
