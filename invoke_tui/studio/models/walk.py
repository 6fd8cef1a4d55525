"""Walk through folders and name what may be a model, with a stamp that changes when its files do. Nothing is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SUFFIXES: Final = frozenset({".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf"})
_WHOLE: Final = frozenset({"model_index.json", "image_encoder.txt", "adapter_config.json"})
"""A folder that holds one of these is one model, whatever else lies in it."""
_ENCODERS: Final = tuple({f"text_encoder{number}", f"tokenizer{number}"} for number in ("", "_2", "_3"))
"""A text encoder with its tokenizer, as InvokeAI takes them out of a pipeline: one model, too."""
_CARDS: Final = (".civitai.info", ".json", ".preview.png", ".png")
"""Files beside a model that say something about it; the stamp changes with them."""
_READERS: Final = 1
"""To be raised when identification answers otherwise than before: every stamp is another one then."""
_FOLDER_LIMIT: Final = 20_000
_SYSTEM: Final = frozenset({"/proc", "/sys", "/dev"})
_PROGRAMS: Final = frozenset({"site-packages", "node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Found:
    """A path that may be a model. ``problem`` says in one sentence why it cannot be looked at."""

    path: str
    stamp: str = ""
    problem: str = ""


def walk(*roots: Path) -> Iterator[Found]:
    """Yield what lies in and under ``roots``, as it is found, in the order of names.

    A folder that is a model is one find. Links are followed, each folder is seen once; names that begin with a dot and
    the folders of programs are left out. A folder that cannot be opened is a find with its problem, and the rest goes
    on. A root may be a single file.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [str(root) for root in reversed(roots)]
    while waiting:
        folder = waiting.pop()
        try:
            status = os.stat(folder)
            if not stat.S_ISDIR(status.st_mode):
                yield found(folder)
                continue
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            yield Found(_written(folder), problem=f"The folder cannot be opened: {error.strerror or error}.")
            continue
        names = {entry.name for entry in entries}
        if _is_model(names):
            yield found(folder)
            continue
        waiting += [entry.path for entry in reversed(entries) if _is_folder(entry)]
        yield from (_file(entry, names) for entry in entries if _may_be_model(entry))


def found(path: str) -> Found:
    """The find at a path that is known to be one model."""
    try:
        status = os.stat(path)
        if not os.path.isdir(path):
            if not _is_text(path):
                return _unspeakable(path)
            stem = os.path.splitext(os.path.basename(path))[0]
            return Found(path, _stamp(status, _card_times(path, {stem + card for card in _CARDS})))
        return Found(path, _folder_stamp(path)) if _is_text(path) else _unspeakable(path)
    except OSError as error:
        return Found(_written(path), problem=f"It cannot be read: {error.strerror or error}.")


def _file(entry: os.DirEntry[str], names: set[str]) -> Found:
    if not _is_text(entry.path):
        return _unspeakable(entry.path)
    try:
        return Found(entry.path, _stamp(entry.stat(), _card_times(entry.path, names)))
    except OSError as error:
        return Found(entry.path, problem=f"It cannot be read: {error.strerror or error}.")


def _stamp(status: os.stat_result, cards: tuple[int, ...]) -> str:
    return ":".join(
        map(str, (_READERS, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, *cards))
    )


def _card_times(path: str, names: set[str]) -> tuple[int, ...]:
    stem = os.path.splitext(os.path.basename(path))[0]
    folder = os.path.dirname(path)
    times = []
    for card in _CARDS:
        if stem + card in names:
            try:
                times.append(os.stat(os.path.join(folder, stem + card)).st_mtime_ns)
            except OSError:
                continue
    return tuple(times)


def _folder_stamp(folder: str) -> str:
    count = total = newest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            status = os.stat(os.path.join(parent, name))
            count, total = count + 1, total + status.st_size
            newest = max(newest, status.st_mtime_ns, status.st_ctime_ns)
            if count >= _FOLDER_LIMIT:
                break
    return f"{_READERS}:{total}:{newest}:{os.stat(folder).st_ino}:{count}"


def _is_model(names: set[str]) -> bool:
    if names & _WHOLE or any(pair <= names for pair in _ENCODERS):
        return True
    # a component of its own, as hubs have them: a configuration beside weights
    return "config.json" in names and any(
        name.endswith((".safetensors", ".bin", ".index.json")) for name in names
    )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or entry.name in _PROGRAMS or entry.path in _SYSTEM:
        return False
    try:
        return entry.is_dir()
    except OSError:
        return False


def _may_be_model(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or os.path.splitext(entry.name)[1].lower() not in SUFFIXES:
        return False
    try:
        return not entry.is_dir()
    except OSError:
        return True


def _is_text(path: str) -> bool:
    return path.isascii() or not any("\ud800" <= char <= "\udfff" for char in path)


def _unspeakable(path: str) -> Found:
    return Found(_written(path), problem="Its name is not valid UTF-8 text. Rename it to use it.")


def _written(path: str) -> str:
    """The path as text that can travel; bytes that are none become question marks."""
    return os.fsencode(path).decode("utf-8", "replace")
