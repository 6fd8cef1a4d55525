"""What a source means, in words for the person who typed it, before anything is asked of anybody."""

from __future__ import annotations

from collections.abc import Collection

from invoke_tui.domain.models.installs import InstallRequest, SourceReading, StarterModel
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.install import starters
from invoke_tui.studio.models.install.sites import Sites
from invoke_tui.studio.models.install.sources import (
    Civitai,
    Companion,
    HubRepo,
    LocalPath,
    WebFile,
    parse,
)


def read(request: InstallRequest, sites: Sites) -> SourceReading:
    """What a request's source means. For a thread: it looks at the disk. Raises ``StudioError`` for what is none."""
    package = starters.bundle(request.source)
    if package is not None:
        members = [model for identity in package.models if (model := starters.by_id(identity))]
        return _starters("bundle", f"The bundle {package.name}", members)
    starter = starters.named(request.source, request.base, request.type)
    if starter is not None:
        return _starters(
            "starter", f"The starter model {starter.name}: {starter.type} for {starter.base}", [starter]
        )
    source = parse(request.source, sites)
    match source:
        case LocalPath():
            return _local(source)
        case HubRepo():
            return SourceReading(kind="hub", text=_hub(source))
        case Civitai():
            return SourceReading(kind="civitai", text=_civitai(source))
        case WebFile():
            return SourceReading(kind="url", text=f"The file at {_shown(source)}")
        case Companion():
            return SourceReading(kind="starter", text=f"{source.name}, a companion of the starter model.")


def _starters(kind: str, text: str, wanted: Collection[StarterModel]) -> SourceReading:
    everything = starters.with_dependencies(wanted)
    needed = len(everything) - (1 if kind == "starter" else 0)
    if kind == "bundle":
        text += f": {needed} models. Those that are here are skipped"
    elif needed:
        names = ", ".join(model.name for model in everything[:-1])
        text += f". It needs {names}; what is here is skipped"
    return SourceReading.model_validate({"kind": kind, "text": f"{text}."})


def _local(source: LocalPath) -> SourceReading:
    where = _shown(source)
    if source.path.is_dir():
        return SourceReading(kind="path", text=f"The folder {where}, taken as one model.")
    if source.path.is_file():
        return SourceReading(kind="path", text=f"The file {where}.")
    return SourceReading(kind="path", text=f"{where}: nothing lies there (yet).", there=False)


def _hub(source: HubRepo) -> str:
    what = f"The repository {source.repo} of the hub"
    if source.parts:
        what = f"{' and '.join(source.parts)} in {what[0].lower()}{what[1:]}"
    if source.revision != "main":
        what += f" at {source.revision}"
    if source.variant:
        what += f", its {source.variant} weights"
    return safe_text(what, limit=400) + "."


def _civitai(source: Civitai) -> str:
    if source.model_id is None:
        return f"Version {source.version_id} of a model on Civitai."
    version = f"version {source.version_id}" if source.version_id else "the newest version"
    return f"Model {source.model_id} on Civitai, {version}."


def _shown(source: object) -> str:
    return safe_text(source, limit=300)
