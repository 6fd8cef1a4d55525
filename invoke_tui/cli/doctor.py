"""``doctor``: what is well, what is not, and what to do about it."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from invoke_tui.cli.options import Json, Root, common_root
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import ExitCode

_MARKS: Final = {"ok": "ok     ", "warning": "warning", "error": "error  "}


def doctor(
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not start torch to ask it for its devices.")
    ] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Check this machine, this terminal and this studio."""
    from invoke_tui.cli.checks import all_checks

    output = Output(as_json=json)
    results = []
    for check in all_checks(common_root(root), quick=quick, ask_terminal=not json):
        results.append(check)
        if not json:
            output.line(f"{_MARKS[check.status]}  {check.name}: {check.detail}")
            if check.remedy:
                output.line(f"         {check.remedy}")
    if json:
        output.json_line({"checks": [check.as_json() for check in results]})
    if any(check.status == "error" for check in results):
        raise typer.Exit(ExitCode.FAILED)
