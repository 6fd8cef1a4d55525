"""``read_picture``: what a file says it was made with; ``read_all``: that and its texts; ``found_in``: of its texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.prompt.extract import programs
from invoke_tui.prompt.extract.chunks import Texts, texts_of
from invoke_tui.prompt.extract.comfyui import is_graph, read_graph
from invoke_tui.prompt.extract.found import Found, json_object
from invoke_tui.prompt.extract.infotext import is_infotext, read_infotext
from invoke_tui.prompt.extract.stealth import hidden_texts
from invoke_tui.prompt.extract.workflow import NOTE, as_graph

BESIDE: Final = (".txt", ".json", ".swarm.json")
"""How files end that say what the picture of the same name was made with."""


@dataclass(frozen=True)
class Reading:
    """All that a file says: every text by its keyword, and what was understood."""

    texts: Texts
    found: Found | None


def read_picture(path: Path) -> Found:
    """What a picture says, or a ``.txt`` or ``.json`` beside it. Raises ``StudioError`` where there is nothing."""
    if (found := said_by(path)) is None:
        raise BadInputError(
            f"{path.name} does not say what it was made with.",
            hint="Many sites take that out of pictures; the original file may still have it.",
            code="no_metadata",
        )
    return found


def said_by(path: Path) -> Found | None:
    """What a picture says, or None."""
    return read_all(path).found


def read_all(path: Path) -> Reading:
    """The picture's own texts, those in files beside it and, where nobody is found in them, those hidden in its pixels.

    Raises ``StudioError`` for what is no picture.
    """
    texts = texts_of(path)
    found = found_in(texts)
    for suffix in BESIDE:
        beside = path.with_suffix(suffix)
        if beside != path and beside.is_file():
            told = texts_of(beside)
            found = found or found_in(told)
            texts |= {f"{beside.name} ({name})": text for name, text in told.items()}
    if found is None and (hidden := hidden_texts(path)):
        found = found_in(hidden)
        texts |= {f"{name} (hidden in the pixels)": text for name, text in hidden.items()}
    return Reading(texts, found)


def found_in(texts: Texts) -> Found | None:
    """The first program whose writing it is; InvokeAI's own comes first."""
    for read in (
        programs.read_invokeai,
        programs.read_old_invokeai,
        programs.read_novelai,
        programs.read_mold,
    ):
        if (found := read(texts)) is not None:
            return found
    for name in ("parameters", "UserComment", "Comment", "comment", "Model"):
        if (text := texts.get(name)) and (found := _said(text)) is not None:
            return found
    for name in ("prompt", "Model", "Make", "ImageDescription"):
        text = texts.get(name, "")
        graph = json_object(text if name == "prompt" else text.removeprefix("prompt:"))
        if graph is not None and is_graph(graph) and (found := read_graph(graph)) is not None:
            return found
    for name in ("workflow", "Make", "ImageDescription"):
        text = texts.get(name, "")
        graph = as_graph(json_object(text if name == "workflow" else text.removeprefix("workflow:")))
        if graph is not None and (found := read_graph(graph, notes=(NOTE,))) is not None:
            return found
    return programs.read_draw_things(texts) or programs.read_easy(dict(texts))


def _said(text: str) -> Found | None:
    """A text that may be JSON of several programs, or A1111's."""
    if not text.lstrip().startswith("{"):
        return read_infotext(text) if is_infotext(text) else None
    data = json_object(text)
    if data is None or is_graph(data):
        return None
    return programs.read_swarm(data) or programs.read_fooocus(data) or programs.read_easy(data)
