"""The checks of ``doctor``, each in one place: machine, device, disk, terminal, studio."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from invoke_tui.cli.checks import device, disk, machine, studio, terminal
from invoke_tui.cli.checks.base import Check
from invoke_tui.config.paths import StudioPaths, locate
from invoke_tui.domain.errors import StudioError


def all_checks(root: Path | None, *, quick: bool, ask_terminal: bool) -> Iterator[Check]:
    """Yield every check as it is done. One that breaks is itself reported; the others go on."""
    paths = _places(root)
    rounds: tuple[tuple[str, Callable[[], Iterator[Check]]], ...] = (
        ("machine", machine.checks),
        ("device", lambda: device.checks(quick=quick)),
        ("disk", lambda: disk.checks(paths)),
        ("terminal", lambda: terminal.checks(ask=ask_terminal)),
        ("studio", lambda: studio.checks(root, paths)),
    )
    for name, checks in rounds:
        try:
            yield from checks()
        except Exception as error:  # a doctor must not fall ill
            yield Check(name, "error", f"the check broke: {error!r}", "Please report this.")


def _places(root: Path | None) -> StudioPaths:
    """Return the places as configured, or those of the defaults while the configuration is broken."""
    from invoke_tui.config.settings import load

    try:
        return load(root, create=False).paths
    except StudioError:
        return locate(root)
