"""The child that reads one pickle and writes one safetensors file: ``python -m … SOURCE TARGET BYTES``.

It prints one line that says why, when it refuses.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from invoke_tui.domain.garbage import without_collection
from invoke_tui.engine.loading.pickles import REFUSED

GIB: Final = 2**30
LIBRARIES: Final = 12 * GIB
"""Address space that torch takes by itself; most of it is never used."""
NEW_USER_AND_NETWORK: Final = 0x10000000 | 0x40000000
WORDS: Final = (
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    "lightning.pytorch.callbacks.model_checkpoint.ModelCheckpoint",
)
"""Classes that old trainers left in their files as the names of settings; they become words and are never called."""
NUMBERS: Final = (
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "_codecs.encode",
)
"""What makes the numbers of numpy's that trainers leave beside the weights; nobody needs them."""
STATES: Final = ("state_dict", "params_ema", "params", "model")
DEPTH: Final = 8


class Word:
    """What stands for such a class, and for whatever is made with it."""

    def __setstate__(self, state: Any) -> None:
        """Nothing is kept."""


def nothing(*_: Any) -> Word:
    """What is called in place of such a function."""
    return Word()


def main(source: str, target: str, size: int) -> int:
    """Convert; the exit code."""
    confine(size)
    with without_collection():
        import torch

    allowed: list[Any] = [(Word, name) for name in WORDS] + [(nothing, name) for name in NUMBERS]
    torch.serialization.add_safe_globals(allowed)  # torch's own list lacks them
    try:
        content = torch.load(source, map_location="cpu", weights_only=True)
    except MemoryError:
        return refuse("it asks for more memory than its size explains")
    except Exception as error:  # whatever a hostile file makes of the unpickler, it is a refusal
        return refuse(reason_of(error))
    tensors = dict(tensors_in(state_of(content)))
    if not tensors:
        return refuse("it holds no weights")
    from safetensors.torch import save_file

    # tensors that share memory, or are views, are written one by one
    plain = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
    save_file(plain, target, metadata={"format": "pt"})
    return 0


def confine(size: int) -> None:
    """Limit memory, time and files, and leave the network, as far as the system lets a process do that."""
    limits = (
        (resource.RLIMIT_AS, LIBRARIES + 4 * size),
        (resource.RLIMIT_CPU, 900),
        (resource.RLIMIT_FSIZE, 4 * size + 64 * 2**20),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, limit in limits:
        try:
            resource.setrlimit(kind, (limit, limit))
        except (OSError, ValueError):
            continue
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).unshare(NEW_USER_AND_NETWORK)


def state_of(content: Any) -> Any:
    """The dictionary with the weights, where a trainer put it among other things."""
    while isinstance(content, Mapping):
        inner = next((content[name] for name in STATES if isinstance(content.get(name), Mapping)), None)
        if inner is None:
            return content
        content = inner
    return content


def tensors_in(content: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every tensor with its dotted name."""
    import torch

    if isinstance(content, torch.Tensor):
        yield name or "weight", content
    elif isinstance(content, Mapping) and depth < DEPTH:
        for key, value in content.items():
            if isinstance(key, str | int):
                yield from tensors_in(value, f"{name}.{key}" if name else str(key), depth + 1)


def reason_of(error: Exception) -> str:
    """One line of what happened; torch wraps it into advice to switch the protection off."""
    text = str(error.__context__ or error)
    found = re.search(r"(?i)unsupported global:?(?: GLOBAL)? (\S+)", text)
    if found:
        return f"it would run {found[1]}"
    return (text.strip() or type(error).__name__).splitlines()[0][:200].rstrip(".")


def refuse(why: str) -> int:
    """Say why and with which code."""
    print(why)
    return REFUSED


if __name__ == "__main__":
    code = main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    sys.stdout.flush()
    os._exit(code)
