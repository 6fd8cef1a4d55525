"""Monitor: where every byte is, what the machine does, what the engine says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.events import Event, ItemChanged, LogLine, MemoryChanged, Snapshot, WorkerChanged
from invoke_tui.domain.running.device import CacheLimits, WorkerStatus
from invoke_tui.tui import actions
from invoke_tui.tui.beside import alongside, beside
from invoke_tui.tui.screens.base import StudioScreen
from invoke_tui.tui.screens.monitor_budget import BudgetScreen
from invoke_tui.tui.widgets.memory_bars import MemoryBars
from invoke_tui.tui.widgets.memory_cut import Marks
from invoke_tui.tui.widgets.memory_list import MemoryHead, MemoryList
from invoke_tui.tui.widgets.monitor_engine import MonitorEngine
from invoke_tui.tui.widgets.monitor_log import MonitorLog, MonitorLogHead
from invoke_tui.tui.widgets.monitor_machine import MonitorMachine
from invoke_tui.tui.widgets.monitor_tabs import TABS, MonitorTabs

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient

LOOK: Final = 2.0
"""Seconds between two looks at the machine while the screen is shown."""
INTERVAL: Final = 0.25
"""Seconds between two paints at most."""
PANES: Final = tuple(f"-pane-{name.lower()}" for name in TABS)


class MonitorScreen(StudioScreen):
    """Memory at the left, machine and engine at the right, the log below; on a narrow terminal three tabs."""

    place: ClassVar[actions.Place] = "monitor"
    places: ClassVar[tuple[actions.Place, ...]] = ("monitor", "list", "log")
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("monitor")
    AUTO_FOCUS = "#memory-list"
    help_title = "Monitor"
    help_text = (
        "The bars are cut by component; their letters are those of the list. █ is in use now, ▓ waits in the cache, "
        "▒ is the engine without its models, ░ is other use (the work itself, other programs), ╱ is kept free for the "
        "work, · is free. What does not fit on the device streams through it: those bytes are in the RAM bar."
    )

    def __init__(self) -> None:
        super().__init__()
        self._marks = Marks()
        self._timer: Timer | None = None
        self._paint_due = False

    def body(self) -> ComposeResult:
        """Tabs, three panes."""
        rows = MemoryList()
        yield MonitorTabs()
        with Horizontal(id="monitor"):
            with Vertical(id="monitor-memory"):
                yield MemoryBars()
                yield MemoryHead(rows)
                yield rows
            with Vertical(id="monitor-side"):
                yield MonitorMachine()
                yield MonitorEngine()
        with Vertical(id="monitor-tail"):
            yield MonitorLogHead()
            yield MonitorLog()

    async def furnish(self) -> None:
        """Listen, look, paint."""
        self.add_class(PANES[0])
        self.studio.studio_events.subscribe(self, self._event)
        self.watch(self.query_one(MonitorLog), "scroll_y", self._scrolled, init=False)
        self._timer = self.set_interval(LOOK, self._look, pause=not self.is_current)
        self._show_again()

    # -- what is shown --------------------------------------------------------------------------------------------

    @property
    def engines(self) -> list[WorkerStatus]:
        """The engines that run, in a fixed order."""
        return sorted(self.studio.state.workers.values(), key=lambda worker: (worker.device, worker.pid))

    def _event(self, event: Event) -> None:
        if not self.is_current:
            return
        if isinstance(event, Snapshot):  # the line is there, maybe since just now
            self._look()
        if isinstance(event, ItemChanged | Snapshot):
            self._load_nodes()
        if isinstance(event, MemoryChanged | WorkerChanged | Snapshot | LogLine):
            self._paint()
        elif not self._paint_due:
            self._paint_due = True
            self.set_timer(INTERVAL, self._paint)

    def _paint(self) -> None:
        self._paint_due = False
        workers, state = self.engines, self.studio.state
        self._marks.keep(
            f"{worker.pid}:{part.key}" for worker in workers for part in worker.memory.components
        )
        self.query_one(MemoryBars).show(workers, state.history.machine, self._marks)
        self.query_one(MemoryList).show(workers, self._marks)
        self.query_one(MemoryHead).refresh()
        self.query_one(MonitorMachine).show(workers, state.history)
        self.query_one(MonitorEngine).show(state, workers)
        self._paint_log()

    def _paint_log(self) -> None:
        log = self.query_one(MonitorLog)
        log.show(self.studio.state.history)
        self.query_one(MonitorLogHead).say(log)

    def _scrolled(self) -> None:
        self.call_after_refresh(self._paint_log)

    def on_screen_resume(self) -> None:
        """The screen is shown: look at the machine again and again."""
        if self._timer is not None:
            self._show_again()

    def on_screen_suspend(self) -> None:
        """Something else is shown: nothing is measured for nobody."""
        if self._timer is not None:
            self._timer.pause()

    def _show_again(self) -> None:
        assert self._timer is not None
        if self.is_current:
            self._timer.resume()
            self._look()
            self._load_nodes()
        self._paint()

    def _look(self) -> None:
        beside(self, "machine", self._look_now)

    async def _look_now(self) -> None:
        if not self.studio.link.connected:
            return
        try:
            client = await self.studio.link.client()
            self.studio.state.history.look(await client.machine())
        except StudioError:
            return  # the bar above says that the studio is away; what was seen last stays
        self._paint()

    def _load_nodes(self) -> None:
        beside(self, "nodes", self._load_nodes_now)

    async def _load_nodes_now(self) -> None:
        if not self.studio.link.connected:
            return
        try:
            client = await self.studio.link.client()
            self.query_one(MonitorEngine).show_nodes(await client.node_times())
        except StudioError:
            return

    # -- panes ----------------------------------------------------------------------------------------------------

    @on(MonitorTabs.Chosen)
    def _tab(self, event: MonitorTabs.Chosen) -> None:
        self._show_pane(event.number)

    def _show_pane(self, number: int) -> None:
        self.query_one(MonitorTabs).shown = number
        for index, name in enumerate(PANES):
            self.set_class(index == number, name)
        if number != 1:
            self.query_one(MonitorLog if number == 2 else MemoryList).focus()
        self.call_after_refresh(self._paint)

    def action_pane(self) -> None:
        """The next tab where there are tabs; else between list and log."""
        if self.has_class("-narrow"):
            self._show_pane((self.query_one(MonitorTabs).shown + 1) % len(TABS))
        else:
            log = self.query_one(MonitorLog)
            (self.query_one(MemoryList) if log.has_focus else log).focus()

    # -- doing ----------------------------------------------------------------------------------------------------

    def _ask(self, ask: Callable[[StudioClient], Awaitable[int]], said: str) -> None:
        alongside(self, "memory-work", self._do, ask, said)

    async def _do(self, ask: Callable[[StudioClient], Awaitable[int]], said: str) -> None:
        try:
            client = await self.studio.link.client()
            told = await ask(client)
        except StudioError as error:
            self.studio.show_error(error, title="Memory")
            return
        self.notify(said if told else "No engine runs, so nothing is in memory.", timeout=3, markup=False)

    def action_unload(self) -> None:
        """Drop the component under the cursor."""
        held = self.query_one(MemoryList).chosen
        if held is None:
            self.notify("No component is chosen.", timeout=2, markup=False)
        elif held.use.locked:
            self.notify(
                f"{held.name} is in use now; try again when the picture is done.", timeout=3, markup=False
            )
        else:
            key, device = held.use.key, held.worker.device
            self._ask(lambda client: client.unload(key, device=device), f"{held.name} leaves the memory.")

    def action_clear(self) -> None:
        """Drop all that is not in use."""
        self._ask(lambda client: client.clear_cache(), "Everything that is not in use leaves the memory.")

    def action_budget(self) -> None:
        """Ask for other limits."""
        settings = self.studio.studio.settings
        limits = self.studio.state.history.limits or CacheLimits(
            max_cache_ram_gb=settings.max_cache_ram_gb,
            max_cache_vram_gb=settings.max_cache_vram_gb,
            device_working_mem_gb=settings.device_working_mem_gb,
        )
        worker = self.studio.state.worker
        self.app.push_screen(BudgetScreen(limits, worker.memory if worker else None), self._set_limits)

    def _set_limits(self, limits: CacheLimits | None) -> None:
        if limits is not None:
            alongside(self, "memory-work", self._set_limits_now, limits)

    async def _set_limits_now(self, limits: CacheLimits) -> None:
        try:
            client = await self.studio.link.client()
            await client.set_limits(limits)
        except StudioError as error:
            self.studio.show_error(error, title="Memory")
            return
        self.studio.state.history.limits = limits
        self.notify("The limits hold until the studio restarts.", timeout=3, markup=False)

    def action_pause_log(self) -> None:
        """Let the log stand still, or follow again."""
        log = self.query_one(MonitorLog)
        log.paused = not log.paused
        if not log.paused:
            log.action_edge(1)
        self._paint_log()
