"""Tensors straight from files: several threads read side by side, into pinned memory where there is a GPU.

A file that is mapped into memory and copied to a GPU is read by one thread, page fault by page fault; reading it in
big pieces is several times as fast, and pinned memory goes to the device without another copy.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from invoke_tui.engine.loading.faults import damaged, missing

THREADS: Final = 4
PIECE: Final = 64 * 2**20
DTYPES: Final = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


class Weights(Protocol):
    """The tensors of one component or of a whole file."""

    path: Path
    shapes: Mapping[str, tuple[int, ...]]
    """Shapes as the model computes with them, by name in the file."""

    def read(self, names: Iterable[str]) -> dict[str, Tensor]:
        """Those tensors, on the CPU, in the number types of the file."""


@dataclass(frozen=True)
class _Place:
    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    size: int


class SafetensorsFile:
    """One safetensors file."""

    def __init__(self, path: Path, *, pinned: bool = False) -> None:
        self.path = path
        self._pinned = pinned
        self._places = _places(path)
        self.shapes: Mapping[str, tuple[int, ...]] = {name: p.shape for name, p in self._places.items()}

    def read(self, names: Iterable[str]) -> dict[str, Tensor]:
        """Those tensors, read by several threads."""
        wanted = {name: self._places[name] for name in names}
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise damaged(self.path, error) from error
        try:
            blocks = {name: self._room(place.size) for name, place in wanted.items()}
            pieces = [
                (blocks[name][offset : offset + PIECE], place.start + offset)
                for name, place in wanted.items()
                for offset in range(0, place.size, PIECE)
            ]
            with ThreadPoolExecutor(THREADS, thread_name_prefix="weights") as pool:
                for _ in pool.map(lambda piece: _fill(file, *piece), pieces):
                    pass
        except OSError as error:
            raise damaged(self.path, error) from error
        finally:
            os.close(file)
        return {name: blocks[name].view(place.dtype).reshape(place.shape) for name, place in wanted.items()}

    def _room(self, size: int) -> Tensor:
        return torch.empty(size, dtype=torch.uint8, pin_memory=self._pinned and size > 0)


class Pieces:
    """The files of a model that is saved in pieces, as one."""

    def __init__(self, files: list[Weights]) -> None:
        self.path = files[0].path
        self._owner = {name: file for file in files for name in file.shapes}
        self.shapes: Mapping[str, tuple[int, ...]] = {
            name: shape for file in files for name, shape in file.shapes.items()
        }

    def read(self, names: Iterable[str]) -> dict[str, Tensor]:
        """Those tensors, from whichever file has them."""
        wanted = set(names)
        found: dict[str, Tensor] = {}
        for file in set(self._owner.values()):
            found |= file.read(name for name in file.shapes if name in wanted and self._owner[name] is file)
        return found


def _places(path: Path) -> dict[str, _Place]:
    """Where each tensor lies; the library has checked that none overlaps another or the end of the file."""
    try:
        with safe_open(path, framework="pt"):
            pass
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        return {
            name: _Place(
                DTYPES[entry["dtype"]],
                tuple(entry["shape"]),
                8 + length + entry["data_offsets"][0],
                entry["data_offsets"][1] - entry["data_offsets"][0],
            )
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except FileNotFoundError:
        raise missing(path) from None
    except KeyError as error:
        raise damaged(path, f"it holds numbers of the unknown type {error}") from error
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise damaged(path, error) from error


def _fill(file: int, block: Tensor, start: int) -> None:
    view = memoryview(block.numpy().data)
    while view:
        count = os.preadv(file, [view], start)
        if not count:
            raise OSError("it ends too early")
        view, start = view[count:], start + count
