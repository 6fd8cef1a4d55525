"""Where one studio keeps its things. Standard library only: the first paint waits for this module."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import BadInputError

APP: Final = "invoke-tui"
CONFIG_NAME: Final = "invokeai.yaml"
SOCKET_NAME: Final = "studio.sock"
LONGEST_SOCKET: Final = 100
"""Bytes. The kernel's limit is 108 on Linux and 104 on macOS, with the closing zero."""


@dataclass(frozen=True)
class StudioPaths:
    """Every place of one studio. ``root`` is None when the folders of the desktop standard (XDG) are used."""

    root: Path | None
    config_file: Path
    data_dir: Path
    database: Path
    images_dir: Path
    thumbnails_dir: Path
    models_dir: Path
    state_dir: Path
    logs_dir: Path
    runtime_dir: Path
    socket: Path
    lock_file: Path

    @property
    def session_file(self) -> Path:
        """What the last session left: prompt, settings, screen, selection."""
        return self.state_dir / "session.json"

    def prepare(self) -> None:
        """Make the folders. Those of the socket, the state and the log are for this user alone."""
        try:
            for folder in (self.database.parent, self.images_dir, self.thumbnails_dir, self.models_dir):
                folder.mkdir(parents=True, exist_ok=True)
            for folder in (self.state_dir, self.logs_dir, self.runtime_dir):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadInputError(
                f"cannot make the folder {error.filename}: {error.strerror}",
                hint="Choose another folder with --root, or make this one writable.",
                code="folder_not_writable",
            ) from error
        private_folder(self.socket.parent)


def locate(root: Path | None = None, environment: Mapping[str, str] | None = None) -> StudioPaths:
    """Find the places: under ``root``, ``$INVOKE_TUI_ROOT`` or ``$INVOKEAI_ROOT``, else the XDG folders."""
    env = os.environ if environment is None else environment
    chosen = root or _folder(env, "INVOKE_TUI_ROOT") or _folder(env, "INVOKEAI_ROOT")
    return _under_root(_absolute(chosen), env) if chosen else _xdg(env)


def with_folders(paths: StudioPaths, *, db_dir: Path, outputs_dir: Path, models_dir: Path) -> StudioPaths:
    """Apply the folders named in the configuration; relative ones start at the data folder."""
    images = _inside(paths.data_dir, outputs_dir) / "images"
    return replace(
        paths,
        database=_inside(paths.data_dir, db_dir) / "invoke-tui.db",
        images_dir=images,
        thumbnails_dir=images / "thumbnails",
        models_dir=_inside(paths.data_dir, models_dir),
    )


def private_folder(folder: Path) -> None:
    """Make ``folder`` for this user alone, and refuse one that somebody else could have prepared."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise BadInputError(
            f"cannot make the folder {folder}: {error.strerror}", code="folder_not_writable"
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise BadInputError(
            f"{folder} is not a folder of this user",
            hint="Remove it, or choose another place with --root.",
            code="folder_not_private",
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)


def _xdg(env: Mapping[str, str]) -> StudioPaths:
    home = Path(env.get("HOME") or Path.home())
    config = (_xdg_folder(env, "XDG_CONFIG_HOME") or home / ".config") / APP
    data = (_xdg_folder(env, "XDG_DATA_HOME") or home / ".local" / "share") / APP
    state = (_xdg_folder(env, "XDG_STATE_HOME") or home / ".local" / "state") / APP
    runtime = _runtime_base(env)
    return _compose(None, config / CONFIG_NAME, data, state, runtime / APP if runtime else state / "run", env)


def _under_root(root: Path, env: Mapping[str, str]) -> StudioPaths:
    return _compose(root, root / CONFIG_NAME, root, root / "state", root / "run", env)


def _compose(
    root: Path | None, config_file: Path, data: Path, state: Path, runtime: Path, env: Mapping[str, str]
) -> StudioPaths:
    images = data / "outputs" / "images"
    return StudioPaths(
        root=root,
        config_file=config_file,
        data_dir=data,
        database=data / "databases" / "invoke-tui.db",
        images_dir=images,
        thumbnails_dir=images / "thumbnails",
        models_dir=data / "models",
        state_dir=state,
        logs_dir=state / "logs",
        runtime_dir=runtime,
        socket=_short_enough(runtime / SOCKET_NAME, env),
        lock_file=state / "studio.lock",
    )


def _short_enough(socket: Path, env: Mapping[str, str]) -> Path:
    """Return ``socket``, or a short stand-in for it when its path does not fit into a socket address."""
    if len(os.fsencode(socket)) <= LONGEST_SOCKET:
        return socket
    name = hashlib.sha256(os.fsencode(socket)).hexdigest()[:16] + ".sock"
    runtime = _runtime_base(env)
    if runtime and len(os.fsencode(runtime / APP / name)) <= LONGEST_SOCKET:
        return runtime / APP / name
    return _temporary() / f"{APP}-{os.getuid()}" / name


def _temporary() -> Path:
    """Return the shortest temporary folder. Not ``$TMPDIR`` first: two shells must agree on the place."""
    common = Path("/tmp")
    return common if os.access(common, os.W_OK) else Path(tempfile.gettempdir())


def _runtime_base(env: Mapping[str, str]) -> Path | None:
    """Return the user's runtime folder. Shells of cron or ``su`` lack the variable, not always the folder."""
    named = _xdg_folder(env, "XDG_RUNTIME_DIR")
    for folder in (named, Path(f"/run/user/{os.getuid()}")):
        if folder and folder.is_dir() and folder.stat().st_uid == os.getuid():
            return folder
    return None


def _xdg_folder(env: Mapping[str, str], name: str) -> Path | None:
    """Read a folder of the desktop standard, which says that relative ones are to be ignored."""
    folder = Path(env.get(name) or "")
    return folder if folder.is_absolute() else None


def _folder(env: Mapping[str, str], name: str) -> Path | None:
    value = env.get(name, "").strip()
    return Path(value) if value else None


def _absolute(folder: Path) -> Path:
    return Path(os.path.abspath(folder.expanduser()))


def _inside(base: Path, folder: Path) -> Path:
    return _absolute(base / folder.expanduser())
