"""Scenes and captions: what is drawn, what is said, what is never shown in training."""

from __future__ import annotations

import random

import numpy as np
import pytest

from invoke_tui.starter.captions import caption
from invoke_tui.starter.scenes import Background, Scene, Thing, draw, sample
from invoke_tui.starter.vocabulary import COLOUR_WORDS, COLOURS, SHAPES, held_out, is_held_out


def test_at_least_200_combinations_are_held_out_and_fixed() -> None:
    triples = held_out()
    assert len(triples) >= 200
    assert triples == held_out()
    assert len(set(triples)) == len(triples)
    assert ("red", "circle", "blue") not in triples
    assert {colour for colour, _, _ in triples} == set(COLOURS)
    assert {shape for _, shape, _ in triples} == set(SHAPES)
    assert {background for _, _, background in triples} == set(COLOURS)


def test_no_training_scene_shows_a_held_out_combination() -> None:
    rng = random.Random(11)
    for _ in range(4000):
        scene = sample(rng)
        assert scene.allowed()
        assert not any(is_held_out(*triple) for triple in scene.triples())


def test_a_scene_with_a_held_out_object_is_refused() -> None:
    colour, shape, background = held_out()[0]
    plain = Background("plain", background)
    assert not Scene((Thing(shape, colour),), plain).allowed()
    assert not Scene((Thing("circle", "red"), Thing(shape, colour)), plain).allowed()
    assert Scene((Thing(shape, colour),), Background("sky", "")).allowed()


def test_an_unsaid_circle_fills_the_middle_and_leaves_the_corners() -> None:
    picture = np.asarray(draw(Scene((Thing("circle", "red"),), Background("plain", "blue")))).astype(int)
    middle, corner = picture[48:80, 48:80].reshape(-1, 3), picture[:12, :12].reshape(-1, 3)
    assert np.abs(middle - COLOURS["red"]).max() < 12
    assert np.abs(corner - COLOURS["blue"]).max() < 12


def test_drawing_is_repeatable_and_every_size_works() -> None:
    scene = sample(random.Random(3))
    assert draw(scene, 5).tobytes() == draw(scene, 5).tobytes()
    assert draw(scene, 5, side=64).size == (64, 64)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("style", ["flat", "outline", "shaded"])
def test_every_shape_shows_in_every_style(shape: str, style: str) -> None:
    scene = Scene((Thing(shape, "red", style=style),), Background("plain", "white"))
    picture = np.asarray(draw(scene)).astype(int)
    assert (np.abs(picture - picture[0, 0]).sum(axis=2) > 60).mean() > 0.02


def test_usual_captions_name_colour_shape_and_background() -> None:
    scene = Scene((Thing("star", "green"),), Background("plain", "purple"))
    rng = random.Random(1)
    texts = [caption(scene, rng) for _ in range(400)]
    assert len(set(texts)) > 100
    green, purple = {"green", *COLOUR_WORDS["green"]}, {"purple", *COLOUR_WORDS["purple"]}
    full = [
        text
        for text in texts
        if "star" in text and any(w in text for w in green) and any(w in text for w in purple)
    ]
    assert 0.6 < len(full) / len(texts) < 0.98
    assert any(text == "star" or text == "a star" for text in texts), "under-specified captions exist"


def test_captions_say_which_of_two_is_where() -> None:
    things = (Thing("star", "green", x=0.3), Thing("square", "yellow", x=0.7))
    rng = random.Random(2)
    texts = {caption(Scene(things, Background("plain", "black"), "left"), rng) for _ in range(300)}
    assert any("green star to the left of a yellow square" in text for text in texts)
    assert any("yellow square to the right of a green star" in text for text in texts)
