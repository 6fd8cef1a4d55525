"""Every key InvokeAI has, with its type, bounds and default."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from invoke_tui.config.sections import SECTIONS, Terminal
from invoke_tui.config.settings import Settings, load
from invoke_tui.config.words import allowed_values
from invoke_tui.domain.protocol import EngineSettings

KEYS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data/config_keys.json").read_text())
BY_KEY = {key["key"]: key for key in KEYS}


def test_all_of_invokeais_keys_are_there_and_all_others_are_declared_as_ours() -> None:
    assert set(Settings.model_fields) == set(BY_KEY) | set(Terminal.model_fields)
    assert not set(BY_KEY) & set(Terminal.model_fields)


@pytest.mark.parametrize("key", BY_KEY)
def test_the_default_is_invokeais(key: str) -> None:
    default = Settings.model_fields[key].default
    assert (str(default) if isinstance(default, Path) else default) == BY_KEY[key]["default"]


@pytest.mark.parametrize("key", BY_KEY)
def test_type_and_bounds_are_invokeais(key: str) -> None:
    theirs = BY_KEY[key]
    field = Settings.model_fields[key]
    schema = TypeAdapter(Settings).json_schema()["properties"][key]
    flat = schema.get("anyOf", [schema])
    expected = theirs.get("anyOf", [theirs])
    for part in expected:
        if "enum" in part:
            assert any(sorted(map(str, p.get("enum", []))) == sorted(map(str, part["enum"])) for p in flat)
        elif part.get("type"):
            assert any(p.get("type") == part["type"] for p in flat), field
        for bound in ("minimum", "exclusiveMinimum"):
            if bound in part:
                assert any(p.get(bound) == part[bound] for p in flat)


@pytest.mark.parametrize("key", [key for section in SECTIONS for key in section.model_fields])
def test_every_key_says_what_it_means_and_what_it_takes(key: str) -> None:
    assert len(Settings.model_fields[key].description or "") > 10
    assert "typing" not in allowed_values(key)
    assert "class" not in allowed_values(key)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("http_compression_level", "a whole number, at least 0 and at most 9"),
        ("log_format", "plain, color, syslog or legacy"),
        ("max_cache_ram_gb", "a number or null, greater than 0"),
        ("device", "auto, cpu, mps, cuda, cuda:N, xpu or xpu:N"),
        ("enable_partial_loading", "true or false"),
    ],
)
def test_what_a_key_takes_is_said_in_words(key: str, words: str) -> None:
    assert allowed_values(key) == words


def test_the_engine_gets_its_part(root: Path) -> None:
    (root / "invokeai.yaml").write_text(
        "device: cpu\nprecision: bfloat16\nmax_cache_ram_gb: 4\npreview_every: 3\n"
    )
    assert load(root).settings.engine_settings() == EngineSettings(
        device="cpu", precision="bfloat16", max_cache_ram_gb=4, preview_every=3
    )
    assert load(root / "other").settings.engine_settings() == EngineSettings()
