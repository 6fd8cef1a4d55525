"""The settings of one studio: flags beat the environment, which beats the file, which beats the defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from invoke_tui.config.file import ConfigFile, read_config_file
from invoke_tui.config.paths import StudioPaths, locate, with_folders
from invoke_tui.config.problems import ConfigError, Problem, is_secret
from invoke_tui.config.sections import (
    SECTIONS,
    Cache,
    Development,
    Device,
    External,
    Features,
    Folders,
    Generation,
    Logging,
    Models,
    Nodes,
    Queue,
    Schema,
    Terminal,
    Users,
    Web,
)
from invoke_tui.config.words import allowed_values, why

if TYPE_CHECKING:
    from invoke_tui.domain.protocol import EngineSettings

ENVIRONMENT_PREFIXES: Final = ("INVOKE_TUI_", "INVOKEAI_")
"""In order of precedence."""

_current_file: ContextVar[ConfigFile | None] = ContextVar("current_file", default=None)
_use_environment: ContextVar[bool] = ContextVar("use_environment", default=True)


class FileSource(PydanticBaseSettingsSource):
    """The values of the configuration file that is being loaded."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return one value of the file."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return all values of the file."""
        file = _current_file.get()
        return dict(file.values) if file else {}


class Settings(
    Schema, Terminal, Folders, Device, Cache, Generation, Queue, Nodes, Models, Logging, Features, Web, Users,
    External, Development, BaseSettings,
):  # fmt: skip
    """Every setting with its value. ``config.sections`` says what each one means."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
        defer_build=False,
        protected_namespaces=(),
        validate_default=False,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the two environment prefixes, then the file."""
        prefixes = ENVIRONMENT_PREFIXES if _use_environment.get() else ()
        environment = (EnvSettingsSource(settings_cls, env_prefix=prefix) for prefix in prefixes)
        return (init_settings, *environment, FileSource(settings_cls))

    def engine_settings(self) -> EngineSettings:
        """Return the part an engine needs."""
        from invoke_tui.domain.protocol import EngineSettings  # the front ends do without it

        return EngineSettings(
            **{key: getattr(self, key) for key in EngineSettings.model_fields if hasattr(self, key)}
        )


@dataclass
class Studio:
    """One studio: its settings, its places, and where each setting came from."""

    settings: Settings
    paths: StudioPaths
    sources: dict[str, str] = field(default_factory=dict)
    """Key to one of default, file, environment, flag."""
    notes: list[str] = field(default_factory=list)
    """Remarks about the configuration that are no errors."""


def load(root: Path | None = None, *, create: bool = True, **overrides: Any) -> Studio:
    """Load the settings of the studio under ``root`` (see ``paths.locate``).

    ``create`` writes the commented first file where there is none. ``overrides`` are flags; those that are None were
    not given. Raises ``ConfigError`` when any value cannot be used; the file is never changed because of one.
    """
    paths = locate(root)
    file = read_config_file(paths.config_file)
    flags = {key: value for key, value in overrides.items() if value is not None}
    settings = resolve(file, flags)
    if create:
        from invoke_tui.config.template import write_first_file

        write_first_file(paths.config_file)
    _keep_private(file)
    folders = {
        "db_dir": settings.db_dir,
        "outputs_dir": settings.outputs_dir,
        "models_dir": settings.models_dir,
    }
    return Studio(settings, with_folders(paths, **folders), _sources(file, flags), list(file.notes))


def resolve(
    file: ConfigFile, flags: Mapping[str, Any] | None = None, *, environment: bool = True
) -> Settings:
    """Merge all sources over ``file`` and check the result."""
    token = _current_file.set(file)
    with_environment = _use_environment.set(environment)
    try:
        return Settings(**dict(flags or {}))
    except ValidationError as error:
        raise ConfigError(file.path, _problems(error, file, flags or {}, environment)) from error
    except SettingsError as error:
        raise ConfigError(file.path, _unreadable_variables(str(error))) from error
    finally:
        _current_file.reset(token)
        _use_environment.reset(with_environment)


def environment_variable(key: str) -> str | None:
    """Return the name of the environment variable that sets ``key`` now, if there is one."""
    names = {name.upper(): name for name, value in os.environ.items() if value}
    return next((names[name] for p in ENVIRONMENT_PREFIXES if (name := p + key.upper()) in names), None)


def _sources(file: ConfigFile, flags: Mapping[str, Any]) -> dict[str, str]:
    def source(key: str) -> str:
        if key in flags:
            return "flag"
        if environment_variable(key):
            return "environment"
        return "file" if key in file.values else "default"

    return {key: source(key) for section in SECTIONS for key in section.model_fields}


def _problems(
    error: ValidationError, file: ConfigFile, flags: Mapping[str, Any], environment: bool
) -> list[Problem]:
    """Turn pydantic's report into one problem per key (a union reports every branch)."""
    found: dict[str, Problem] = {}
    for detail in error.errors():
        key = str(detail["loc"][0]) if detail["loc"] else ""
        if key in found:
            continue
        variable = environment_variable(key) if environment else None
        origin = f"--{key.replace('_', '-')}" if key in flags else variable or ""
        name = key if origin else file.names.get(key, key)
        given = flags.get(key, os.environ.get(variable or "", file.values.get(key)))
        found[key] = Problem(
            "is not allowed" if given is not None else "needs a value",
            line=None if origin else file.lines.get(key),
            key=name if not is_secret(key) else key,
            value=given,
            allowed=why(detail, allowed_values(key)),
            origin=origin,
        )
    return list(found.values())


def _unreadable_variables(message: str) -> list[Problem]:
    """Name the variable whose JSON pydantic-settings could not read; its own message names the field only."""
    key = next((key for section in SECTIONS for key in section.model_fields if f'"{key}"' in message), "")
    variable = environment_variable(key) or "the environment"
    value = os.environ.get(variable)
    allowed = f"{allowed_values(key)}, as JSON" if key else "JSON"
    return [Problem("is not allowed", key=key, value=value, allowed=allowed, origin=variable)]


def _keep_private(file: ConfigFile) -> None:
    """Take a file that holds secrets away from the eyes of others."""
    if not any(is_secret(key) and value for key, value in file.values.items()):
        return
    try:
        if file.path.stat().st_mode & 0o077:
            file.path.chmod(0o600)
            file.notes.append("the file holds secrets and could be read by others; its mode is 0600 now")
    except OSError:
        file.notes.append("the file holds secrets and can be read by others; make its mode 0600")
