"""From what a look at a file found to the record that is kept, and what stays when the file is looked at again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from pydantic import ValidationError

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import ModelDefaults, ModelRecord, ModelType
from invoke_tui.domain.models.scan import ScanEntry

EDITABLE: Final = frozenset(
    {
        "name", "description", "type", "base", "format", "variant", "prediction_type", "trigger_phrases",
        "default_settings", "cover_image", "related", "source", "source_type",
    }
)  # fmt: skip
"""What a person, an installer or another program's records may set; no rescan changes it afterwards."""
_TOLD: Final = (
    "name", "base", "type", "format", "variant", "prediction_type", "repo_variant", "precision", "dialect",
    "algorithms", "submodels", "assumed", "file_size", "description", "trigger_phrases", "default_settings",
)  # fmt: skip
"""What a look at the file tells."""
_IDENTITY: Final = frozenset({"key", "hash"})


def key_for(path: str) -> str:
    """The key of a model that is first met at ``path``."""
    return str(uuid5(NAMESPACE_URL, f"file://{path}"))


def new_record(entry: ScanEntry, key: str, fingerprint: str, **about: Any) -> ModelRecord:
    """A record of its own for a find."""
    told = {name: getattr(entry, name) for name in _TOLD}
    if entry.type is ModelType.MAIN and entry.variant is None:
        told["variant"] = "normal"
    return ModelRecord(
        key=key,
        hash=fingerprint,
        fingerprint=fingerprint,
        path=entry.path,
        cover_image=entry.preview,
        added_at=datetime.now(UTC),
        **told,
        **about,
    )


def looked_again(record: ModelRecord, entry: ScanEntry, fingerprint: str) -> ModelRecord:
    """The record after its files were read anew: what a person set stays."""
    again = new_record(entry, record.key, fingerprint)
    names = {*_TOLD, "cover_image", "fingerprint"} - set(record.by_hand)
    update = {name: getattr(again, name) for name in names}
    if record.fingerprint and fingerprint != record.fingerprint:
        update["hash"] = fingerprint
    return record.model_copy(update=update | {"missing": False})


def found_again(record: ModelRecord, entry: ScanEntry) -> ModelRecord:
    """The record of a model whose files lie elsewhere now."""
    return record.model_copy(update={"path": entry.path, "missing": False})


def changed(record: ModelRecord, changes: dict[str, Any], *, identity: bool = False) -> ModelRecord:
    """The record with ``changes``, which are remembered as set by hand. ``default_settings`` may be partial; None
    takes a setting back. ``identity`` also lets key and hash be taken over. Raises ``BadInputError``."""
    allowed = EDITABLE | _IDENTITY if identity else EDITABLE
    strange = sorted(set(changes) - allowed)
    if strange:
        raise BadInputError(
            f"{', '.join(strange)[:200]} of a model cannot be changed.",
            hint=f"What can be: {', '.join(sorted(EDITABLE))}.",
            code="bad_change",
        )
    update = dict(changes)
    settings = update.get("default_settings")
    if isinstance(settings, ModelDefaults):
        update["default_settings"] = settings.model_dump()
    elif isinstance(settings, dict):
        update["default_settings"] = record.default_settings.model_dump() | settings
    if isinstance(update.get("trigger_phrases"), list | tuple):
        phrases = (str(phrase).strip() for phrase in update["trigger_phrases"])
        update["trigger_phrases"] = tuple(dict.fromkeys(phrase for phrase in phrases if phrase))
    by_hand = tuple(sorted({*record.by_hand, *update} - _IDENTITY))
    try:
        made = ModelRecord.model_validate(record.model_dump() | update | {"by_hand": by_hand})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInputError(f"{where}: {first['msg']}.", code="bad_change") from error
    if not made.name.strip():
        raise BadInputError("A model needs a name.", code="bad_change")
    return made
