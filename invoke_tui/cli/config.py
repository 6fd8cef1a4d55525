"""``config``: show, find, change and check the settings."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from invoke_tui.cli.options import Json, Root, open_studio, program
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import NotFoundError

config = program("Show, change and check the settings.")


@config.command()
def show(
    key: Annotated[str | None, typer.Argument(help="One setting only.", show_default=False)] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """Every setting with its value and where it came from. Secrets are masked."""
    from invoke_tui.config.shown import shown_settings
    from invoke_tui.config.template import entry

    studio = open_studio(root)
    values = shown_settings(studio.settings)
    if key is not None:
        if key not in values:
            raise _unknown(key, values)
        values = {key: values[key]}
    output = Output(as_json=json)
    rows = [(entry(name, value), studio.sources[name]) for name, value in values.items()]
    output.result(
        {"settings": values, "sources": {name: studio.sources[name] for name in values}},
        output.table(("setting", "from"), rows),
    )


@config.command()
def path(root: Root = None, json: Json = False) -> None:
    """Where everything of this studio lies."""
    studio = open_studio(root)
    places = {name: str(value) for name, value in vars(studio.paths).items() if value is not None}
    output = Output(as_json=json)
    output.result({"path": str(studio.paths.config_file), "places": places}, [str(studio.paths.config_file)])


@config.command(name="set")
def set_(
    key: Annotated[str, typer.Argument(help="The setting.", show_default=False)],
    value: Annotated[str, typer.Argument(help="Its value, as in the file; - reads stdin (for secrets).")],
    root: Root = None,
    json: Json = False,
) -> None:
    """Change one setting in the file and nothing else in it."""
    from invoke_tui.cli.options import common_root
    from invoke_tui.config.edit import set_key
    from invoke_tui.config.paths import locate
    from invoke_tui.config.problems import MASK, is_secret
    from invoke_tui.config.settings import environment_variable
    from invoke_tui.config.template import entry

    file = locate(common_root(root)).config_file
    text = sys.stdin.read().strip() if value == "-" else value
    accepted = set_key(file, key, text)
    shown = MASK if is_secret(key) and accepted is not None else accepted
    output = Output(as_json=json)
    variable = environment_variable(key)
    if variable:
        output.note(f"invoke-tui: ${variable} is set and comes before the file")
    output.result({"settings": {key: shown}, "sources": {key: "file"}}, [f"{file}: {entry(key, shown)}"])


@config.command()
def check(root: Root = None, json: Json = False) -> None:
    """Say whether the settings can be used; the exit code is 2 when they cannot."""
    studio = open_studio(root, create=False)
    output = Output(as_json=json)
    remarks = list(studio.notes) + [f"${name} sets nothing" for name in _idle_variables(studio.sources)]
    for remark in remarks[len(studio.notes) :]:
        output.note(f"invoke-tui: {remark}")
    changed = {key: source for key, source in studio.sources.items() if source != "default"}
    file = studio.paths.config_file
    found = str(file) if file.exists() else f"{file} (not there; the defaults are in force)"
    output.result(
        {"valid": True, "path": str(file), "sources": changed, "notes": remarks},
        [f"{found}: all is well"],
    )


def _idle_variables(known: dict[str, str]) -> list[str]:
    """Return variables that look like settings of ours and are none."""
    names = {f"INVOKE_TUI_{key.upper()}" for key in known} | {"INVOKE_TUI_ROOT"}
    return sorted(name for name in os.environ if name.startswith("INVOKE_TUI_") and name not in names)


def _unknown(key: str, known: dict[str, Any]) -> NotFoundError:
    from invoke_tui.config.problems import closest

    near = closest(key, known)
    return NotFoundError(
        f"there is no setting {key!r}",
        hint=f"Did you mean {near}?" if near else "'invoke-tui config show' lists all.",
        code="unknown_setting",
    )
