"""How memory is cut: which bytes are whose, and how many cells each part gets in a bar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from invoke_tui.domain.running.device import ComponentUse, MemoryUse

COLOURS: Final = ("$primary", "$accent", "$secondary", "$prompt-mark", "$success", "$prompt-hot")
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
IN_USE, IDLE, ENGINE, OTHER, KEPT, FREE = "█", "▓", "▒", "░", "╱", "·"


@dataclass(frozen=True, slots=True)
class Mark:
    """How a component is told apart: by its letter, and by a colour where there are any."""

    letter: str
    colour: str


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a bar."""

    what: str
    """``models``, ``engine``, ``other``, ``kept`` or ``free``."""
    count: int
    """Bytes."""
    fill: str
    colour: str
    letter: str = ""


class Marks:
    """Gives each component a mark and lets it keep it for as long as it is there."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def keep(self, keys: Iterable[str]) -> None:
        """Exactly these are there now."""
        there = list(keys)
        self._taken = {key: number for key, number in self._taken.items() if key in set(there)}
        for key in there:
            if key not in self._taken:
                used = set(self._taken.values())
                self._taken[key] = next(n for n in range(len(used) + 1) if n not in used)

    def __getitem__(self, key: str) -> Mark:
        number = self._taken.get(key, 0)
        return Mark(LETTERS[number % len(LETTERS)], COLOURS[number % len(COLOURS)])

    def order(self, key: str) -> int:
        """Where it stands in lists and bars: they do not move when others come and go."""
        return self._taken.get(key, 0)


def vram_parts(memory: MemoryUse, marks: Marks, prefix: str = "") -> list[Part]:
    """The device's memory: components, whatever else is in use, what is kept free for the work, and the rest."""
    parts = _components(memory, marks, prefix, lambda part: part.resident_bytes)
    models = sum(part.count for part in parts)
    other = max(0, memory.vram_used - models)
    unused = max(0, memory.vram_total - models - other)
    kept = min(memory.reserved, unused)
    return [
        *parts,
        Part("other", other, OTHER, "$text-muted"),
        Part("kept", kept, KEPT, "$text-warning"),
        Part("free", unused - kept, FREE, "$text-disabled"),
    ]


def ram_parts(workers: Sequence[tuple[MemoryUse, str]], used: int, total: int, marks: Marks) -> list[Part]:
    """The machine's memory; ``workers`` with the prefix of their components' keys.

    Of a component on a device with memory of its own, what is streamed lies here for certain; whether there is a copy
    of the rest is the engine's business and counts as the engine's.
    """
    parts: list[Part] = []
    process = 0
    for memory, prefix in workers:
        process += memory.process_rss
        parts += _components(memory, marks, prefix, lambda part: part.total_bytes - part.resident_bytes)
    models = sum(part.count for part in parts)
    engine = max(0, process - models)
    other = max(0, used - models - engine)
    return [
        *parts,
        Part("engine", engine, ENGINE, "$foreground"),
        Part("other", other, OTHER, "$text-muted"),
        Part("free", max(0, total - models - engine - other), FREE, "$text-disabled"),
    ]


def _components(
    memory: MemoryUse, marks: Marks, prefix: str, count: Callable[[ComponentUse], int]
) -> list[Part]:
    there = sorted(memory.components, key=lambda part: marks.order(prefix + part.key))
    found: list[Part] = []
    for part in there:
        mark = marks[prefix + part.key]
        if (size := count(part)) > 0:
            found.append(Part("models", size, IN_USE if part.locked else IDLE, mark.colour, mark.letter))
    return found


def cells(counts: Sequence[int], width: int) -> list[int]:
    """Share ``width`` cells out by size. What is there has a cell, as long as there are enough of them."""
    total = sum(counts)
    if not total or width < 1:
        return [0] * len(counts)
    exact = [count * width / total for count in counts]
    given = [max(int(share), 1 if count else 0) for share, count in zip(exact, counts, strict=True)]
    while sum(given) > width:
        most = max(
            range(len(given)), key=lambda i: (given[i] - exact[i] if given[i] > 1 else -width, given[i])
        )
        given[most] -= 1
    while sum(given) < width:
        least = max(range(len(given)), key=lambda i: exact[i] - given[i])
        given[least] += 1
    return given


def size(count: int) -> str:
    """Bytes in the units memory is sold in: ``4.8 GB``, ``236 MB``."""
    if count < 2**30:
        return f"{count / 2**20:.0f} MB"
    return f"{count / 2**30:.1f} GB" if count < 100 * 2**30 else f"{count / 2**30:.0f} GB"


def total_of(parts: Iterable[Part], what: str) -> int:
    """Bytes of all parts of a kind."""
    return sum(part.count for part in parts if part.what == what)
