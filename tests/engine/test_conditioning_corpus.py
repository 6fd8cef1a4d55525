"""500 prompts: what we make of a text is what compel makes of it by itself, to the last tensor."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch import Tensor

from invoke_tui.engine.conditioning import clip_states, encode_weighted
from invoke_tui.engine.loading.tokenizers import clip_tokenizer
from invoke_tui.prompt.heard import heard, only_text
from tests.prompt.record_readings import READINGS, compel_of, reading_of

pytestmark = pytest.mark.engine


def remembered(forward: Any) -> Any:
    """An encoder that reads each chunk once: compel and we ask for the same ones."""
    known: dict[bytes, Any] = {}

    def answer(ids: Tensor, mask: Tensor | None = None, **_options: Any) -> Any:
        key = ids.numpy().tobytes() + (b"" if mask is None else mask.numpy().tobytes())
        if key not in known:
            known[key] = forward(ids, mask, output_hidden_states=True, return_dict=True)
        return known[key]

    return answer


@pytest.fixture(scope="module")
def clip() -> tuple[Any, Any]:
    """CLIP's tokenizer and a tiny random text encoder with a pooled state."""
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    torch.set_num_threads(1)  # tiny tensors; and test runs share their cores
    torch.manual_seed(3)
    tokenizer = clip_tokenizer()
    config = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=3, num_attention_heads=2,
        projection_dim=8, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    encoder = CLIPTextModelWithProjection(config).eval().requires_grad_(False)
    encoder.forward = remembered(encoder.forward)
    return tokenizer, encoder


def by_compel(
    clip: tuple[Any, Any], *, truncate: bool = False, kind: str = "PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED"
) -> Any:
    from compel.compel import Compel
    from compel.embeddings_provider import ReturnedEmbeddingsType

    return Compel(
        *clip,
        truncate_long_prompts=truncate,
        returned_embeddings_type=ReturnedEmbeddingsType[kind],
        device="cpu",
    )


def ours(clip: tuple[Any, Any], prompt: str, *, truncate: bool = False) -> Tensor:
    tokenizer, encoder = clip
    return encode_weighted(
        heard(prompt), tokenizer, clip_states(encoder, skip=1, normed=False), truncate=truncate
    )


@pytest.fixture(scope="module")
def readings() -> dict[str, Any]:
    """How compel's parser reads each prompt of the corpus."""
    found: dict[str, Any] = json.loads(READINGS.read_text(encoding="utf-8"))
    assert len(found) == 500
    return found


@pytest.mark.parametrize("truncate", [False, True])
def test_the_corpus_is_encoded_as_compel_encodes_it(
    clip: tuple[Any, Any], readings: dict[str, Any], truncate: bool
) -> None:
    compel = by_compel(clip, truncate=truncate)
    weighted = 0
    with torch.no_grad():
        for prompt, reading in list(readings.items())[:: 5 if truncate else 1]:
            expected, _ = compel.build_conditioning_tensor_for_conjunction(compel_of(reading))
            made = ours(clip, prompt, truncate=truncate)
            assert made.shape == expected.shape, prompt
            assert torch.allclose(made, expected, rtol=0, atol=1e-5), prompt
            weighted += only_text(heard(prompt)) is None
    assert weighted > 50


def test_compel_still_reads_them_so(clip: tuple[Any, Any], readings: dict[str, Any]) -> None:
    compel = by_compel(clip)
    for prompt in [one for one in readings if len(one) < 120][::25]:
        assert reading_of(compel.parse_prompt_string(prompt)) == readings[prompt]
        with torch.no_grad():
            assert torch.allclose(
                compel.build_conditioning_tensor(prompt), ours(clip, prompt), rtol=0, atol=1e-5
            )


def test_marks_of_the_tokenizer_in_a_text_are_text(clip: tuple[Any, Any]) -> None:
    for text in (
        "<|endoftext|>",
        "a (<|startoftext|>)0.5 cat",
        "(<|endoftext|>)0.2 " * 90,
        "(\u2028)0.5 (\x85)-- a",
    ):
        assert torch.isfinite(ours(clip, text)).all()


def test_a_level_of_escaping_stays(clip: tuple[Any, Any]) -> None:
    tokenizer, encoder = clip
    ids = tokenizer("a \\( b", padding="max_length", max_length=77, return_tensors="pt").input_ids
    expected = encoder(ids, output_hidden_states=True).hidden_states[-2]
    assert torch.allclose(ours(clip, "a \\\\( b"), expected, atol=1e-6)


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_clip_skip_is_that_of_diffusers(clip: tuple[Any, Any], skip: int) -> None:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
    from transformers import CLIPTextModel

    tokenizer, whole = clip
    encoder = CLIPTextModel(whole.config).eval().requires_grad_(False)
    encoder.__dict__["text_model"] = encoder  # diffusers looks for the norm where transformers 4 had it
    pipe = StableDiffusionPipeline.__new__(StableDiffusionPipeline)
    object.__setattr__(pipe, "tokenizer", tokenizer)
    object.__setattr__(pipe, "text_encoder", encoder)
    object.__setattr__(pipe, "unet", None)
    expected, _ = StableDiffusionPipeline.encode_prompt(
        pipe, "a red cat, asleep", "cpu", 1, False, clip_skip=skip or None
    )
    made = encode_weighted(heard("a red cat, asleep"), tokenizer, clip_states(encoder, skip=skip))
    assert torch.allclose(made, expected, atol=1e-5)
