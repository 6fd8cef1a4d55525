"""A second device in the machine's own memory, on torch's Python ``PrivateUse1`` backend.

Its tensors wrap CPU tensors, so it computes what the CPU computes. What makes it a device: its memory is counted per
storage and capped (``torch.OutOfMemoryError``), copies to and from it are counted, and an operation that mixes its
tensors with the CPU's fails, as on a GPU. torch calls that backend experimental: ``available()`` says whether this
torch has it.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import torch
from torch.utils._device import _device_constructors

from invoke_tui.domain.protocol import EngineSettings
from invoke_tui.engine.memory.backend import register_backend

NAME: Final = "fakegpu"
_library: list[Any] = []


class _Storage:
    """Stands for one storage on the device for as long as a tensor uses it, and then gives its bytes back."""

    __slots__ = ("__weakref__", "_meter", "_size")

    def __init__(self, meter: Meter, size: int) -> None:
        self._meter, self._size = meter, size

    def __del__(self) -> None:
        self._meter.live -= self._size


class Meter:
    """The device's memory and traffic, in bytes."""

    def __init__(self) -> None:
        self.live = 0
        self._storages: weakref.WeakValueDictionary[int, _Storage] = weakref.WeakValueDictionary()
        self.reset()

    def reset(self, cap: int = 2**40) -> None:
        """Set the cap and start counting anew; what lives stays counted."""
        self.cap = cap
        self.peak = self.live
        self.to_device = 0
        self.from_device = 0
        self._failures: list[int] = []
        self._operations = 0

    def fail(self, *operations: int) -> None:
        """Run out of memory at these operations from now on (0: the next), whatever the cap."""
        self._operations = 0
        self._failures = sorted(operations)

    def claim(self, inner: torch.Tensor) -> _Storage:
        """Count the storage of ``inner`` until nobody holds the answer. Raises ``torch.OutOfMemoryError``."""
        storage = inner.untyped_storage()
        known = self._storages.get(storage._cdata)
        if known is not None:
            return known
        size = storage.nbytes()
        if self.live + size > self.cap:
            raise torch.OutOfMemoryError(
                f"{NAME} out of memory: tried to allocate {size} bytes, {self.cap - self.live} free of {self.cap}."
            )
        made = self._storages[storage._cdata] = _Storage(self, size)
        self.live += size
        self.peak = max(self.peak, self.live)
        return made

    def tick(self) -> None:
        """One operation, and the failure a test ordered for it."""
        self._operations += 1
        if self._failures and self._operations > self._failures[0]:
            self._failures.pop(0)
            raise torch.OutOfMemoryError(f"{NAME} out of memory: as the test ordered.")


METER: Final = Meter()


class FakeTensor(torch.Tensor):
    """A tensor of the fake device; ``inner`` is the CPU tensor with its numbers."""

    inner: torch.Tensor
    storage_held: _Storage

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> FakeTensor:
        held = METER.claim(inner)
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=torch.device(NAME, 0),
        )
        made.inner, made.storage_held = inner, held
        return made

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def __repr__(self, **_options: Any) -> str:
        return f"FakeTensor({self.inner!r})"

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return _run(func, args, kwargs or {})


def _run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    METER.tick()
    target = kwargs.get("device")
    tensors = _tensors((args, tuple(kwargs.values())))
    name = func._schema.name
    if name == "aten::copy_":
        _count_copy(args[0], args[1])
    elif name == "aten::_to_copy" and target is not None and torch.device(target).type == "cpu":
        METER.from_device += _bytes(args[0])
        return func(args[0].inner, *args[1:], **kwargs)
    elif name != "aten::index.Tensor":
        strange = [x for x in tensors if not isinstance(x, FakeTensor) and x.ndim]
        if strange and len(strange) < len(tensors):
            raise RuntimeError(
                f"Expected all tensors to be on the same device, found cpu and {NAME}:0: {name}"
            )
    known = {id(x.inner): x for x in tensors if isinstance(x, FakeTensor)}
    return _outside(func(*_inside(args), **{key: _inside(value) for key, value in kwargs.items()}), known)


def _tensors(value: Any) -> list[torch.Tensor]:
    """Those in the arguments of an operation, which nests nothing but lists."""
    if isinstance(value, torch.Tensor):
        return [value]
    return [one for part in value for one in _tensors(part)] if isinstance(value, list | tuple) else []


def _inside(value: Any) -> Any:
    if isinstance(value, FakeTensor):
        return value.inner
    if isinstance(value, list | tuple):
        return type(value)(map(_inside, value))
    return torch.device("cpu") if isinstance(value, torch.device) else value


def _outside(value: Any, known: dict[int, FakeTensor]) -> Any:
    """What an operation answers: what went in stays the tensor it was."""
    if isinstance(value, list | tuple):
        return type(value)(_outside(one, known) for one in value)
    if not isinstance(value, torch.Tensor) or isinstance(value, FakeTensor):
        return value
    return known[id(value)] if id(value) in known else FakeTensor(value)


def _count_copy(target: torch.Tensor, source: torch.Tensor) -> None:
    if isinstance(target, FakeTensor) and not isinstance(source, FakeTensor):
        METER.to_device += _bytes(source)
    elif isinstance(source, FakeTensor) and not isinstance(target, FakeTensor):
        METER.from_device += _bytes(source)


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


class FakeBackend:
    """The device as the memory code sees it."""

    separate_memory = True
    pins_memory = False

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def free_bytes(self) -> int:
        return METER.cap - METER.live

    def total_bytes(self) -> int:
        return METER.cap

    def allocated_bytes(self) -> int:
        return METER.live

    def used_bytes(self) -> int:
        return METER.live

    def empty_cache(self) -> None: ...


@functools.cache
def available() -> bool:
    """Set the device up, once per process; false when this torch cannot."""
    try:
        from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

        _setup_privateuseone_for_python_backend(NAME)
        library = torch.library.Library("_", "IMPL")
        library.fallback(lambda func, *args, **kwargs: _run(func, args, kwargs), "PrivateUse1")
        _library.append(library)
        register_backend(NAME, FakeBackend)
        return torch.zeros(2, device=NAME).add(1).cpu().tolist() == [1.0, 1.0]
    except (ImportError, AttributeError, RuntimeError, TypeError, NotImplementedError):
        return False


@contextmanager
def making_tensors() -> Iterator[None]:
    """While inside, ``torch.tensor`` can make tensors on the device, too.

    torch makes a tensor out of numbers below the level at which a Python backend is asked. (Not for longer than a
    test: libraries compare functions with ``torch.tensor`` and go astray when it is another one. torch's own list of
    what makes tensors is made when it is first looked into: here, so that the right ones stand in it for ever.)
    """
    _device_constructors()
    before = torch.tensor, torch.as_tensor
    torch.tensor, torch.as_tensor = _by_way_of_cpu(torch.tensor), _by_way_of_cpu(torch.as_tensor)
    try:
        yield
    finally:
        torch.tensor, torch.as_tensor = before


def _by_way_of_cpu(make: Any) -> Any:

    @functools.wraps(make)
    def made(data: Any, *, device: Any = None, **options: Any) -> torch.Tensor:
        if device is None or torch.device(device).type != NAME:
            return make(data, device=device, **options)
        return make(data, **options).to(device)

    return made


def engine(settings: EngineSettings, log: Any) -> Any:
    """The real engine on the fake device."""
    from invoke_tui.engine.engine import Engine

    if not available():
        raise RuntimeError("This torch has no Python backend.")
    return Engine(settings.model_copy(update={"device": NAME}), log)


def worker_engine(settings: EngineSettings, log: Any) -> Any:
    """The same for a worker process, which has no other: ``tests.support.fake_device:worker_engine``."""
    _forever.enter_context(making_tensors())
    return engine(settings, log)


_forever = ExitStack()
