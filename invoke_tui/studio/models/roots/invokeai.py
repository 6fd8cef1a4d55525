"""InvokeAI: its models folder, and what its database says about the models. Nothing there is ever written."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import yaml
from pydantic import ValidationError

from invoke_tui.domain.models.records import BaseModelType, ModelDefaults, ModelFormat, ModelType
from invoke_tui.domain.text import safe_text

_DATABASE: Final = "invokeai.db"
_YAML_LIMIT: Final = 2**20
_RECORD_LIMIT: Final = 2**20
_PHRASES: Final = 200
_KEY: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
_IMAGES: Final = ("model_images", "images/models")


def is_root(path: Path) -> bool:
    """Whether InvokeAI's records lie here."""
    return database_of(path, settings_of(path)).is_file()


def read(root: Path) -> tuple[Path, dict[str, dict[str, Any]], list[str]]:
    """The models folder, what is on record about each model by its path, and what is worth saying."""
    settings = settings_of(root)
    folder = place_of(root, settings.get("models_dir"), "models")
    try:
        rows, related = _rows(database_of(root, settings))
    except sqlite3.Error as error:
        return folder, {}, [f"Its database cannot be read: {safe_text(error, limit=200)}."]
    records = {}
    for key, text in rows:
        config = _parsed(text)
        path = config.get("path")
        if isinstance(path, str) and path and config.get("type") != "external_image_generator":
            records[str((folder / path).resolve() if ".." in path else folder / path)] = {
                **_told(config, key, root),
                **({"related": tuple(sorted(related[key]))} if key in related else {}),
            }
    notes = [f"Its database knows {len(records)} models."]
    return folder, records, notes


def _rows(database: Path) -> tuple[list[tuple[str, str]], dict[str, set[str]]]:
    # A database nobody writes to just now is opened as unchangeable: no helper files appear beside it.
    log = database.with_name(database.name + "-wal")
    quiet = not log.exists() or log.stat().st_size == 0
    address = f"file:{quote(str(database))}?mode=ro{'&immutable=1' if quiet else ''}"
    with closing(sqlite3.connect(address, uri=True, timeout=2)) as connection:
        rows = connection.execute("SELECT id, config FROM models WHERE length(config) < ?", (_RECORD_LIMIT,))
        found = [(str(key), str(config)) for key, config in rows]
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        related: dict[str, set[str]] = {}
        if "model_relationships" in tables:
            for one, two in connection.execute("SELECT model_key_1, model_key_2 FROM model_relationships"):
                related.setdefault(one, set()).add(two)
                related.setdefault(two, set()).add(one)
    return found, related


def _told(config: dict[str, Any], key: str, root: Path) -> dict[str, Any]:
    """What of a record we understand; anything else is left to what the file itself tells."""
    sound = _KEY.fullmatch(key) is not None
    cover = next((p for f in _IMAGES if sound for p in (root / "outputs" / f).glob(f"{key}.*")), None)
    told: dict[str, Any] = {
        "key": key if sound else None,
        "hash": _text(config.get("hash"), 200),
        "name": _text(config.get("name"), 200),
        "description": _text(config.get("description"), 10_000, multiline=True),
        "source": _text(config.get("source"), 2000),
        "type": _one_of(ModelType, config.get("type")),
        "base": _one_of(BaseModelType, config.get("base")),
        "format": _one_of(ModelFormat, config.get("format")),
        "variant": _text(config.get("variant"), 40),
        "prediction_type": _text(config.get("prediction_type"), 40),
        "trigger_phrases": _phrases(config.get("trigger_phrases")),
        "default_settings": _defaults(config),
        "cover_image": str(cover) if cover else None,
    }
    if config.get("source_type") in ("path", "url", "hf_repo_id", "external"):
        told["source_type"] = config["source_type"]
    if told["prediction_type"] not in ("epsilon", "v_prediction", "sample"):
        told["prediction_type"] = None
    return {name: value for name, value in told.items() if value not in (None, "", (), {})}


def _defaults(config: dict[str, Any]) -> dict[str, Any]:
    given = config.get("default_settings")
    known = {
        name: value
        for name, value in (given if isinstance(given, dict) else {}).items()
        if name in ModelDefaults.model_fields and value is not None and _valid(name, value)
    }
    if config.get("cpu_only") is True:
        known["cpu_only"] = True
    return known


def _valid(name: str, value: object) -> bool:
    try:
        ModelDefaults.model_validate({name: value})
    except ValidationError:
        return False
    return True


def _phrases(found: object) -> tuple[str, ...]:
    phrases = found if isinstance(found, list) else []
    return tuple(_text(phrase, 200) for phrase in phrases[:_PHRASES] if isinstance(phrase, str))


def _one_of(kind: Callable[[str], Any], value: object) -> Any:
    try:
        return kind(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: object, limit: int, *, multiline: bool = False) -> str:
    return safe_text(value, limit=limit, multiline=multiline).strip() if isinstance(value, str) else ""


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def settings_of(root: Path) -> dict[str, Any]:
    """What its ``invokeai.yaml`` says, as far as it can be read."""
    file = root / "invokeai.yaml"
    try:
        if file.stat().st_size > _YAML_LIMIT:
            return {}
        found = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def database_of(root: Path, settings: dict[str, Any]) -> Path:
    """Where its records lie."""
    return place_of(root, settings.get("db_dir"), "databases") / _DATABASE


def place_of(root: Path, given: object, usual: str) -> Path:
    """A folder that its settings name, or the usual one."""
    return root / Path(given).expanduser() if isinstance(given, str) and given else root / usual
