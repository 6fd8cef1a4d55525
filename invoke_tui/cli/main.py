"""``invoke-tui``: no verb opens the screen, a verb does its work and ends with an exit code scripts rely on."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError, ExitCode, StudioError
from invoke_tui.domain.garbage import without_collection

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCREEN_FLAGS: Final = {"--root": "root", "--image-protocol": "image_protocol", "--theme": "theme"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and leave with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(_guarded(given))


def _guarded(given: list[str]) -> int:
    try:
        return _reported(given)
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain again while closing the streams.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        return ExitCode.FAILED


def _reported(given: list[str]) -> int:
    output = Output(as_json="--json" in given)
    try:
        flags = screen_flags(given)
        code = open_screen(flags) if flags is not None else _run_verb(given, output)
        sys.stdout.flush()
    except StudioError as error:
        output.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        output.error(StudioError("interrupted", hint="Work that is queued goes on.", code="interrupted"))
        return ExitCode.INTERRUPTED
    return code


def screen_flags(given: list[str]) -> dict[str, str] | None:
    """Return the flags of a call without a verb, or None when there is more to it.

    The screen is opened without typer: importing it would delay the first paint.
    """
    flags: dict[str, str] = {}
    rest = iter(given)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name not in _SCREEN_FLAGS:
            return None
        found = value if equals else next(rest, None)
        if not found:
            return None
        flags[_SCREEN_FLAGS[name]] = found
    return flags


def open_screen(flags: dict[str, str]) -> int:
    """Open the studio on this terminal."""
    terminal = os.environ.get("TERM", "")
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or terminal in ("", "dumb"):
        why = f"this terminal (TERM={terminal or 'unset'}) cannot show it"
        raise BadInputError(
            "the studio's screen needs a terminal, and "
            + (why if sys.stdin.isatty() and sys.stdout.isatty() else "input or output is none"),
            hint='Use a verb instead, e.g. invoke-tui generate "a red fox" --out fox.png; invoke-tui --help lists all.',
            code="no_terminal",
        )
    # a key pressed just after something else was painted waits for the next frame: 5 ms, not Textual's 17
    os.environ.setdefault("TEXTUAL_FPS", "200")
    with without_collection():
        from invoke_tui.tui.app import run

    root = flags.get("root")
    return run(Path(root) if root else None, {key: value for key, value in flags.items() if key != "root"})


def _run_verb(given: list[str], output: Output) -> int:
    from invoke_tui.cli.verbs import is_abort, only_help, parser, usage_error

    try:
        return int(parser()(given, prog_name="invoke-tui", standalone_mode=False) or 0)
    except Exception as error:
        if is_abort(error):
            raise KeyboardInterrupt from error
        if (text := only_help(error)) is not None:
            print(text, file=sys.stderr)
            return ExitCode.BAD_INPUT
        usage = usage_error(error)
        if usage is None:
            raise
        raise usage from error


if __name__ == "__main__":
    main()
