"""Names that servers give: made harmless before a file is called so."""

from __future__ import annotations

import re
import unicodedata
from email.message import Message
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.walk import SUFFIXES

LONGEST: Final = 180
"""Bytes. File systems take 255; ours adds ``.part.json`` and previews."""
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"} | {f"{p}{n}" for p in ("com", "lpt") for n in range(10)}
)
_FORBIDDEN: Final = re.compile(r'[<>:"|?*/\\%~$`\'\x00-\x1f\x7f]')
_COMPANIONS: Final = frozenset({".json", ".txt", ".model", ".xml", ".yaml"})
"""What may lie beside weights: configurations and vocabularies."""


def safe_name(name: str, fallback: str = "model") -> str:
    """One plain file name made of ``name``: no folder, drive, leading or trailing dot, control or reserved name."""
    last = re.split(r"[/\\]", name)[-1]
    letters = unicodedata.normalize("NFC", last)
    kept = "".join(letter for letter in letters if unicodedata.category(letter)[0] != "C")
    cleaned = _FORBIDDEN.sub("_", kept).strip(" .")
    cleaned = "_".join(cleaned.split())
    stem, dot, suffix = cleaned.rpartition(".")
    if not dot or len(suffix) > 16:
        stem, suffix = cleaned, ""
    stem = stem.strip(" .") or fallback
    if stem.split(".")[0].strip().lower() in _RESERVED:
        stem = f"_{stem}"
    ending = f".{suffix}" if suffix else ""
    stem = _cut(stem, LONGEST - len(ending.encode())).rstrip(" .") or fallback
    return stem + ending


def name_of_answer(url: str, disposition: str | None) -> str:
    """The file name a server means: its Content-Disposition, else the end of the address."""
    if disposition:
        message = Message()
        message["content-disposition"] = disposition.encode("ascii", "replace").decode()
        given = message.get_filename()
        if given:
            return safe_name(given)
    return safe_name(unquote(urlsplit(url).path))


def checked_path(path: str) -> str:
    """``path`` of a repository's file, which must be harmless as it is: renamed parts would not be found again.

    Raises ``BadInputError`` for anything that could leave the folder or surprise a file system.
    """
    parts = path.split("/")
    if not path or len(parts) > 8 or any(part != safe_name(part, fallback="") or not part for part in parts):
        raise BadInputError(
            f"The repository has a file with the name “{safe_text(path, limit=200)}”, which is not safe to write.",
            hint="Nothing was downloaded. Name one file with org/repo::file, if that is all you need.",
            code="unsafe_name",
        )
    return path


def is_weights(path: str) -> bool:
    """Whether a file of this name may be a model."""
    return PurePosixPath(path).suffix.lower() in SUFFIXES


def require_model_kind(name: str, *, companions: bool = False) -> None:
    """Refuse what is no model by its ending, before anything is downloaded."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in SUFFIXES or (companions and suffix in _COMPANIONS):
        return
    raise BadInputError(
        f"“{safe_text(name, limit=200)}” is no model file.",
        hint=f"Models end with {', '.join(sorted(SUFFIXES))}.",
        code="not_a_model",
    )


def _cut(text: str, limit: int) -> str:
    return text.encode()[:limit].decode(errors="ignore")
