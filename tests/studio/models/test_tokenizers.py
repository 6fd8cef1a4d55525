"""Tokenizers as the daemon reads them from model folders, and what becomes of damaged ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord, ModelType
from invoke_tui.domain.models.tokenizers import TokenizerDefinition
from invoke_tui.nodes.recipes import Cast
from invoke_tui.prompt.counting.counter import TokenCounter, counters_of
from invoke_tui.starter.layout import MODEL_DIR
from invoke_tui.studio.models import tokenizers
from invoke_tui.studio.models.tokenizers import tokenizers_of
from tests.prompt.prompts import prompts
from tests.studio.harness import StudioHarness

SYNTAX = set('()"+-.\\')
TEXTS = ["", "a red cat", "a,b", "wow!!! two dogs", "  spaces \n and\tlines ", "é中😀", "it's </s> <pad>"]


def record(path: Path, base: BaseModelType = BaseModelType.SD1, **more: Any) -> ModelRecord:
    return ModelRecord(
        key=str(path), hash="", name=path.name, base=base, type=more.pop("type", ModelType.MAIN),
        format=ModelFormat.DIFFUSERS, path=str(path), file_size=1, **more,
    )  # fmt: skip


def write_t5(folder: Path, settings: dict[str, Any]) -> Path:
    """A T5 tokenizer of letters and a few words, as a folder of a T5 encoder."""
    pieces = [["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["▁", -2.0], ["▁red", -1.0], ["▁cat", -1.5]]
    pieces += [[chr(letter), -5.0] for letter in range(97, 123)]
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "Unigram", "unk_id": 2, "vocab": pieces, "byte_fallback": False},
    }
    folder.mkdir(parents=True)
    (folder / "tokenizer.json").write_text(json.dumps(document))
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def test_the_starter_counts_with_its_own_words() -> None:
    from invoke_tui.engine.loading.tokenizers import folder_tokenizer

    [definition] = tokenizers_of(Cast(main=record(MODEL_DIR)))
    assert (definition.encoder, definition.scheme, definition.limit) == ("CLIP", "clip", 75)
    assert definition.data is not None
    assert len(definition.data) < 40_000
    [counter] = counters_of([definition])
    engine = folder_tokenizer(MODEL_DIR / "tokenizer", "CLIPTokenizer")
    for text in [*TEXTS, *("".join(c for c in one if c not in SYNTAX) for one in prompts(60))]:
        counted = counter.count(text, truncate=True)
        assert counted.parts[0].tokens == len(engine(text, add_special_tokens=False)["input_ids"]), text
    [again] = tokenizers_of(Cast(main=record(MODEL_DIR)), known=[definition.digest])
    assert (again.data, again.digest) == (None, definition.digest)


@pytest.mark.parametrize("kind", ["T5Tokenizer", "PreTrainedTokenizerFast"])
def test_t5_counts_as_the_engine_cuts(tmp_path: Path, kind: str) -> None:
    from invoke_tui.engine.loading.tokenizers import folder_tokenizer

    settings = {"tokenizer_class": kind, "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    folder = write_t5(tmp_path / "t5" / "tokenizer_2", settings)
    main = record(tmp_path / "flux.safetensors", BaseModelType.FLUX, variant="schnell")
    cast = Cast(main=main, t5_encoder=record(tmp_path / "t5", BaseModelType.ANY, type=ModelType.T5_ENCODER))
    [definition] = tokenizers_of(cast)
    assert (definition.encoder, definition.limit, definition.chunks) == ("T5", 255, False)
    counter = TokenCounter(definition)
    engine = folder_tokenizer(folder, "T5Tokenizer")
    for text in TEXTS:
        ids = engine(text, add_special_tokens=False)["input_ids"]
        assert counter.count(text).parts[0].tokens == len(ids), text
    long = counter.count(("red cat " * 200).strip())
    assert long.parts[0].tokens == 400
    assert long.cut == len("red cat " * 127 + "red")


def test_encoders_of_each_family(tmp_path: Path) -> None:
    def names(base: BaseModelType, **more: Any) -> list[tuple[str, int, bool]]:
        file = tmp_path / "model.safetensors"
        found = tokenizers_of(Cast(main=record(file, base, **more)))
        return [(one.encoder, one.limit, one.chunks) for one in found]

    clip = record(tmp_path / "clip.safetensors", BaseModelType.ANY, type=ModelType.CLIP_EMBED)
    assert names(BaseModelType.SD1) == [("CLIP", 75, True)]
    assert names(BaseModelType.SDXL) == [("CLIP-L", 75, True), ("CLIP-G", 75, True)]
    assert names(BaseModelType.SDXL_REFINER) == [("CLIP-G", 75, True)]
    flux = record(tmp_path / "flux.safetensors", BaseModelType.FLUX, variant="dev")
    one_file = record(tmp_path / "t5.gguf", BaseModelType.ANY, type=ModelType.T5_ENCODER)
    found = tokenizers_of(Cast(main=flux, clip_embed=clip, t5_encoder=one_file))
    assert [(one.encoder, one.limit, one.chunks) for one in found] == [
        ("CLIP-L", 75, False),
        ("T5", 511, False),
    ]
    assert "brings no tokenizer" in (found[1].problem or "")
    assert len(counters_of(found)) == 1
    sd3 = names(BaseModelType.SD3, submodels=("text_encoder", "text_encoder_2"))
    assert sd3 == [("CLIP-L", 75, False), ("CLIP-G", 75, False)]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "vocab.json"),
        ({"vocab.json": "{}", "merges.txt": "a b c\n"}, "no pairs"),
        ({"vocab.json": "[1]", "merges.txt": ""}, "no JSON object"),
        ({"vocab.json": "[" * 100_000, "merges.txt": ""}, "cannot be read"),
        ({"vocab.json": "{\x00", "merges.txt": ""}, "cannot be read"),
        ({"tokenizer.json": '{"model": 5}'}, "cannot be read"),
        ({"tokenizer.json": '{"model": {"vocab": {}, "merges": 7}}'}, "cannot be read"),
        ({"tokenizer.json": '{"added_tokens": 5}'}, "cannot be read"),
        ({"vocab.json": '{"\x1b[31m": "' + "x" * 200 + '"}', "merges.txt": "\x1b[2J"}, ""),
    ],
)
def test_hostile_files_are_one_sentence(tmp_path: Path, files: dict[str, str], why: str) -> None:
    folder = tmp_path / "model" / "tokenizer"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(content)
    [definition] = tokenizers_of(Cast(main=record(tmp_path / "model")))
    assert isinstance(definition, TokenizerDefinition)
    assert why in (definition.problem or "")
    assert "\x1b" not in (definition.problem or "")


def test_files_of_unreasonable_size_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers, "LARGEST", 100)
    folder = tmp_path / "model" / "tokenizer"
    folder.mkdir(parents=True)
    (folder / "tokenizer.json").write_text(" " * 101)
    [definition] = tokenizers_of(Cast(main=record(tmp_path / "model")))
    assert "larger than" in (definition.problem or "")


async def test_the_daemon_tells_once(studio: StudioHarness) -> None:
    client = await studio.start()
    first = await client.tokenizers("starter")
    second = await client.tokenizers("starter")
    assert first == second
    assert first.encoders[0].data
    [counter] = counters_of(second.encoders)
    assert counter.count("a red circle on a blue background").label == "7/75"
    [unreadable] = (await client.tokenizers("tiny")).encoders
    assert unreadable.problem
