"""Moving the pictures' folder to another place.

Every file is copied (linked, where it is the same disk), then the setting is written, which is one rename, then the
old files are removed. Before that rename the old folder is the whole truth and a crash is rolled back; after it the new
one is, and the removal goes on at the next start. A file is only ever removed where the other folder has it whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Final

from invoke_tui.config.edit import set_key, sweep
from invoke_tui.config.paths import StudioPaths
from invoke_tui.config.settings import environment_variable
from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.gallery.keeping import MoveReport, Step
from invoke_tui.studio import faults
from invoke_tui.studio.database import Database, state
from invoke_tui.studio.gallery.files import DiskFullError, make_folder, sync_folder
from invoke_tui.studio.gallery.keeping.folder import is_part
from invoke_tui.studio.gallery.whole import to_its_end

_JOURNAL: Final = state.BEGUN + "move"
_SETTING: Final = "outputs_dir"
_AT_ONCE: Final = 64
_log = logging.getLogger(__name__)


class Journal(Record):
    """The two folders of pictures."""

    old: str
    new: str


async def move_folder(
    database: Database, paths: StudioPaths, outputs_dir: Path, committed: Callable[[], None]
) -> AsyncGenerator[Step | MoveReport]:
    """Bring every file to ``outputs_dir/images`` and write the setting; ``committed`` is called then. Nothing may be
    kept meanwhile, nor afterwards before the daemon is started again."""
    old, new = paths.images_dir, outputs_dir / "images"
    await asyncio.to_thread(_check, old, new)
    journal = Journal(old=str(old), new=str(new))
    try:
        await database.write(lambda c: state.put(c, _JOURNAL, journal.model_dump_json()))
        faults.pass_by("after-plan")
        yield Step(doing="looking through the folder")
        files = await asyncio.to_thread(lambda: list(_files(old)))
        await asyncio.to_thread(_check_room, files, old, new)
        for start in range(0, len(files), _AT_ONCE):
            yield Step(doing="copying files", done=start, total=len(files))
            await to_its_end(asyncio.to_thread(_copy, files[start : start + _AT_ONCE], old, new))
        faults.pass_by("after-copy")
        set_key(
            paths.config_file, _SETTING, str(outputs_dir)
        )  # here and not in a thread: nobody may cancel it
    except BaseException:
        with contextlib.suppress(OSError):
            await to_its_end(asyncio.to_thread(_remove, new, old))
        await to_its_end(database.write(lambda c: state.drop(c, _JOURNAL)))
        raise
    committed()
    await asyncio.to_thread(_remove, old, new)
    await database.write(lambda c: state.drop(c, _JOURNAL))
    yield MoveReport(files=len(files), outputs_dir=str(outputs_dir), settings_file=str(paths.config_file))


async def settle(database: Database, paths: StudioPaths) -> None:
    """After a crash: end what was moved and committed, roll back what was not."""
    text = await database.read(lambda c: state.get(c, _JOURNAL))
    if text is None:
        return
    journal = Journal.model_validate_json(text)
    await asyncio.to_thread(sweep, paths.config_file)
    old, new = Path(journal.old), Path(journal.new)
    moved = paths.images_dir == new
    await asyncio.to_thread(_remove, *((old, new) if moved else (new, old)))
    await database.write(lambda c: state.drop(c, _JOURNAL))
    what = "the old files were removed" if moved else "what was copied was removed"
    _log.info("a move of the pictures to %s was cut short; %s", new, what)


def _check(old: Path, new: Path) -> None:
    if (variable := environment_variable(_SETTING)) is not None:
        raise BadInputError(
            f"{variable} says where the pictures are, and would say so after the move.",
            hint=f"Unset it, write {_SETTING} into invokeai.yaml, and try again.",
            code="set_elsewhere",
        )
    here, there = old.resolve(), new.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise BadInputError(f"{new} and {old} are one within the other.", code="bad_folder")
    try:
        new.mkdir(parents=True, exist_ok=True)
        if any(new.iterdir()):
            raise BadInputError(f"{new} is not empty.", hint="Choose another folder.", code="not_empty")
    except OSError as error:
        raise BadInputError(f"{new} cannot be used: {error.strerror}.", code="bad_folder") from error
    if not os.access(new, os.W_OK | os.X_OK):
        raise BadInputError(f"{new} cannot be written.", code="bad_folder")


def _check_room(files: list[Path], old: Path, new: Path) -> None:
    if old.stat().st_dev == new.stat().st_dev:
        return
    needed, free = sum(path.stat().st_size for path in files), shutil.disk_usage(new).free
    if needed > free:
        raise DiskFullError(new, needed, free)


def _files(folder: Path) -> Iterator[Path]:
    for here, _, names in os.walk(folder):
        yield from (Path(here, name) for name in names if not is_part(name))


def _copy(files: list[Path], old: Path, new: Path) -> None:
    """Whole files, flushed to the disk."""
    for path in files:
        target = new / path.relative_to(old)
        make_folder(target.parent)
        try:
            os.link(path, target, follow_symlinks=False)
        except OSError:  # another disk, or one without links
            try:
                _copy_one(path, target)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StudioError(
                    f"{path} could not be copied: {error.strerror}.",
                    hint="The pictures are where they were.",
                    code="not_moved",
                ) from error
        faults.pass_by("during-move")
    for folder in {(new / path.relative_to(old)).parent for path in files}:
        sync_folder(folder)


def _copy_one(path: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    if path.is_symlink():
        target.symlink_to(os.readlink(path))
        return
    shutil.copy2(path, part)
    with open(part, "rb") as written:
        os.fsync(written.fileno())
    part.rename(target)


def _remove(folder: Path, other: Path) -> None:
    """Remove from ``folder`` what ``other`` has whole, what was half copied, and the folders that are empty then."""
    for here, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(here, name)
            if is_part(name) or _same(path, other / path.relative_to(folder)):
                path.unlink(missing_ok=True)
            faults.pass_by("during-leave")
        with contextlib.suppress(OSError):  # it holds something else
            os.rmdir(here)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.lstat().st_size == other.lstat().st_size
    except OSError:
        return False
