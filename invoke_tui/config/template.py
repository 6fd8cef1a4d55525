"""The first ``invokeai.yaml``: every key with its meaning and default, all of them commented out."""

from __future__ import annotations

import contextlib
import os
import textwrap
from pathlib import Path
from typing import Any

import yaml

from invoke_tui.config.atomic import write_private
from invoke_tui.config.sections import SECTIONS, Schema

_INTRODUCTION = """\
# Settings of invoke-tui, in InvokeAI's own format. A line without '#' is in force; all others show the default.
# 'invoke-tui config set KEY VALUE' changes a line, 'invoke-tui config check' says whether all is well.
# Environment variables (INVOKE_TUI_KEY, then INVOKEAI_KEY) and flags come before this file.
"""


def first_file() -> str:
    """Return the text of the file that a first start writes."""
    version = Schema.model_fields["schema_version"].default
    parts = [_INTRODUCTION, f'schema_version: "{version}"\n']
    for section in SECTIONS:
        if section is Schema:
            continue
        lines = [f"# --- {section.heading()}"]
        for key, field in section.model_fields.items():
            lines += textwrap.wrap(field.description or "", 110, initial_indent="# ", subsequent_indent="# ")
            lines += [f"# {entry(key, field.default)}", ""]
        parts.append("\n".join(lines))
    return "\n".join(parts)


def entry(key: str, value: Any) -> str:
    """Return ``key: value`` as one line of YAML."""
    plain = str(value) if isinstance(value, Path) else value
    text = str(
        yaml.dump(
            plain, Dumper=_OneLine, allow_unicode=True, default_flow_style=True, width=10**9, sort_keys=False
        )
    )
    return f"{key}: {text.removesuffix(chr(10)).removesuffix('...').strip()}"


class _OneLine(yaml.SafeDumper):
    """Quotes whatever could break a line: YAML knows more line ends than one."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_OneLine.add_representer(str, _represent_text)


def write_first_file(path: Path) -> bool:
    """Write the first file unless there is one. A folder that cannot be written is no error: defaults work without."""
    if os.path.lexists(path):
        return False
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return write_private(path, first_file(), replace=False)
    return False
