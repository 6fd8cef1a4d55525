"""LoRAs on a loaded component: written over the weights that stay on the device, added at each call to the others.

A weight that lies where it is used, in the precision it is used in, is changed once and put back afterwards from an
exact copy. A weight that is streamed, kept in eight bits or in GGUF blocks shows only while its layer is called, so
its sum is made then, and nothing of the model is ever rewritten. Both make the same sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor, nn

from invoke_tui.engine.adapters.lora.terms import Read, Sum
from invoke_tui.engine.loading.quantised import unpacked
from invoke_tui.engine.memory.layers import tensor_bytes
from invoke_tui.engine.memory.streaming import PlacedModule, placed_module

PLAIN: Final = (torch.float16, torch.bfloat16, torch.float32)
Place = tuple[nn.Module, str]
Layers = Mapping[str, nn.Module]
"""A component's modules by path: looked up once, as models search long for what they are asked by name."""


class LoRAOverlay:
    """The sums of all patches of a component, by the module and the name of the tensor they are for."""

    def __init__(self, root: nn.Module, layers: Layers, sums: Mapping[tuple[str, str], Sum]) -> None:
        self._placed: PlacedModule | None = placed_module(root)
        self._layers = layers
        self._sums = {(layers[path], name): value for (path, name), value in sums.items()}
        self._saved: dict[Place, Tensor] = {}
        self._shadowed: list[nn.Module] = []
        self._laid = False

    def __enter__(self) -> None:
        if self._placed is not None:
            self._placed.overlay = self
        try:
            self.lay()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_error: object) -> None:
        try:
            self.lift()
        finally:
            if self._placed is not None:
                self._placed.overlay = None
            for one in self._sums.values():
                one.forget()

    @torch.no_grad()
    def lay(self) -> None:
        """Write what can be written and shadow the calls of the other layers."""
        self._laid = True
        direct = [place for place in self._sums if self._stays(*place)]
        roomy = self._roomy(direct)
        at_call: dict[nn.Module, dict[str, Sum]] = {}
        for place, value in self._sums.items():
            owner, name = place
            if place not in direct:
                at_call.setdefault(owner, {})[name] = value
                continue
            weight = tensor(owner, name)
            changed = value.over(weight, partial(self._read, name), torch.float32)
            self._saved[place] = self._copy(place, weight, roomy=roomy)
            weight.copy_(changed)
            value.forget()
        for owner, values in at_call.items():
            self._shadow(owner, values)

    @torch.no_grad()
    def lift(self) -> None:
        """Put back every weight, bit for bit, and let the layers be called as before."""
        if not self._laid:
            return
        self._laid = False
        while self._shadowed:
            del self._shadowed.pop().forward
        for (owner, name), saved in self._saved.items():
            tensor(owner, name).copy_(saved)
        self._saved.clear()

    # -- one weight -----------------------------------------------------------------------------------------------

    def _stays(self, owner: nn.Module, name: str) -> bool:
        weight = tensor(owner, name)
        if type(weight) not in (Tensor, nn.Parameter) or weight.dtype not in PLAIN:
            return False
        return self._placed is None or self._placed.stays(owner, name)

    def _roomy(self, places: list[Place]) -> bool:
        """Whether the device has room to keep the weights as they were beside the changed ones."""
        if self._placed is None:
            return True
        return sum(tensor_bytes(tensor(*place)) for place in places) < self._placed.spare_bytes() // 3

    def _copy(self, place: Place, weight: Tensor, *, roomy: bool) -> Tensor:
        """The weight as it is: on the device where there is room, else the copy in RAM."""
        if roomy or self._placed is None:
            return weight.detach().clone()
        kept = self._placed.in_ram(*place)
        return kept if kept is not None else weight.detach().to("cpu")

    def _read(self, name: str, path: str) -> Tensor:
        """A weight without patches, in plain numbers."""
        owner = self._layers[path]
        if (saved := self._saved.get((owner, name))) is not None:
            return saved
        if self._placed is not None and (kept := self._placed.in_ram(owner, name)) is not None:
            return unpacked(kept, torch.float32)
        return unpacked(tensor(owner, name), torch.float32)

    def _shadow(self, owner: nn.Module, values: Mapping[str, Sum]) -> None:
        """Let ``owner`` be called with the sums in the place of its tensors; its class's ``forward`` stays as it is."""
        inner: Callable[..., Any] = getattr(owner, "forward_native", owner.forward)
        """Layers in GGUF blocks have that one for plain numbers."""

        def forward(*args: Any, **kwargs: Any) -> Any:
            before = {name: owner._parameters[name] for name in values}
            try:
                for name, value in values.items():
                    weight = before[name]
                    assert weight is not None
                    plain = unpacked(weight, _compute_dtype(owner, weight))
                    read = _reader(partial(self._read, name), value.path, plain)
                    changed = value.over(plain, read, plain.dtype)
                    owner._parameters[name] = nn.Parameter(changed, requires_grad=False)
                return inner(*args, **kwargs)
            finally:
                owner._parameters.update(before)

        owner.forward = forward
        self._shadowed.append(owner)


def tensor(owner: nn.Module, name: str) -> Tensor:
    """A module's own parameter."""
    found = owner._parameters[name]
    assert found is not None
    return found


def _compute_dtype(owner: nn.Module, weight: Tensor) -> torch.dtype:
    """The precision a layer computes in; layers in GGUF blocks say so themselves."""
    own = getattr(owner, "compute_dtype", None)
    return own if isinstance(own, torch.dtype) else weight.dtype


def _reader(others: Read, path: str, here: Tensor) -> Read:
    """Reads this layer's own weight where it is at hand, and those it is stacked with from wherever they lie."""
    return lambda wanted: here if wanted == path else others(wanted)
