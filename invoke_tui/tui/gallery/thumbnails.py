"""The thumbnails of a grid: fetched and decoded beside the keyboard, sent as fast as the terminal reads them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.tui.gallery.wishes import Wishes
from invoke_tui.tui.pictures import kitty, tmux
from invoke_tui.tui.pictures.fit import DEFAULT_CELL, Cells
from invoke_tui.tui.pictures.frames import Frame, Picture, make
from invoke_tui.tui.pictures.pace import Quality

if TYPE_CHECKING:
    from rich.segment import Segment

    from invoke_tui.domain.gallery.images import Thumbnail
    from invoke_tui.tui.base import StudioApp

AT_ONCE: Final = 8
"""Thumbnails that are fetched with one question."""
GATHER: Final = 0.01
"""Seconds in which those gather that are painted together: each time, whole lines are painted."""
DECODERS: Final = 2
"""Thumbnails that are decoded side by side."""
LEAST_KEPT: Final = 60
SCREENS_KEPT: Final = 5
"""Screens of thumbnails that are kept; with true pictures they lie in the terminal, and here is next to nothing."""
BATCH: Final = {
    Quality.FULL: 96_000,
    Quality.FEW_COLOURS: 32_000,
    Quality.SMALL: 12_000,
    Quality.FINAL_ONLY: 6_000,
}
"""Bytes that are sent before the terminal is asked whether it has read them."""
SHARE: Final = {Quality.FULL: 1.0, Quality.FEW_COLOURS: 0.75, Quality.SMALL: 0.5, Quality.FINAL_ONLY: 0.4}
"""How much of its pixels a true picture is given where the line is slow."""


PROBLEMS: Final = {"missing": "file missing", "unreadable": "unreadable"}


@dataclass(frozen=True, slots=True)
class Tile:
    """A thumbnail, or why there is none."""

    frame: Frame | None = None
    """Without its strips: each of them brings seven caches, and here nobody asks for any."""
    lines: Sequence[Sequence[Segment]] = ()
    problem: str = ""

    @classmethod
    def of(cls, frame: Frame) -> Tile:
        """A thumbnail that is ready."""
        return cls(replace(frame, strips=[]), [tuple(strip) for strip in frame.strips])

    def sent(self) -> Tile:
        """The same, when the terminal has what it needs before the lines are painted."""
        return self if self.frame is None else replace(self, frame=replace(self.frame, before=[]))


class Thumbnails:
    """Holds what is seen and what is next to it. ``arrived`` is told the names whose tiles can be painted."""

    def __init__(self, studio: StudioApp, arrived: Callable[[Sequence[str]], None]) -> None:
        self._studio = studio
        self._arrived = arrived
        self._tiles: OrderedDict[str, Tile] = OrderedDict()
        self._ready: dict[str, Tile] = {}
        self._is_ready = asyncio.Event()
        self._wishes: Wishes[str] = Wishes(self._fetch, at_once=AT_ONCE)
        self._fetched: asyncio.Queue[Thumbnail] = asyncio.Queue(AT_ONCE)
        self._coming: set[str] = set()
        """Fetched, but not ready yet."""
        self._keep = LEAST_KEPT
        self.room = Cells(1, 1)

    def get(self, name: str) -> Tile | None:
        """A tile that can be painted."""
        return self._tiles.get(name)

    @property
    def held(self) -> int:
        """Thumbnails that are here, painted or not."""
        return len(self._tiles) + len(self._ready)

    def want(self, seen: Sequence[str], beyond: Sequence[str]) -> None:
        """These pictures are seen, and those are next."""
        self._keep = max(LEAST_KEPT, SCREENS_KEPT * len(seen))
        for name in (*reversed(beyond), *seen):
            if name in self._tiles:
                self._tiles.move_to_end(name)
        here = self._tiles.keys() | self._ready.keys() | self._coming
        self._wishes.want([name for name in dict.fromkeys((*seen, *beyond)) if name not in here])

    def resize(self, room: Cells) -> None:
        """Tiles have this much room now; with another one all are made anew."""
        if room != self.room:
            self.room = room
            self.clear()

    def clear(self) -> None:
        """Give everything back."""
        for tile in (*self._tiles.values(), *self._ready.values()):
            self._free(tile)
        self._tiles.clear()
        self._ready.clear()

    def forget(self, names: Sequence[str]) -> None:
        """These may look different now."""
        for name in names:
            if (tile := self._tiles.pop(name, None)) is not None:
                self._free(tile)

    def forget_problems(self) -> None:
        """What could not be had may be there again."""
        self._tiles = OrderedDict((name, tile) for name, tile in self._tiles.items() if not tile.problem)

    async def run(self) -> None:
        """Work for ever."""
        await asyncio.gather(self._wishes.run(), *(self._decode() for _ in range(DECODERS)), self._send())

    # -- one thumbnail --------------------------------------------------------------------------------------------

    async def _fetch(self, *names: str) -> None:
        try:
            client = await self._studio.link.client()
            async for thumbnail in client.thumbnails(names):
                self._coming.add(thumbnail.image_name)
                await self._fetched.put(thumbnail)
        except StudioError:
            return  # the studio is away, which is told elsewhere; what is seen is wished for again when it is back

    async def _decode(self) -> None:
        while True:
            thumbnail = await self._fetched.get()
            tile, room = Tile(), None
            while room != self.room:  # another may be wanted meanwhile
                room = self.room
                tile = await asyncio.to_thread(self._tile, thumbnail, room)
            self._coming.discard(thumbnail.image_name)
            self._ready[thumbnail.image_name] = tile
            self._is_ready.set()

    def _tile(self, thumbnail: Thumbnail, room: Cells) -> Tile:
        """In a thread."""
        if thumbnail.problem:
            return Tile(problem=PROBLEMS[thumbnail.problem])
        try:
            return Tile.of(self._make(thumbnail.data, room))
        except BadInputError:
            return Tile(problem=PROBLEMS["unreadable"])

    def _make(self, data: bytes, room: Cells) -> Frame:
        studio, quality = self._studio, self._studio.pacer.quality
        cell_width, cell_height = studio.graphics.cell_size or DEFAULT_CELL
        pixels = max(room.columns * cell_width, room.rows * cell_height)
        return make(Picture(data, 0, 0), room, studio.graphics, quality, side=round(pixels * SHARE[quality]))

    async def _send(self) -> None:
        """Let tiles out in small heaps, the next when the terminal has read the last."""
        pacer = self._studio.pacer
        while True:
            await self._is_ready.wait()
            await pacer.ready()
            cost, sent = 0, []
            while self._ready and cost < BATCH[pacer.quality]:
                name = next(iter(self._ready))
                tile = self._ready.pop(name)
                sent.append(name)
                if tile.frame is not None:
                    cost += tile.frame.cost
                    for sequence in tile.frame.before:
                        self._studio.write_terminal(sequence)
                self._tiles[name] = tile.sent()
            if not self._ready:
                self._is_ready.clear()
            if sent:
                self._arrived(sent)
                self._studio.call_after_refresh(pacer.sent, cost)
                self._drop_old()
            await asyncio.sleep(GATHER)

    def _drop_old(self) -> None:
        while len(self._tiles) > self._keep:
            _, tile = self._tiles.popitem(last=False)
            self._free(tile)

    def _free(self, tile: Tile) -> None:
        """Give the terminal its memory back."""
        if tile.frame is not None and tile.frame.image_id is not None:
            sequence = kitty.free(tile.frame.image_id)
            self._studio.write_terminal(tmux.wrap(sequence) if self._studio.graphics.tmux else sequence)
