"""Change one key of ``invokeai.yaml`` and leave every other character as it is."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from invoke_tui.config.atomic import write_private
from invoke_tui.config.file import KEYS, ConfigFile, parse_config
from invoke_tui.config.problems import ConfigError, Problem, closest
from invoke_tui.config.settings import resolve
from invoke_tui.config.template import entry, first_file
from invoke_tui.domain.errors import BadInputError, NotFoundError

_BOM = "\ufeff"


def set_key(path: Path, key: str, text: str) -> Any:
    """Set ``key`` to what ``text`` says, as YAML or as it stands, and return the value now in the file.

    Nothing is written when the value is not allowed or the file cannot be understood.
    """
    if key not in KEYS:
        near = closest(key, KEYS)
        raise NotFoundError(
            f"there is no setting {key!r}",
            hint=f"Did you mean {near}?" if near else "'invoke-tui config show' lists all.",
            code="unknown_setting",
        )
    if key == "schema_version":
        raise BadInputError("schema_version says how the file is laid out and is no setting")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(path.parent):
        try:
            before = path.read_bytes().decode()
        except FileNotFoundError:
            before = first_file()
        except (OSError, UnicodeDecodeError):
            before = ""
            parse_config(path, path.read_bytes())
        value = _accepted(path, before, key, text)
        after = with_key(before, key, value)
        _check(path, before, after, key, value)
        write_private(path, after)
    return value


def sweep(path: Path) -> None:
    """Remove what a writer left that was killed."""
    with _alone(path.parent):
        for part in path.parent.glob(f".{path.name}.*.part"):
            part.unlink(missing_ok=True)


def with_key(text: str, key: str, value: Any) -> str:
    """Return ``text`` with one key set; where it was commented out, the new line follows the comment."""
    body = text.removeprefix(_BOM)
    mark = text[: len(text) - len(body)]
    newline = "\r\n" if "\r\n" in body else "\n"
    line = entry(key, value)
    root = yaml.compose(body, yaml.SafeLoader)
    if isinstance(root, yaml.MappingNode):
        for key_node, value_node in root.value:
            if key_node.value == key:
                start = key_node.start_mark.index
                end = start + len(body[start : _end(value_node)].rstrip())
                return mark + body[:start] + line + body[max(end, _colon(body, key_node)) :]
    commented = re.search(rf"^#[ \t]*{re.escape(key)}[ \t]*:.*$", body, re.MULTILINE)
    if commented:
        at = commented.start() + len(commented.group().rstrip("\r"))
        return mark + body[:at] + newline + line + body[at:]
    gap = newline if body and not body.endswith("\n") else ""
    return mark + body + gap + line + newline


def _colon(body: str, key_node: yaml.Node) -> int:
    """Return where the colon behind a key ends: an empty value has no place of its own."""
    return body.index(":", key_node.end_mark.index) + 1


def _end(node: yaml.Node) -> int:
    """Return where a value ends; a block's own mark lies behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(node, yaml.MappingNode) else last)
    return int(node.end_mark.index)


def _accepted(path: Path, before: str, key: str, text: str) -> Any:
    """Return the reading of ``text`` that the key takes: YAML's first, else the plain text."""
    file = parse_config(path, before.encode())
    if file.legacy:
        raise BadInputError(
            f"{path} has the layout of InvokeAI 3 and is not edited",
            hint="Move it aside: the next start writes a new file, and 'config set' changes that one.",
            code="legacy_config",
        )
    readings = [text]
    try:
        readings.insert(0, yaml.safe_load(text))
    except (yaml.YAMLError, ValueError, RecursionError):
        pass
    refused: ConfigError | None = None
    for reading in readings:
        problem = _problem_of(ConfigFile(path, values={**file.values, key: reading}), key)
        if problem is None:
            return reading
        refused = refused or problem
    raise refused or BadInputError(f"{key}: no value")


def _problem_of(file: ConfigFile, key: str) -> ConfigError | None:
    """Check one key; other keys may be wrong, or else a bad file could not be mended key by key."""
    try:
        resolve(file, environment=False)
    except ConfigError as error:
        mine = [problem for problem in error.problems if problem.key == key]
        return ConfigError(file.path, mine, hint="Nothing was written.") if mine else None
    return None


def _check(path: Path, before: str, after: str, key: str, value: Any) -> None:
    """Read the new text back: it must say the same as the old one but for the key."""
    expected = {**parse_config(path, before.encode()).values, key: value}
    try:
        found = parse_config(path, after.encode()).values
    except ConfigError:
        found = {}
    if found != expected:
        raise ConfigError(
            path,
            [Problem("cannot be changed in place here", key=key)],
            hint=f"Nothing was written. Put this line into the file: {entry(key, value)}",
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second ``config set`` waiting, so that neither overwrites the other's change."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
