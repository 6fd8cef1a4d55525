"""Reads torch's pickled files (.ckpt, .pt, .pth, .bin), the zip ones and the old ones, without running any of it."""

from __future__ import annotations

import io
from typing import BinaryIO

from invoke_tui.studio.models.headers import torch_zip
from invoke_tui.studio.models.headers.header import Header, TensorInfo, UnreadableError
from invoke_tui.studio.models.headers.pickle_machine import Machine
from invoke_tui.studio.models.headers.pickle_values import Storage
from invoke_tui.studio.models.headers.source import Source, shown

MAGICS = (torch_zip.MAGIC, b"\x80")
_OLD_MAGIC = 0x1950A86A20F9469CFC6C
_OLD_PROTOCOL = 1001
_COUNT_BYTES = 8
_STATE = "state_dict"
_DEPTH_LIMIT = 16
_NODE_LIMIT = 1_000_000
_NAME_LIMIT = 1024
_WORDS_LIMIT = 65_536


def read_from(source: Source) -> Header:
    """The tensors in a torch file that is open already."""
    content = _from_zip(source) if source.head.startswith(torch_zip.MAGIC) else _from_old(source)
    if not isinstance(content, dict):
        raise UnreadableError("it holds a single value, not a dictionary of tensors")
    metadata = {
        key: str(value)[:_WORDS_LIMIT]
        for key, value in content.items()
        if isinstance(value, (str, int, float))
    }
    state = content.get(_STATE)
    # Beside its state_dict a training checkpoint keeps an optimizer's: tensors, but none of the model's.
    return Header("pickle", _Flattened(state if isinstance(state, dict) else content).tensors, metadata)


def _from_zip(source: Source) -> object:
    text, weights = torch_zip.pickle_and_weights(source)
    stream = io.BytesIO(text)
    machine = Machine(stream)
    content = machine.run()
    if stream.read(1):
        raise UnreadableError("something follows the end of its pickle")
    for storage in machine.storages.values():
        if storage.size > weights.get(storage.key, -1):
            raise UnreadableError(
                f"the weights numbered {shown(storage.key)} are missing or too short in its archive"
            )
    return content


def _from_old(source: Source) -> object:
    """Before 2020 torch wrote five pickles in a row (a magic number, a version, the machine's ways, the content and
    the order of the weights), and then the weights."""
    file = source.file
    if Machine(file).run() != _OLD_MAGIC:
        raise UnreadableError("it is a pickle, but not one that torch.save wrote")
    if Machine(file).run() != _OLD_PROTOCOL:
        raise UnreadableError("it was written by an unknown version of torch.save")
    ways = Machine(file).run()
    if not isinstance(ways, dict) or ways.get("little_endian") is not True:
        raise UnreadableError("it was written on a big-endian computer")
    machine = Machine(file)
    content = machine.run()
    _check_old_weights(source, file, machine.storages, Machine(file).run())
    return content


def _check_old_weights(source: Source, file: BinaryIO, storages: dict[str, Storage], order: object) -> None:
    if not isinstance(order, list) or len(order) != len(storages):
        raise UnreadableError("its list of weights does not fit its tensors")
    pending = dict(storages)
    for key in order:
        storage = pending.pop(key, None) if isinstance(key, str) else None
        if storage is None:
            raise UnreadableError(f"its list of weights names {shown(key)}, which no tensor uses")
        items = int.from_bytes(source.take(_COUNT_BYTES, "its weights"), "little")
        if items != storage.items:
            raise UnreadableError(f"the weights numbered {shown(key)} have another length than their tensors")
        if file.tell() + storage.size > source.size:
            raise UnreadableError("the file is truncated: it ends inside its weights")
        file.seek(storage.size, 1)


class _Flattened:
    """Nested dictionaries as one, names joined by dots. What refers to itself, or to one thing from a million places,
    runs into the limits."""

    def __init__(self, content: dict[str, object]) -> None:
        self.tensors: dict[str, TensorInfo] = {}
        self._nodes = 0
        self._walk(content, "", 0)

    def _walk(self, content: dict[str, object], prefix: str, depth: int) -> None:
        if depth > _DEPTH_LIMIT:
            raise UnreadableError(f"its dictionaries are nested more than {_DEPTH_LIMIT} deep")
        self._nodes += len(content)
        if self._nodes > _NODE_LIMIT:
            raise UnreadableError(f"its dictionaries hold more than {_NODE_LIMIT} entries")
        for key, value in content.items():
            name = prefix + key
            if isinstance(value, TensorInfo):
                if len(name) > _NAME_LIMIT:
                    raise UnreadableError(f"the name of the tensor {shown(name)} is far too long")
                if name in self.tensors:
                    raise UnreadableError(f"it names the tensor {shown(name)} twice")
                self.tensors[name] = value
            elif isinstance(value, dict):
                self._walk(value, name[: _NAME_LIMIT + 1] + ".", depth + 1)
            elif isinstance(value, (list, tuple)):
                self._walk(
                    {str(at): item for at, item in enumerate(value)}, name[: _NAME_LIMIT + 1] + ".", depth + 1
                )
