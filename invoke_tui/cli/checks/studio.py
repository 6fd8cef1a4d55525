"""The configuration, the daemon and the models of this studio."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from invoke_tui.cli.checks.base import Check
from invoke_tui.config.paths import StudioPaths
from invoke_tui.domain.errors import StudioError, UnreachableError

if TYPE_CHECKING:
    from invoke_tui.domain.models.records import ModelRecord
    from invoke_tui.domain.running.status import StudioStatus


def checks(root: Path | None, paths: StudioPaths) -> Iterator[Check]:
    """Yield the checks of one studio."""
    yield _configuration(root)
    yield _starter()
    yield from _daemon(paths)


def _configuration(root: Path | None) -> Check:
    from invoke_tui.config.settings import load

    try:
        studio = load(root, create=False)
    except StudioError as error:
        return Check("configuration", "error", error.message.replace("\n", "; "), error.hint)
    file = studio.paths.config_file
    if not file.exists():
        return Check("configuration", "ok", f"{file} is not there yet; the defaults are in force")
    if studio.notes:
        return Check("configuration", "warning", f"{file}: {'; '.join(studio.notes)}", "See 'config check'.")
    return Check("configuration", "ok", str(file))


def _starter() -> Check:
    """The starter model is package data: look for its weights without importing anything of it."""
    import invoke_tui

    folder = Path(invoke_tui.__file__).parent / "starter"
    weights = [file for file in folder.rglob("*.safetensors") if file.stat().st_size]
    if not weights:
        return Check("starter model", "warning", "not in this installation", "Install invoke-tui again.")
    return Check("starter model", "ok", f"{sum(f.stat().st_size for f in weights) / 1e6:.0f} MB")


def _daemon(paths: StudioPaths) -> Iterator[Check]:
    try:
        status, models = asyncio.run(_ask(paths))
    except UnreachableError as error:
        if paths.socket.exists():
            remedy = "'invoke-tui studio start' starts it; a socket left behind does no harm."
            yield Check(
                "studio", "warning", f"{paths.socket} is there but does not answer: {error.message}", remedy
            )
        else:
            yield Check("studio", "ok", "not running; the first verb or screen that needs it starts it")
        return
    yield Check(
        "studio",
        "ok",
        f"running, process {status.pid}, version {status.version}, {status.counts.pending} pending",
    )
    missing = [model.name for model in models if model.missing]
    if missing:
        remedy = "Bring the files back, or remove the models."
        yield Check(
            "models",
            "warning",
            f"{len(missing)} of {len(models)} are missing: {', '.join(missing[:5])}",
            remedy,
        )
    else:
        yield Check("models", "ok" if models else "warning", f"{len(models)} installed")


async def _ask(paths: StudioPaths) -> tuple[StudioStatus, list[ModelRecord]]:
    from invoke_tui.client import StudioClient

    client = await StudioClient.connect(paths, start=False, check_version=False)
    try:
        return await client.status(), await client.models()
    finally:
        await client.close()
