"""The evaluator reads drawn pictures right, and says so when there is nothing to read."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageFilter

from invoke_tui.starter.evaluate import evaluate, prompt_of, score
from invoke_tui.starter.measure import Reading, colour_shares, measure
from invoke_tui.starter.scenes import Background, Scene, Thing, draw
from invoke_tui.starter.vocabulary import COLOURS, Triple, held_out


def _drawn(triple: Triple, rng: random.Random) -> Image.Image:
    colour, shape, background = triple
    thing = Thing(shape, colour, x=0.5 + rng.uniform(-0.03, 0.03), span=rng.uniform(0.45, 0.7))
    return draw(Scene((thing,), Background("plain", background)), rng.randrange(1000))


def test_every_drawn_held_out_scene_is_read_right() -> None:
    rng, triples = random.Random(4), held_out()
    result = score(triples, [measure(_drawn(triple, rng)) for triple in triples])
    assert result.colour >= 0.99
    assert result.shape >= 0.99
    assert result.background >= 0.99


def test_soft_and_noisy_pictures_are_still_read() -> None:
    rng, noise = random.Random(5), np.random.default_rng(5)
    triples, readings = held_out()[:120], []
    for triple in triples:
        soft = np.asarray(_drawn(triple, rng).filter(ImageFilter.GaussianBlur(1.5))).astype(float)
        noisy = np.clip(soft + noise.normal(0, 5, soft.shape), 0, 255).astype(np.uint8)
        readings.append(measure(Image.fromarray(noisy)))
    assert score(triples, readings).all_three >= 0.95


def test_an_empty_picture_has_no_object() -> None:
    reading = measure(Image.new("RGB", (128, 128), COLOURS["green"]))
    assert reading == Reading("green", "", "")


def test_other_sizes_are_read_too() -> None:
    scene = Scene((Thing("heart", "pink"),), Background("plain", "black"))
    reading = measure(draw(scene, 1, side=256))
    assert (reading.colour, reading.shape, reading.background) == ("pink", "heart", "black")
    assert reading.likeness > 0.9


def test_shares_of_colours_add_up() -> None:
    shares = colour_shares(draw(Scene((Thing("square", "red", span=0.5),), Background("plain", "gray"))))
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["red"] == pytest.approx(0.19, abs=0.03)


def test_evaluate_scores_any_generator() -> None:
    asked: list[str] = []

    def always_red_circle(prompt: str, negative: str, seed: int) -> Image.Image:
        asked.append(prompt)
        return draw(Scene((Thing("circle", "red"),), Background("plain", "blue")), seed)

    result = evaluate(always_red_circle, prompts=40)
    expected = held_out()[:40]
    assert asked == [prompt_of(triple) for triple in expected]
    assert result.colour == pytest.approx(sum(t[0] == "red" for t in expected) / 40)
    assert result.shape == pytest.approx(sum(t[1] == "circle" for t in expected) / 40)
    assert result.background == pytest.approx(sum(t[2] == "blue" for t in expected) / 40)


def test_drawing_and_measuring_need_no_torch() -> None:
    code = (
        "import sys; import invoke_tui.starter.evaluate, invoke_tui.starter.captions; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
