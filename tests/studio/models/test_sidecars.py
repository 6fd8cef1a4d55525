"""Cards: what lies beside a model and what its metadata says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from invoke_tui.studio.models.identify import Card, read_card


def model(folder: Path) -> Path:
    path = folder / "my lora.v2.safetensors"
    path.touch()
    return path


def test_civitai(tmp_path: Path) -> None:
    told = {
        "id": 1,
        "modelId": 1234,
        "name": "v2.0",
        "description": "<p>Line <b>one</b></p><p>two &amp; three</p>",
        "trainedWords": ["ohwx man, smiling", "ohwx man", 7],
        "model": {"name": "Ohwx"},
    }
    (tmp_path / "my lora.v2.civitai.info").write_text(json.dumps(told))
    (tmp_path / "my lora.v2.preview.png").touch()
    card = read_card(model(tmp_path))
    assert card.name == "Ohwx v2.0"
    assert card.description == "Line one\ntwo & three"
    assert card.trigger_phrases == ("ohwx man", "smiling")
    assert card.preview == tmp_path / "my lora.v2.preview.png"
    assert card.source_url == "https://civitai.com/models/1234"


def test_a_persons_own_words_win(tmp_path: Path) -> None:
    own = {"description": "mine", "activation text": "abc", "preferred weight": 0.8, "notes": "soft\nlight"}
    (tmp_path / "my lora.v2.json").write_text(json.dumps(own))
    (tmp_path / "my lora.v2.civitai.info").write_text('{"trainedWords": ["xyz"], "description": "theirs"}')
    card = read_card(model(tmp_path), {"modelspec.title": "Title", "modelspec.trigger_phrase": "inside"})
    assert card == Card("Title", "mine\n\nsoft\nlight", ("abc",), weight=0.8)


def test_metadata_of_trainers(tmp_path: Path) -> None:
    tags = {"10_cat": {"cat": 10, "sofa": 3}, "2_dog": {"dog": 9, "sofa": 4}}
    card = read_card(
        model(tmp_path),
        {"ss_output_name": "pets", "ss_tag_frequency": json.dumps(tags), "ss_training_comment": "hi"},
    )
    assert (card.name, card.description, card.tags) == ("pets", "hi", ("cat", "dog", "sofa"))


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"[",
        b"[]",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":1}' + b" " * 2**21,
        b'{"trainedWords": {"a": 1}, "model": 3, "name": ["x"], "modelId": true, "description": {}}',
        b'{"preferred weight": 1e999, "activation text": 5, "description": "<![CDATA[ <a <!-- "}',
        b'{"preferred weight": ' + b"9" * 5000 + b"}",
        b'{"preferred weight": NaN, "description": "\\ud800"}',
    ],
)
def test_bad_files_are_absent(bad: bytes, tmp_path: Path) -> None:
    (tmp_path / "my lora.v2.json").write_bytes(bad)
    (tmp_path / "my lora.v2.civitai.info").write_bytes(bad)
    text = bad.decode("latin-1")
    card = read_card(model(tmp_path), {"ss_tag_frequency": text, "modelspec.title": text[:50]})
    assert card.weight is None
    assert card.trigger_phrases == ()


def test_escapes_never_come_through(tmp_path: Path) -> None:
    nasty = "\x1b]0;owned\x07\x1b[2Jhello\u202e\x9b31m"
    told = {"name": nasty, "description": nasty, "trainedWords": [nasty], "model": {"name": nasty}}
    (tmp_path / "my lora.v2.civitai.info").write_text(json.dumps(told))
    card = read_card(model(tmp_path), {"ss_tag_frequency": json.dumps({nasty: {nasty: 1}})})
    for text in (card.name, card.description, *card.trigger_phrases, *card.tags):
        assert text
        assert not set(text) & set("\x1b\x9b\x07\u202e")


def test_a_folder_has_its_picture_beside_it(tmp_path: Path) -> None:
    (tmp_path / "sd-v1.5").mkdir()
    (tmp_path / "sd-v1.5.png").touch()
    assert read_card(tmp_path / "sd-v1.5").preview == tmp_path / "sd-v1.5.png"
