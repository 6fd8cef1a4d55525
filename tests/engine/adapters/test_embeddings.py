"""Textual inversions: the vectors stand where the word stands, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord, ModelType
from tests.engine.adapters import made
from tests.engine.conftest import Recorder
from tests.engine.test_families import Studio, text_of

pytestmark = pytest.mark.engine
L, G = 64, 128


def know(studio: Studio, path: Path, base: BaseModelType, name: str = "my style") -> ModelRecord:
    return made.know(
        studio, path, base, type=ModelType.EMBEDDING, format=ModelFormat.EMBEDDING_FILE, name=name
    )


def encode(studio: Studio, model: ModelRecord, prompt: str, *embeddings: ModelRecord) -> Any:
    text = text_of(model, prompt)
    chosen = tuple(record.identifier() for record in embeddings)
    return studio.engine.encode(text.model_copy(update={"embeddings": chosen}), Recorder())


def by_hand(studio: Studio, model: ModelRecord, before: str, vectors: Tensor, behind: str) -> Tensor:
    """The states of a prompt with vectors put into the encoder's own embedding."""
    with (
        studio.engine._store.use(model.identifier("tokenizer"), "tokenizer") as tokenizer,
        made.component(studio, model, "text_encoder") as encoder,
    ):
        ids = [tokenizer(part, add_special_tokens=False).input_ids for part in (before, behind)]
        row = [49406, *ids[0], *[0] * len(vectors), *ids[1]]
        start = 1 + len(ids[0])
        row += [49407] * (77 - len(row))
        words: Any = encoder.get_input_embeddings  # type: ignore[union-attr,unused-ignore]
        handle = words().register_forward_hook(
            lambda _module, _args, states: torch.cat(
                [states[:, :start], vectors[None], states[:, start + len(vectors) :]], dim=1
            )
        )
        try:
            states: Tensor = encoder(torch.tensor([row])).last_hidden_state
        finally:
            handle.remove()
    return states


def forms(path: Path, vectors: Tensor) -> list[Path]:
    """The same embedding in the forms that go round; a single vector may be a pickled row, several a pickled table."""
    if len(vectors) == 1:
        pickled = path / "b.bin"
        torch.save({"<trained>": vectors[0]}, pickled)
    else:
        pickled = path / "a.pt"
        said = {"string_to_param": {"*": vectors}, "string_to_token": {"*": torch.tensor(265)}}
        torch.save(said, pickled)
    made.write(path / "c.safetensors", {"emb_params": vectors})
    (path / "folder").mkdir()
    made.write(path / "folder" / "learned_embeds.safetensors", {"<trained>": vectors})
    return [pickled, path / "c.safetensors", path / "folder"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_vectors_stand_for_the_word(studio: Studio, count: int, tmp_path: Path) -> None:
    model = studio.know("sd1")
    vectors = torch.randn(count, L)
    wanted = by_hand(studio, model, "a cat in", vectors, ", red")
    for path in forms(tmp_path, vectors):
        record = know(studio, path, BaseModelType.SD1)
        found = encode(studio, model, "a cat in <my style>, red", record).embeds
        assert torch.allclose(found, wanted, atol=1e-5), path.name
    plain = encode(studio, model, "a cat in <my style>, red").embeds
    assert not torch.allclose(plain, wanted, atol=1e-3)
    studio.engine._texts.clear()
    assert torch.equal(encode(studio, model, "a cat in <my style>, red").embeds, plain)


def test_weights_count(studio: Studio, tmp_path: Path) -> None:
    model = studio.know("sd1")
    record = know(
        studio, made.write(tmp_path / "x.safetensors", {"emb_params": torch.randn(2, L)}), model.base, "w"
    )
    found = [encode(studio, model, prompt, record).embeds for prompt in ("a <w>", "a <w>++", "a (<w> b)0.5")]
    assert all(torch.isfinite(states).all() for states in found)
    assert not torch.allclose(found[0], found[1], atol=1e-4)


def test_sdxl_has_vectors_for_both_encoders(studio: Studio, tmp_path: Path) -> None:
    model = studio.know("sdxl")
    both = {"clip_l": torch.randn(2, L), "clip_g": torch.randn(2, G)}
    record = know(studio, made.write(tmp_path / "x.safetensors", both), model.base)
    plain, found = (encode(studio, model, "<my style> cat", *chosen) for chosen in ([], [record]))
    for part in (slice(0, L), slice(L, None)):
        assert not torch.allclose(plain.embeds[..., part], found.embeds[..., part], atol=1e-3)
    assert not torch.allclose(plain.pooled, found.pooled, atol=1e-3)
    alone = know(studio, made.write(tmp_path / "g.safetensors", {"emb_params": both["clip_g"]}), model.base)
    half = encode(studio, model, "<my style> cat", alone)
    assert torch.equal(half.embeds[..., :L], plain.embeds[..., :L])
    assert torch.equal(half.embeds[..., L:], found.embeds[..., L:])


def test_two_and_a_long_prompt(studio: Studio, tmp_path: Path) -> None:
    model = studio.know("sd1")
    records = [
        know(
            studio,
            made.write(tmp_path / f"{name}.safetensors", {"emb_params": torch.randn(4, L)}),
            model.base,
            name,
        )
        for name in ("one", "two")
    ]
    long = "a cat. " * 40 + "<one> and <two>."
    found = encode(studio, model, long, *records).embeds
    assert found.shape[1] % 77 == 0
    assert found.shape[1] > 77
    assert torch.isfinite(found).all()
    assert not torch.equal(
        encode(studio, model, "<one> <two>", *records).embeds,
        encode(studio, model, "<two> <one>", *records).embeds,
    )


def test_a_file_without_vectors(studio: Studio, tmp_path: Path) -> None:
    model = studio.know("sd1")
    record = know(studio, made.write(tmp_path / "x.safetensors", {"step": torch.tensor(3)}), model.base)
    plain = encode(studio, model, "a <my style>").embeds
    with pytest.raises(BadInputError, match="holds no vectors"):
        encode(studio, model, "a <my style>", record)
    studio.engine._texts.clear()
    assert torch.equal(encode(studio, model, "a <my style>").embeds, plain)
