"""``docs/configuration.md``, made from the declarations: ``python -m invoke_tui.config.reference > docs/…``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from invoke_tui.config.sections import SECTIONS, Schema
from invoke_tui.config.template import entry
from invoke_tui.config.words import allowed_values

_INTRODUCTION: Final = """\
# Configuration

<!-- Made by `python -m invoke_tui.config.reference`; a test keeps it in step with the program. -->

One file, `invokeai.yaml`, with InvokeAI's own keys and a few of ours. The first start writes it with every key
commented out, its meaning above it. `invoke-tui config path` says where it is.

```
invoke-tui config show                  # every setting, and where its value came from
invoke-tui config show precision
invoke-tui config set precision float32 # changes that line and nothing else in the file
invoke-tui config set external_openai_api_key - < key.txt   # secrets come from stdin, never from the command line
invoke-tui config check                 # exit code 2 when something cannot be used
```

## What comes first

Flags, then environment variables (`INVOKE_TUI_KEY`, then `INVOKEAI_KEY`; lists as JSON), then the file, then the
defaults below. An empty variable counts as not set.

A file that cannot be used is refused with its name, the line, the key, the value and what is allowed, and is never
changed or replaced. A file of InvokeAI 3 is understood and left as it is. A file of a newer InvokeAI is refused.
A file that holds keys or tokens is made readable for its owner only, and no verb prints them.

## Where things live

| | with `--root DIR`, `INVOKE_TUI_ROOT` or `INVOKEAI_ROOT` | without |
|---|---|---|
| settings | `DIR/invokeai.yaml` | `~/.config/invoke-tui/invokeai.yaml` |
| database | `DIR/databases/invoke-tui.db` | `~/.local/share/invoke-tui/databases/invoke-tui.db` |
| pictures | `DIR/outputs/images` | `~/.local/share/invoke-tui/outputs/images` |
| models | `DIR/models` | `~/.local/share/invoke-tui/models` |
| logs, last session | `DIR/state` | `~/.local/state/invoke-tui` |
| socket | `DIR/run` | `$XDG_RUNTIME_DIR/invoke-tui` |

The `XDG_*` variables move the folders of the right column. A socket address holds about 100 bytes: under a longer
root the socket gets a short name in the runtime folder or in `/tmp/invoke-tui-UID`, which is private to its user.
Give the studio a folder of its own: the folder of an InvokeAI installation has that program's database in it.

## Memory on Linux

The engine keeps glibc from holding on to freed weights: a worker with a GPU is started with
`MALLOC_MMAP_THRESHOLD_=1048576`, one on a CPU trims its heap when models are dropped. A worker with a
GPU keeps the value that is set in the environment the studio is started from.

## Processor

A worker is started with `OMP_WAIT_POLICY=PASSIVE`: its threads sleep while they wait for each other, which leaves the
cores to whatever else runs. A value that is set in the environment the studio is started from is kept.

## Keys
"""


def reference() -> str:
    """Return the whole page."""
    return _INTRODUCTION + "\n" + "\n".join(line for section in SECTIONS for line in _section(section))


def _section(section: Any) -> Iterator[str]:
    yield f"### {section.heading()}"
    yield ""
    if section is Schema:
        yield "Written by programs, not by people."
        yield ""
    yield "| key | default | takes | meaning |"
    yield "|---|---|---|---|"
    for key, field in section.model_fields.items():
        default = entry(key, field.default).split(": ", 1)[1]
        cells = (f"`{key}`", f"`{default}`", allowed_values(key), field.description or "")
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


if __name__ == "__main__":
    print(reference(), end="")
