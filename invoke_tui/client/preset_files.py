"""Files with presets: what every front end writes and reads."""

from __future__ import annotations

import json
from typing import Any, Final

import yaml

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.presets import Preset, usable
from invoke_tui.domain.text import safe_text
from invoke_tui.prompt.plain_yaml import load_plain

MOST_BYTES: Final = 2**20
SUFFIXES: Final = (".yaml", ".yml", ".json")
_HEAD: Final = "invoke_tui_presets"


def document(presets: list[Preset]) -> dict[str, Any]:
    """What a file holds: each name with the settings that are not the default."""
    return {_HEAD: 1, "presets": [entry(preset) for preset in presets]}


def entry(preset: Preset) -> dict[str, Any]:
    """One of them."""
    return {"name": preset.name, "settings": preset.changed()}


def write_presets(presets: list[Preset], *, as_json: bool) -> str:
    """The presets as YAML or JSON."""
    if as_json:
        return json.dumps(document(presets), ensure_ascii=False, indent=2) + "\n"
    return str(yaml.safe_dump(document(presets), allow_unicode=True, sort_keys=False))


def read_presets(data: bytes, name: str) -> tuple[list[Preset], list[str]]:
    """The presets of a file and what in it was skipped; raises ``BadInputError``."""

    def bad(why: object) -> BadInputError:
        return BadInputError(
            f"{name} {safe_text(why, limit=300)}",
            hint="'presets export' writes what is read here.",
            code="bad_presets",
        )

    if len(data) > MOST_BYTES:
        raise bad("is larger than 1 MB")
    try:
        found = load_plain(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise bad(error) from error
    entries = found.get("presets") if isinstance(found, dict) and _HEAD in found else None
    if not isinstance(entries, list):
        raise bad("holds no presets")
    presets, notes = list[Preset](), list[str]()
    for number, one in enumerate(entries, 1):
        if not isinstance(one, dict) or not isinstance(one.get("settings"), dict):
            raise bad(f"entry {number} has no settings")
        title = safe_text(one.get("name") or "", limit=200).strip()
        if not title:
            raise bad(f"entry {number} has no name")
        request, refused = usable({str(key): value for key, value in one["settings"].items()})
        presets.append(Preset(name=title, request=request))
        notes += [
            f"{title}: {safe_text(key, limit=80)} is no setting, or has no usable value" for key in refused
        ]
    return presets, notes
