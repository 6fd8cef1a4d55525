"""What this terminal can show.

One question is written before the app runs: the terminal's name, its cell size, whether it knows kitty's pictures,
and last its device attributes, which every terminal answers. So the wait ends as soon as the terminal has said all
it will say, however slow the line, and no late answer is ever typed into a field.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from invoke_tui.tui.pictures import tmux

Protocol = Literal["kitty", "iterm2", "sixel", "blocks", "half", "ascii", "none"]
PROTOCOLS: Final[tuple[Protocol, ...]] = ("kitty", "iterm2", "sixel", "blocks", "half", "ascii", "none")
"""``sixel`` is for one picture alone, in the viewer; everything else is drawn in blocks there."""

KITTY_QUERY: Final = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
NAME_QUERY: Final = "\x1b[>0q"
CELL_QUERY: Final = "\x1b[16t"
BACKGROUND_QUERY: Final = "\x1b]11;?\x1b\\"
FENCE: Final = "\x1b[c"
TIMEOUT: Final = 2.0
SIXEL: Final = "4"
"""The device attribute of a terminal that draws sixels; tmux says it where it draws them itself."""

_FENCE_ANSWER = re.compile(rb"\x1b\[\?([0-9;]*)c")
_CELL_ANSWER = re.compile(rb"\x1b\[6;(\d+);(\d+)t")
_KITTY_ANSWER = re.compile(rb"\x1b_Gi=31;OK\x1b\\")
_HEX = rb"([0-9a-fA-F]{1,4})"
_BACKGROUND_ANSWER = re.compile(rb"\x1b\]11;rgb:" + b"/".join([_HEX] * 3) + rb"(?:\x07|\x1b\\)")
_NAME_ANSWER = re.compile(rb"\x1bP>\|([ -~]*?)\x1b\\")

BRANDS: Final[dict[str, Protocol]] = {
    "kitty": "kitty",
    "ghostty": "kitty",
    "iterm": "iterm2",
    "wezterm": "iterm2",
    "mintty": "iterm2",
    "tabby": "iterm2",
}
"""Part of a terminal's name to what it shows best. An answer to kitty's query is no proof of placeholders (Konsole)."""


@dataclass(frozen=True)
class TerminalGraphics:
    """How pictures are shown here, and why."""

    protocol: Protocol
    cell_size: tuple[int, int] | None = None
    truecolor: bool = True
    tmux: bool = False
    reason: str = ""
    dark: bool | None = None
    """Whether the background is dark; None where the terminal did not say."""
    few_colours: bool = False
    """Sixteen are all it promises."""


@dataclass(frozen=True)
class Answers:
    """What the terminal said."""

    complete: bool = False
    name: str = ""
    cell_size: tuple[int, int] | None = None
    kitty: bool = False
    dark: bool | None = None
    sixel: bool = False


def detect(
    *,
    override: str | None = None,
    environ: Mapping[str, str] | None = None,
    read_fd: int | None = None,
    write_fd: int | None = None,
    timeout: float = TIMEOUT,
) -> TerminalGraphics:
    """Find out how to show pictures; ``override`` (a protocol's name, or ``auto``) wins over every finding."""
    environ = os.environ if environ is None else environ
    in_tmux = tmux.inside(environ)
    answers = probe(read_fd, write_fd, timeout=timeout, in_tmux=in_tmux)
    protocol, reason = _choose(environ, answers, in_tmux)
    truecolor = _truecolor(environ, answers)
    few = not truecolor and "256color" not in environ.get("TERM", "")
    found = TerminalGraphics(protocol, answers.cell_size, truecolor, in_tmux, reason, answers.dark, few)
    return configured(found, override or "auto")


def configured(found: TerminalGraphics, wanted: str) -> TerminalGraphics:
    """What was found, unless the configuration names a protocol: that wins over every finding."""
    if not wanted or wanted == "auto":
        return found
    for protocol in PROTOCOLS:
        if protocol == wanted:
            return replace(found, protocol=protocol, reason="chosen by the configuration")
    return replace(found, protocol="blocks", reason=f"unknown image protocol {wanted!r}, using blocks")


def probe(
    read_fd: int | None = None,
    write_fd: int | None = None,
    *,
    timeout: float = TIMEOUT,
    in_tmux: bool = False,
) -> Answers:
    """Ask the terminal behind the descriptors (standard input and output); nothing is asked where there is none."""
    try:
        read_fd = sys.__stdin__.fileno() if read_fd is None and sys.__stdin__ else read_fd
        write_fd = sys.__stdout__.fileno() if write_fd is None and sys.__stdout__ else write_fd
    except (OSError, ValueError):
        return Answers()
    if read_fd is None or write_fd is None or not os.isatty(read_fd) or not os.isatty(write_fd):
        return Answers()
    question = ("" if in_tmux else NAME_QUERY + KITTY_QUERY) + BACKGROUND_QUERY + CELL_QUERY + FENCE
    heard = b""
    try:
        with raw(read_fd):
            os.write(write_fd, question.encode("ascii"))
            end = time.monotonic() + timeout
            while not _FENCE_ANSWER.search(heard) and (left := end - time.monotonic()) > 0:
                if select.select([read_fd], [], [], left)[0]:
                    more = os.read(read_fd, 4096)
                    if not more:
                        break
                    heard += more
    except OSError:
        return Answers()
    return _understood(heard)


def _understood(heard: bytes) -> Answers:
    cell = _CELL_ANSWER.search(heard)
    name = _NAME_ANSWER.search(heard)
    size = (int(cell[2]), int(cell[1])) if cell else None
    fence = _FENCE_ANSWER.search(heard)
    return Answers(
        complete=bool(fence),
        name=name[1].decode("ascii", "replace") if name else "",
        cell_size=size if size and 0 < size[0] < 200 and 0 < size[1] < 400 else None,
        kitty=bool(_KITTY_ANSWER.search(heard)),
        dark=_dark(_BACKGROUND_ANSWER.search(heard)),
        sixel=fence is not None and SIXEL in fence[1].decode("ascii").split(";")[1:],
    )


def _dark(background: re.Match[bytes] | None) -> bool | None:
    if background is None:
        return None
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in background.groups())
    light: float = 0.299 * red + 0.587 * green + 0.114 * blue
    return light < 0.5


@contextlib.contextmanager
def raw(fd: int) -> Iterator[None]:
    try:
        import termios
        import tty
    except ImportError:
        yield
        return
    try:
        before = termios.tcgetattr(fd)
    except termios.error:
        yield
        return
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSANOW, before)


def _choose(environ: Mapping[str, str], answers: Answers, in_tmux: bool) -> tuple[Protocol, str]:
    term = environ.get("TERM", "")
    if term in ("dumb", "unknown", ""):
        return "ascii", f"TERM={term or '(unset)'} draws plain text only"
    if term == "linux":
        return "half", "the Linux console has half blocks only"
    name, source = _brand(environ, answers, in_tmux)
    protocol = next((found for brand, found in BRANDS.items() if brand in name.lower()), None)
    if protocol is None and answers.sixel and answers.cell_size:
        return "sixel", f"{name or term} says that it draws sixels; the viewer uses them"
    if protocol is None:
        return "blocks", f"{name or term} has no picture protocol known here ({source})"
    if in_tmux and not tmux.passes_through():
        return "blocks", f"{name} shows pictures, but tmux's allow-passthrough is off"
    if not answers.complete and not in_tmux:
        return "blocks", f"{name} shows pictures, but did not answer in time"
    if protocol == "kitty" and not (answers.kitty or in_tmux):
        return "blocks", f"{name} did not confirm its picture protocol"
    return protocol, f"{name} ({source})"


def _brand(environ: Mapping[str, str], answers: Answers, in_tmux: bool) -> tuple[str, str]:
    """The terminal's name and how we know it."""
    if in_tmux:
        return tmux.client_terminal(), "the terminal outside tmux"
    if answers.name:
        return answers.name, "it told its name"
    if environ.get("KITTY_WINDOW_ID"):
        return "kitty", "KITTY_WINDOW_ID"
    for variable in ("TERM_PROGRAM", "LC_TERMINAL", "TERM"):
        if value := environ.get(variable):
            return value, variable
    return "", "nothing known"


def _truecolor(environ: Mapping[str, str], answers: Answers) -> bool:
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return True
    known = answers.name.lower() + environ.get("TERM", "").lower()
    return any(brand in known for brand in (*BRANDS, "direct", "foot", "alacritty"))
