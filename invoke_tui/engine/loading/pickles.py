"""Pickled checkpoints, turned into safetensors by a process that may do nothing else.

A pickle is a program. It is read with torch's ``weights_only`` unpickler, which calls nothing that is not on its short
list, in a child that has no network, little memory, one file to write and nobody's secrets in its environment. What it
leaves is a safetensors file; the pickle itself is never opened by the engine.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.engine.loading.faults import missing

CHILD: Final = "invoke_tui.engine.loading.unpickle"
SECONDS: Final = 900
REFUSED: Final = 3
"""Exit code of a child that would have had to run something."""
_ENVIRONMENT: Final = ("PATH", "LANG", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")


def converted(path: Path, cache: Path) -> Path:
    """The safetensors copy of a pickled checkpoint, made now if it is not there yet.

    Raises ``NotFoundError`` for a file that is gone and ``BadInputError`` for one that is refused or damaged.
    """
    try:
        status = path.stat()
    except OSError:
        raise missing(path) from None
    identity = f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
    target = (
        cache / f"{hashlib.sha256(identity.encode(errors='surrogateescape')).hexdigest()[:32]}.safetensors"
    )
    if target.is_file():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free < status.st_size * 1.1:
        raise StudioError(
            f"{path} is a pickle; its safe copy takes {status.st_size / 1e9:.1f} GB, {free / 1e9:.1f} GB are free.",
            hint=f"Make room on the disk of {cache}, or install the model's safetensors version.",
            code="disk_full",
        )
    with tempfile.TemporaryDirectory(dir=cache, prefix="making-") as folder:
        made = Path(folder) / "weights.safetensors"
        _run_child(path, made, status.st_size)
        os.replace(made, target)
    return target


def _run_child(path: Path, target: Path, size: int) -> None:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    environment |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", CHILD, str(path), str(target), str(size)],
            env=environment,
            cwd=target.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused(path, f"reading it took more than {SECONDS // 60} minutes") from None
    if done.returncode == 0 and target.is_file():
        return
    said = safe_text(done.stdout.decode(errors="replace").strip(), limit=300)
    if done.returncode == REFUSED:
        raise _refused(path, said)
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
    raise _refused(path, said or f"the process that read it ended with {how}")


def _refused(path: Path, why: str) -> BadInputError:
    return BadInputError(
        f"{path} is a pickle that is not read: {why or 'it holds no weights'}.",
        hint="Install the model's safetensors version.",
        code="unsafe_weights",
    )
