"""The shipped model: complete, small, in half precision, with a tokenizer that knows the captions' words."""

from __future__ import annotations

import json
import random
from functools import lru_cache
from pathlib import Path

import pytest
from tokenizers import Tokenizer

import invoke_tui.starter
from invoke_tui.starter.captions import caption
from invoke_tui.starter.scenes import sample

MODEL = Path(invoke_tui.starter.__file__).parent / "model"
BOS, EOS = "<|startoftext|>", "<|endoftext|>"


@lru_cache(maxsize=1)
def _tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(MODEL / "tokenizer" / "tokenizer.json"))


def _config(part: str, name: str = "config.json") -> dict[str, object]:
    loaded: dict[str, object] = json.loads((MODEL / part / name).read_text(encoding="utf-8"))
    return loaded


def test_the_index_names_parts_that_exist() -> None:
    index = json.loads((MODEL / "model_index.json").read_text(encoding="utf-8"))
    assert index["_class_name"] == "StableDiffusionPipeline"
    for part in ("unet", "vae", "text_encoder", "tokenizer", "scheduler"):
        assert index[part][0] in ("diffusers", "transformers")
        assert (MODEL / part).is_dir()
    assert index["safety_checker"] == [None, None]


def test_it_is_small_enough_to_ship() -> None:
    size = sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file())
    assert 1_000_000 < size <= 25_000_000


@pytest.mark.parametrize("weights", sorted(MODEL.rglob("*.safetensors")), ids=lambda path: path.parent.name)
def test_weights_are_half_precision_and_finite_in_layout(weights: Path) -> None:
    with weights.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    kinds = {entry["dtype"] for name, entry in header.items() if name != "__metadata__"}
    assert kinds <= {"F16", "I64"}
    assert "F16" in kinds


def test_parts_fit_together() -> None:
    unet, vae, text = _config("unet"), _config("vae"), _config("text_encoder")
    assert unet["cross_attention_dim"] == text["hidden_size"]
    assert unet["in_channels"] == vae["latent_channels"] == 4
    assert vae["scaling_factor"] != 0.18215, "calibrated for this autoencoder"
    assert text["max_position_embeddings"] == 77
    assert text["vocab_size"] == _tokenizer().get_vocab_size()
    assert (text["bos_token_id"], text["eos_token_id"]) == (
        _tokenizer().token_to_id(BOS),
        _tokenizer().token_to_id(EOS),
    )


def test_no_file_names_the_folder_it_was_made_in() -> None:
    for path in MODEL.rglob("*.json"):
        assert "_name_or_path" not in path.read_text(encoding="utf-8"), path


def test_the_scheduler_is_stable_diffusions() -> None:
    scheduler = _config("scheduler", "scheduler_config.json")
    assert scheduler["beta_schedule"] == "scaled_linear"
    assert (scheduler["beta_start"], scheduler["beta_end"]) == (0.00085, 0.012)
    assert scheduler["steps_offset"] == 1
    assert scheduler["clip_sample"] is False
    assert scheduler["set_alpha_to_one"] is False
    assert scheduler["prediction_type"] == "v_prediction"


def test_a_prompt_is_framed_by_its_marks() -> None:
    encoded = _tokenizer().encode("A red circle, on BLUE")
    assert encoded.tokens == [BOS, "a</w>", "red</w>", "circle</w>", ",</w>", "on</w>", "blue</w>", EOS]


def test_every_word_of_the_captions_is_one_token() -> None:
    rng = random.Random(21)
    for _ in range(300):
        text = caption(sample(rng), rng)
        for word in text.replace(",", " ").replace(".", " ").split():
            if word in _known_words():
                assert len(_tokenizer().encode(word, add_special_tokens=False).ids) == 1, word


@lru_cache(maxsize=1)
def _known_words() -> frozenset[str]:
    return frozenset(
        token.removesuffix("</w>") for token in _tokenizer().get_vocab() if token.endswith("</w>")
    )


@pytest.mark.parametrize("word", ["zebrafish", "photorealistic", "xyzzy", "héllo", "日本"])
def test_unknown_words_fall_back_to_pieces(word: str) -> None:
    ids = _tokenizer().encode(word, add_special_tokens=False).ids
    assert len(ids) > 1
    assert _tokenizer().token_to_id(EOS) not in ids


def test_transformers_loads_the_tokenizer_as_clips() -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL / "tokenizer")
    assert tokenizer.model_max_length == 77
    assert tokenizer.pad_token_id == tokenizer.eos_token_id
    padded = tokenizer("a red circle", padding="max_length", truncation=True, max_length=77)["input_ids"]
    assert padded == [*_tokenizer().encode("a red circle").ids, *[tokenizer.eos_token_id] * 72]
    assert len(tokenizer("red " * 200, truncation=True)["input_ids"]) == 77
    assert len(tokenizer("red circle", add_special_tokens=False)["input_ids"]) == 2
