"""Prompt weights, blends, conjunctions and long prompts, and seeded noise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.noise import make_noise, noise_shape
from tests.engine.conftest import Bench, Recorder, fields_of

pytestmark = pytest.mark.engine
DATA = Path(__file__).parent / "data"


@pytest.fixture
def encode(bench: Bench) -> object:
    clip = fields_of(bench.sd1)[1]
    return lambda prompt: bench.encode(clip, prompt, Recorder()).embeds


def test_weights_move_the_conditioning(encode: object) -> None:
    def of(prompt: str) -> Tensor:
        return encode(prompt)  # type: ignore[operator,no-any-return]

    plain, empty = of("a cat"), of("")
    assert plain.shape == (1, 77, 32)
    up, more, down = of("a cat+"), of("a cat++"), of("a cat-")
    assert 0 < (up - plain).norm() < (more - plain).norm()
    assert not torch.equal(down, plain)
    assert torch.equal(of("a (cat)1.1"), up)
    assert not torch.equal(of("(cat)0 dog"), of("cat dog"))
    # up-weighting moves each token away from the empty prompt in proportion
    token = 2
    expected = empty[0, token] + 1.1 * (plain[0, token] - empty[0, token])
    assert torch.allclose(up[0, token], expected, atol=1e-5)


def test_blend_and_conjunction(encode: object) -> None:
    def of(prompt: str) -> Tensor:
        return encode(prompt)  # type: ignore[operator,no-any-return]

    cat, dog = of("cat"), of("dog")
    assert torch.allclose(of('("cat", "dog").blend(3, 1)'), 0.75 * cat + 0.25 * dog, atol=1e-5)
    assert torch.allclose(of('("cat", "dog").blend(3, 1, no_normalize)'), 3 * cat + dog, atol=1e-5)
    both = of('("cat", "dog").and()')
    assert both.shape == (1, 154, 32)
    assert torch.equal(both, torch.cat([cat, dog], dim=1))
    half = of('("cat", "dog").and(1, 0.5)')
    empty = of("")
    assert torch.allclose(half[:, 77:], empty + 0.5 * (dog - empty), atol=1e-5)
    with pytest.raises(BadInputError, match="cancel out"):
        of('("cat", "dog").blend(1, -1)')


def test_long_prompts_are_not_cut(encode: object) -> None:
    def of(prompt: str) -> Tensor:
        return encode(prompt)  # type: ignore[operator,no-any-return]

    long = of("red cat, blue dog. " * 30)
    assert long.shape[1] % 77 == 0
    assert long.shape[1] >= 3 * 77
    weighted = of("red cat, blue dog. " * 30 + "(a dog)0.5 and (a cat)1.5")
    assert torch.isfinite(weighted).all()


@pytest.mark.parametrize(
    "prompt", ["", " ", "()", "( )1.2", "((((((((a", "a (cat", "))", '"', "+", "-", "(a)-0.5", "(a)0",
    "é中😀", "\x00", '("",'],
)  # fmt: skip
def test_any_text_is_a_prompt(encode: object, prompt: str) -> None:
    embeds = encode(prompt)  # type: ignore[operator]
    assert torch.isfinite(embeds).all()


@pytest.mark.timeout(60)  # a guard: what is wrong here takes minutes
def test_unclosed_parentheses_cost_nothing(encode: object) -> None:
    encode("(" * 500 + "a cat")  # type: ignore[operator]


def test_a_prompt_is_encoded_once(bench: Bench) -> None:
    clip = fields_of(bench.sd1)[1]
    first = bench.encode(clip, "once", Recorder())
    assert bench.encode(clip, "once", Recorder()) is first


def test_noise_is_invokeais_on_every_machine() -> None:
    for case in json.loads((DATA / "cpu_noise.json").read_text()):
        noise = make_noise(case["seed"], 512, 512)
        assert list(noise.shape) == case["shape"]
        assert noise.dtype is torch.float32
        assert noise.flatten()[:8].tolist() == pytest.approx(case["first8"], abs=1e-5)
        assert (float(noise.mean()), float(noise.std())) == pytest.approx(
            (case["mean"], case["std"]), abs=1e-6
        )


def test_noise_shapes() -> None:
    for case in json.loads((DATA / "noise_shapes.json").read_text()):
        size = case["type"], case["width"], case["height"]
        if "shape" in case:
            assert list(noise_shape(*size)) == case["shape"]
        else:
            with pytest.raises(BadInputError, match=case["error"]):
                noise_shape(*size)


def test_seeds_and_sizes_that_cannot_be() -> None:
    for seed in (-1, 2**32):
        with pytest.raises(BadInputError, match="seed"):
            make_noise(seed, 64, 64)
    with pytest.raises(BadInputError, match="noise type"):
        noise_shape("nonsense", 64, 64)
    with pytest.raises(BadInputError, match="too small"):
        noise_shape("SD", 0, 64)
