"""All verbs under one name."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import typer
import typer.main

import invoke_tui
from invoke_tui.cli.config import config
from invoke_tui.cli.doctor import doctor
from invoke_tui.cli.gallery import boards, gallery
from invoke_tui.cli.generate import generate
from invoke_tui.cli.history import history
from invoke_tui.cli.models import models
from invoke_tui.cli.options import Root, program, remember_root
from invoke_tui.cli.preprocess import preprocess
from invoke_tui.cli.presets import presets
from invoke_tui.cli.prompt import prompt
from invoke_tui.cli.queue import queue
from invoke_tui.cli.replay import replay
from invoke_tui.cli.studio import studio
from invoke_tui.cli.templates import templates
from invoke_tui.cli.upscale import upscale
from invoke_tui.domain.errors import BadInputError

app = program("InvokeAI's creative engine as a terminal studio. Without a verb the studio's screen opens.")
app.command("generate")(generate)
app.command("replay")(replay)
app.command("upscale")(upscale)
app.command("preprocess")(preprocess)
app.add_typer(queue, name="queue")
app.add_typer(models, name="models")
app.add_typer(gallery, name="gallery")
app.add_typer(boards, name="boards")
prompt.command("history")(history)
app.add_typer(prompt, name="prompt")
app.add_typer(templates, name="templates")
app.add_typer(presets, name="presets")
app.add_typer(studio, name="studio")
app.add_typer(config, name="config")
app.command("doctor")(doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"invoke-tui {invoke_tui.__version__}")
        raise typer.Exit


@app.callback()
def common(
    root: Root = None,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """Create pictures in the terminal; without a verb the studio's screen opens."""
    remember_root(root)


@cache
def parser() -> Any:
    """What reads the command line. To make it takes a while, and one does for any number of calls."""
    return typer.main.get_command(app)


def usage_error(error: Exception) -> BadInputError | None:
    """Turn the parser's own complaint into one of ours.

    Its classes moved between releases of typer, their two attributes did not.
    """
    describe = getattr(error, "format_message", None)
    if not callable(describe) or not hasattr(error, "exit_code"):
        return None
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "invoke-tui"
    return BadInputError(
        str(describe()).replace("Value error, ", ""), hint=f"'{path} --help' explains it.", code="bad_usage"
    )


def only_help(error: Exception) -> str | None:
    """The help of a group of verbs that was called without one."""
    return str(error) if type(error).__name__ == "NoArgsIsHelpError" else None


def is_abort(error: Exception) -> bool:
    """Tell whether the parser caught Ctrl-C."""
    return isinstance(error, typer.Abort)
