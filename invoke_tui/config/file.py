"""``invokeai.yaml`` as it lies on disk: its values with the line each stands on. Nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from invoke_tui.config.legacy import OBSOLETE, renamed
from invoke_tui.config.problems import ConfigError, Problem, closest
from invoke_tui.config.sections import SECTIONS

NEWEST_SCHEMA: Final = (4, 0, 3)
KEYS: Final = frozenset(key for section in SECTIONS for key in section.model_fields)
LARGEST_FILE: Final = 2**20


@dataclass
class ConfigFile:
    """The keys that are set in a file, where they stand, and remarks for people."""

    path: Path
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """What a key is called in this file, where an older layout called it something else."""
    notes: list[str] = field(default_factory=list)
    legacy: bool = False
    """The file has InvokeAI 3's layout; it is understood but cannot be edited in place."""


def read_config_file(path: Path) -> ConfigFile:
    """Read a file, or find that there is none. Raises ``ConfigError`` naming file and line."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return ConfigFile(path)
    except OSError as error:
        raise ConfigError(path, [Problem(f"cannot be read: {error.strerror}")]) from error
    return parse_config(path, data)


def parse_config(path: Path, data: bytes) -> ConfigFile:
    """Understand the bytes of a file; see ``read_config_file``."""
    if len(data) > LARGEST_FILE:
        raise ConfigError(
            path, [Problem(f"is larger than {LARGEST_FILE:,} bytes; this is not a configuration")]
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(path, [Problem("this is not UTF-8 text", line=line)]) from error
    found = ConfigFile(path)
    root = _compose(path, text)
    if root is None or (isinstance(root, yaml.ScalarNode) and root.value == ""):
        return found
    if not isinstance(root, yaml.MappingNode):
        problem = Problem("expected lines of the form 'key: value'", line=root.start_mark.line + 1)
        raise ConfigError(path, [problem])
    problems: list[Problem] = []
    entries = _entries(root, problems)
    legacy = next((node for name, node, _ in entries if name == "InvokeAI"), None)
    if legacy is None:
        _read_current(found, entries, problems)
    else:
        _read_version_3(found, legacy, problems)
    if problems:
        raise ConfigError(path, problems)
    return found


def _compose(path: Path, text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        if line is None and isinstance(error, yaml.reader.ReaderError):
            line = text.count("\n", 0, error.position) + 1
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be understood"
        raise ConfigError(path, [Problem(f"not YAML: {what}", line=line)]) from error
    except RecursionError as error:
        raise ConfigError(path, [Problem("is nested too deeply")]) from error


_Entry = tuple[str, yaml.Node, int]


def _entries(mapping: yaml.MappingNode, problems: list[Problem]) -> list[_Entry]:
    entries: list[_Entry] = []
    first_line: dict[str, int] = {}
    for key_node, value_node in mapping.value:
        line = key_node.start_mark.line + 1
        name = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if name is None:
            problems.append(Problem("a key must be a word", line=line))
        elif name in first_line:
            problems.append(Problem(f"stands twice, first on line {first_line[name]}", line=line, key=name))
        else:
            first_line[name] = line
            entries.append((name, value_node, line))
    return entries


def _read_current(found: ConfigFile, entries: list[_Entry], problems: list[Problem]) -> None:
    for name, node, line in entries:
        if name in OBSOLETE:
            found.notes.append(f"line {line}: {name} has no meaning any more and is ignored")
        elif name not in KEYS:
            problems.append(_unknown(name, line))
        else:
            value = _value(node, name, line, problems)
            if name == "schema_version":
                _check_schema(value, line, problems)
            found.values[name] = value
            found.lines[name] = line


def _read_version_3(found: ConfigFile, root: yaml.Node, problems: list[Problem]) -> None:
    """Flatten InvokeAI 3's ``InvokeAI: {section: {key: value}}`` and give the keys their names of today."""
    found.legacy = True
    if not isinstance(root, yaml.MappingNode):
        problems.append(Problem("expected sections with keys", line=root.start_mark.line + 1, key="InvokeAI"))
        return
    for _, section, _ in _entries(root, problems):
        if not isinstance(section, yaml.MappingNode):
            continue
        for name, node, line in _entries(section, problems):
            key = renamed(name)
            if key not in KEYS:
                found.notes.append(f"line {line}: {name} has no meaning any more and is ignored")
                continue
            value = _value(node, name, line, problems)
            if key == "precision" and value == "autocast":
                value = "auto"
            found.values[key] = value
            found.lines[key] = line
            found.names[key] = name
    found.notes.append("this file has the layout of InvokeAI 3; it is read as it is and left as it is")


def _value(node: yaml.Node, name: str, line: int, problems: list[Problem]) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        what = getattr(error, "problem", None) or str(error) or "it cannot be understood"
        problems.append(Problem(f"not a value: {what}", line=line, key=name))
        return None
    finally:
        loader.dispose()


def _unknown(name: str, line: int) -> Problem:
    near = closest(name, KEYS)
    return Problem(
        "is no key of this file", line=line, key=name, allowed=f"did you mean {near}?" if near else ""
    )


def _check_schema(value: Any, line: int, problems: list[Problem]) -> None:
    try:
        version = tuple(int(part) for part in str(value).split("."))
    except ValueError:
        problems.append(
            Problem("is no version", line=line, key="schema_version", value=value, allowed="such as 4.0.3")
        )
        return
    if version > NEWEST_SCHEMA:
        newest = ".".join(map(str, NEWEST_SCHEMA))
        problems.append(
            Problem(
                "was written for a newer program",
                line=line,
                key="schema_version",
                value=value,
                allowed=f"up to {newest}: use a newer invoke-tui, or another folder with --root",
            )
        )
