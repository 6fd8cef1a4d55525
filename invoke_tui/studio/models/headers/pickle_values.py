"""What a torch pickle may name, and the inert things those names stand for.

A pickle is a program: it names functions and has them called. Nothing here imports, looks up or calls what a file
names. Each allowed name has a stand-in written below, which returns plain data; every other name is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from invoke_tui.studio.models.headers.header import TensorInfo, UnreadableError
from invoke_tui.studio.models.headers.pickle_input import malformed
from invoke_tui.studio.models.headers.source import shown

_DIMENSIONS = 64  # torch's limit

ITEM_BYTES: Final = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32", "C32"), 4),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 8),
    "C128": 16,
}

_STORAGES: Final = {
    "FloatStorage": "F32",
    "DoubleStorage": "F64",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
    "ComplexFloatStorage": "C64",
    "ComplexDoubleStorage": "C128",
}
_DTYPES: Final = {
    "float32": "F32",
    "float64": "F64",
    "float16": "F16",
    "bfloat16": "BF16",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "float8_e8m0fnu": "F8_E8M0",
    "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "bool": "BOOL",
    **{f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"U{bits}" for bits in (8, 16, 32, 64)},
    **{f"complex{bits}": f"C{bits}" for bits in (32, 64, 128)},
}


class Opaque:
    """A value that is allowed in the file and says nothing about its tensors."""


@dataclass(frozen=True, slots=True)
class StorageType:
    """The class of a storage, which carries its type; an untyped storage counts bytes."""

    dtype: str


@dataclass(frozen=True, slots=True)
class DType:
    """One of torch's types, under safetensors' name."""

    name: str


@dataclass(frozen=True, slots=True)
class Storage:
    """A block of weights elsewhere in the file, known by its key."""

    dtype: str
    key: str
    items: int

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.items * ITEM_BYTES[self.dtype]


@dataclass(frozen=True, slots=True)
class Function:
    """A name that may be called, and what stands in for it."""

    stand_in: Callable[[tuple[object, ...]], object]


def is_count(value: object) -> bool:
    """Whether a value from the pickle is a size torch could have written."""
    return type(value) is int and 0 <= value < 2**63


def _sizes(value: object) -> tuple[int, ...]:
    if not isinstance(value, tuple) or len(value) > _DIMENSIONS or not all(is_count(size) for size in value):
        raise malformed("a tensor's shape or stride is not a list of sizes")
    return cast("tuple[int, ...]", value)


def _tensor(arguments: tuple[object, ...], dtype: str | None = None) -> TensorInfo:
    if len(arguments) < 4:
        raise malformed("a tensor lacks its shape or stride")
    storage, offset, shape, stride = arguments[0], arguments[1], _sizes(arguments[2]), _sizes(arguments[3])
    if not isinstance(storage, Storage):
        raise malformed("a tensor has no storage")
    if not is_count(offset) or len(shape) != len(stride):
        raise malformed("a tensor's offset, shape and stride do not fit together")
    dtype = dtype or storage.dtype
    held = storage.size // ITEM_BYTES[dtype]
    count = math.prod(shape)
    last = cast("int", offset) + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    # the count too: a stride of zero makes a terabyte out of one number
    if count and (last >= held or count > held):
        raise UnreadableError(
            f"a tensor of shape {shown(list(shape))} reaches beyond its storage of {held} numbers"
        )
    return TensorInfo(shape, dtype)


def _tensor_v3(arguments: tuple[object, ...]) -> TensorInfo:
    dtype = arguments[6] if len(arguments) > 6 else None
    if not isinstance(dtype, DType):
        raise malformed("a tensor lacks its type")
    return _tensor(arguments, dtype.name)


def _parameter(arguments: tuple[object, ...]) -> object:
    if not arguments or not isinstance(arguments[0], TensorInfo):
        raise malformed("a parameter holds no tensor")
    return arguments[0]


def _ordered_dict(arguments: tuple[object, ...]) -> dict[str, object]:
    pairs = arguments[0] if arguments else []
    if not isinstance(pairs, (list, tuple)):
        raise malformed("a dictionary is made of something else than pairs")
    made: dict[str, object] = {}
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise malformed("a dictionary is made of something else than pairs")
        made[as_key(pair[0])] = pair[1]
    return made


def _size(arguments: tuple[object, ...]) -> tuple[int, ...]:
    return _sizes(tuple(cast("list[object]", arguments[0]))) if _is_sequence(arguments) else ()


def _is_sequence(arguments: tuple[object, ...]) -> bool:
    return bool(arguments) and isinstance(arguments[0], (list, tuple))


def _opaque(_arguments: tuple[object, ...]) -> Opaque:
    return Opaque()


def as_key(value: object) -> str:
    """A dictionary key as text. Only words and numbers: hashing a tuple of shared tuples can take for ever."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (int, float)):
        return str(value)
    raise UnreadableError("a dictionary in its pickle has a key that is neither a word nor a number")


_ALLOWED: Final[Mapping[tuple[str, str], object]] = {
    **{("torch", name): StorageType(dtype) for name, dtype in _STORAGES.items()},
    **{("torch.cuda", name): StorageType(dtype) for name, dtype in _STORAGES.items()},
    **{("torch", name): DType(dtype) for name, dtype in _DTYPES.items()},
    ("torch.storage", "UntypedStorage"): StorageType("U8"),
    ("torch", "Size"): Function(_size),
    ("torch", "device"): Function(_opaque),
    ("torch._utils", "_rebuild_tensor"): Function(_tensor),
    ("torch._utils", "_rebuild_tensor_v2"): Function(_tensor),
    ("torch._utils", "_rebuild_tensor_v3"): Function(_tensor_v3),
    ("torch._utils", "_rebuild_parameter"): Function(_parameter),
    ("torch.nn.parameter", "Parameter"): Function(_parameter),
    ("collections", "OrderedDict"): Function(_ordered_dict),
    # what training tools leave beside the weights: numbers of numpy's, and sets
    ("numpy.core.multiarray", "scalar"): Function(_opaque),
    ("numpy._core.multiarray", "scalar"): Function(_opaque),
    ("numpy", "dtype"): Function(_opaque),
    ("_codecs", "encode"): Function(_opaque),
    ("__builtin__", "set"): Function(_opaque),
    ("builtins", "set"): Function(_opaque),
    # the first Stable Diffusion checkpoints have it as a dictionary's key: a word will do, and cannot be called
    ("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint"): "ModelCheckpoint",
}


def stand_in(module: str, name: str) -> object:
    """The inert object for a name in a pickle, or the refusal that tells the name."""
    found = _ALLOWED.get((module, name))
    if found is None:
        raise UnreadableError(f"it would run {shown(f'{module}.{name}')} when loaded")
    return found
