"""Outputs of nodes that ran before with the same inputs.

An entry keeps the objects that its output names (latents, conditioning), so that what is found can also be used.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from invoke_tui.domain.graph.fields import DenoiseMaskField, EncodedPromptField, LatentsField, TensorField
from invoke_tui.nodes.base import Invocation, Output

Held = TypeVar("Held")


@dataclass(frozen=True)
class Entry(Generic[Held]):
    """An output and what it names."""

    output: Output
    held: Mapping[str, Held]


class InvocationCache(Generic[Held]):
    """The last ``size`` outputs, the least recently used going first. Size 0 keeps nothing."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.hits = 0
        self.misses = 0
        self._entries: OrderedDict[str, Entry[Held]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, invocation: Invocation) -> Entry[Held] | None:
        """The entry of a node that ran with the same inputs, unless it does not want one."""
        if not self._applies(invocation):
            return None
        key = cache_key(invocation)
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            return None
        self.hits += 1
        self._entries.move_to_end(key)
        return entry

    def keep(self, invocation: Invocation, output: Output, store: Mapping[str, Held]) -> None:
        """Remember an output with the objects of ``store`` that it names; not when one of them is missing."""
        if not self._applies(invocation):
            return
        names = list(named_objects(output))
        if any(name not in store for name in names):
            return
        key = cache_key(invocation)
        self._entries[key] = Entry(output.model_copy(deep=True), {name: store[name] for name in names})
        self._entries.move_to_end(key)
        while len(self._entries) > self.size:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def _applies(self, invocation: Invocation) -> bool:
        return self.size > 0 and invocation.use_cache and invocation.spec.cacheable


def cache_key(invocation: Invocation) -> str:
    """A hash of type, version and inputs; the same in every process."""
    inputs = invocation.model_dump(mode="json", exclude={"id", "use_cache"})
    text = json.dumps(
        [invocation.spec.type, invocation.spec.version, inputs], sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def named_objects(value: Any) -> Iterator[str]:
    """The names of all latents, masks and conditioning inside an output."""
    match value:
        case LatentsField():
            yield value.latents_name
        case EncodedPromptField():
            yield value.conditioning_name
        case TensorField():
            yield value.tensor_name
        case DenoiseMaskField():
            yield from filter(None, (value.mask_name, value.masked_latents_name))
        case BaseModel():
            for name in type(value).model_fields:
                yield from named_objects(getattr(value, name))
        case list() | tuple():
            for item in value:
                yield from named_objects(item)
        case dict():
            for item in value.values():
                yield from named_objects(item)
