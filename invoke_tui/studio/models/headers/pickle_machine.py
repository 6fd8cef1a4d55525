"""Runs the few pickle instructions that torch.save writes, on inert data only.

This is not Python's unpickler with a filter in front: that one would still honour every instruction, and a scanner
that reads instructions with other rules than the loader can be led past the dangerous one. Here an instruction torch
does not write is refused by name, so there is nothing to disagree about.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pickletools import opcodes
from typing import Final

from invoke_tui.studio.models.headers.header import TensorInfo, UnreadableError
from invoke_tui.studio.models.headers.pickle_input import PickleInput, Stream, malformed
from invoke_tui.studio.models.headers.pickle_values import (
    Function,
    Opaque,
    Storage,
    StorageType,
    as_key,
    is_count,
)
from invoke_tui.studio.models.headers.pickle_values import stand_in as stand_in_for
from invoke_tui.studio.models.headers.source import shown

_STEP_LIMIT = 3_000_000  # a model of eighty thousand tensors
_LIVE_LIMIT = 500_000  # entries on the stack, and in the memo
_TORCH_PROTOCOL = 2
_NAMES: Final = {code.code.encode("latin-1"): code.name for code in opcodes}


class Machine:
    """One pickle: ``run`` returns what it describes, and ``storages`` are the blocks of weights it points to."""

    def __init__(self, stream: Stream) -> None:
        self.storages: dict[str, Storage] = {}
        self._input = PickleInput(stream)
        self._stack: list[object] = []
        self._marked: list[list[object]] = []
        self._memo: dict[int, object] = {}
        self._protocol = 0

    def run(self) -> object:
        """Follow the instructions to the end; the refusals are ``UnreadableError``."""
        try:
            self._follow()
        except (IndexError, KeyError):
            raise malformed("an instruction lacks what it works on") from None
        except UnicodeDecodeError:
            raise malformed("it holds text that is not UTF-8") from None
        if self._protocol != _TORCH_PROTOCOL:
            raise UnreadableError(
                f"it has pickle protocol {self._protocol}, which torch's safe loader does not read"
            )
        if len(self._stack) != 1 or self._marked:
            raise malformed("it leaves more or less than one object")
        return self._stack[0]

    def _follow(self) -> None:
        steps = _STEPS
        for _ in range(_STEP_LIMIT):
            code = self._input.take(1)
            if code == b".":
                return
            step = steps.get(code)
            if step is None:
                raise UnreadableError(
                    f"its pickle uses the instruction {_NAMES.get(code, code.hex())}, which torch.save does not write"
                )
            step(self)
            if (
                len(self._stack) > _LIVE_LIMIT
                or len(self._memo) > _LIVE_LIMIT
                or len(self._marked) > _LIVE_LIMIT
            ):
                raise UnreadableError(f"its pickle keeps more than {_LIVE_LIMIT} objects at once")
        raise UnreadableError(f"its pickle has more than {_STEP_LIMIT} instructions")

    def _since_mark(self) -> list[object]:
        items = self._stack
        self._stack = self._marked.pop()
        return items

    def _list(self) -> list[object]:
        top = self._stack[-1]
        if not isinstance(top, list):
            raise malformed("it fills something that is no list")
        return top

    def _dict(self) -> dict[str, object]:
        top = self._stack[-1]
        if not isinstance(top, dict):
            raise malformed("it fills something that is no dictionary")
        return top

    # -- the instructions

    def _proto(self) -> None:
        self._protocol = self._input.take(1)[0]

    def _frame(self) -> None:
        self._input.take(8)

    def _mark(self) -> None:
        self._marked.append(self._stack)
        self._stack = []

    def _global(self) -> None:
        module, name = self._input.line(), self._input.line()
        self._stack.append(stand_in_for(module, name))

    def _stack_global(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise malformed("it names something by no word")
        self._stack.append(stand_in_for(module, name))

    def _inst(self) -> None:
        stand_in_for(self._input.line(), self._input.line())
        raise UnreadableError("its pickle uses the instruction INST, which torch.save does not write")

    def _reduce(self) -> None:
        arguments = self._stack.pop()
        called = self._stack.pop()
        if not isinstance(called, Function) or not isinstance(arguments, tuple):
            raise malformed("it calls something that is no function")
        self._stack.append(called.stand_in(arguments))

    def _build(self) -> None:
        # The state of an OrderedDict (torch keeps version numbers there) or of a numpy type: of no use, and harmless.
        self._stack.pop()
        if not isinstance(self._stack[-1], (dict, Opaque, TensorInfo)):
            raise malformed("it sets the state of something that has none")

    def _persistent(self) -> None:
        # ("storage", class, key, device, length), and in old files a sixth: the part of another storage this is
        reference = self._stack.pop()
        if not isinstance(reference, tuple) or len(reference) not in (5, 6) or reference[0] != "storage":
            raise malformed("it points to something that is no storage")
        kind, key, items = reference[1], reference[2], reference[4]
        if not isinstance(kind, StorageType) or not isinstance(key, str) or not is_count(items):
            raise malformed("it points to a storage without type, key or length")
        if len(reference) == 6 and reference[5] is not None:
            raise UnreadableError("its tensors share storages in a way that torch gave up long ago")
        storage = Storage(kind.dtype, key, items)
        if self.storages.setdefault(key, storage) != storage:
            raise malformed(f"it describes the storage {shown(key)} in two ways")
        self._stack.append(storage)

    def _append(self) -> None:
        item = self._stack.pop()
        self._list().append(item)

    def _appends(self) -> None:
        items = self._since_mark()
        self._list().extend(items)

    def _setitem(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._dict()[as_key(key)] = value

    def _setitems(self) -> None:
        items = self._since_mark()
        target = self._dict()
        if len(items) % 2:
            raise malformed("a dictionary has a key without a value")
        for at in range(0, len(items), 2):
            target[as_key(items[at])] = items[at + 1]

    def _tuple(self) -> None:
        items = tuple(self._since_mark())
        self._stack.append(items)

    def _tuple_of(self, count: int) -> None:
        if len(self._stack) < count:
            raise IndexError
        items = tuple(self._stack[-count:])
        del self._stack[-count:]
        self._stack.append(items)

    def _words(self, length: int) -> None:
        self._stack.append(self._input.take(length).decode("utf-8"))

    def _float(self) -> None:
        self._stack.append(struct.unpack(">d", self._input.take(8))[0])

    def _put(self, at: int) -> None:
        self._memo[at] = self._stack[-1]

    def _get(self, at: int) -> None:
        self._stack.append(self._memo[at])


_Step = Callable[[Machine], None]
_STEPS: Final[dict[bytes, _Step]] = {
    b"\x80": Machine._proto,
    b"(": Machine._mark,
    b"c": Machine._global,
    b"i": Machine._inst,
    b"R": Machine._reduce,
    b"\x81": Machine._reduce,  # NEWOBJ: a class called with its arguments is all it means here
    b"b": Machine._build,
    b"Q": Machine._persistent,
    b"a": Machine._append,
    b"e": Machine._appends,
    b"s": Machine._setitem,
    b"u": Machine._setitems,
    b"t": Machine._tuple,
    b"G": Machine._float,
    b"\x85": lambda m: m._tuple_of(1),
    b"\x86": lambda m: m._tuple_of(2),
    b"\x87": lambda m: m._tuple_of(3),
    b")": lambda m: m._stack.append(()),
    b"]": lambda m: m._stack.append([]),
    b"}": lambda m: m._stack.append({}),
    b"\x8f": lambda m: m._stack.append(Opaque()),
    b"N": lambda m: m._stack.append(None),
    b"\x88": lambda m: m._stack.append(True),
    b"\x89": lambda m: m._stack.append(False),
    b"K": lambda m: m._stack.append(m._input.number("<B")),
    b"M": lambda m: m._stack.append(m._input.number("<H")),
    b"J": lambda m: m._stack.append(m._input.number("<i")),
    b"\x8a": lambda m: m._stack.append(
        int.from_bytes(m._input.take(m._input.number("<B")), "little", signed=True)
    ),
    b"X": lambda m: m._words(m._input.number("<I")),
    b"U": lambda m: m._words(m._input.number("<B")),
    b"q": lambda m: m._put(m._input.number("<B")),
    b"r": lambda m: m._put(m._input.number("<I")),
    b"h": lambda m: m._get(m._input.number("<B")),
    b"j": lambda m: m._get(m._input.number("<I")),
    # Protocol 4 ends in a refusal, but these let the refusal tell the name of what a hostile file would have run.
    b"\x95": Machine._frame,
    b"\x8c": lambda m: m._words(m._input.number("<B")),
    b"\x94": lambda m: m._put(len(m._memo)),
    b"\x93": Machine._stack_global,
}
