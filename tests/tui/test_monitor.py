"""Where every byte is, what the machine does, and what can be done about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from invoke_tui.domain.events import LogLine, MemoryChanged, Progress, WorkerChanged
from invoke_tui.domain.running.device import CacheLimits
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.screens.monitor import MonitorScreen
from invoke_tui.tui.screens.monitor_budget import BudgetScreen
from invoke_tui.tui.widgets.memory_bars import MemoryBars
from invoke_tui.tui.widgets.memory_list import MemoryList
from invoke_tui.tui.widgets.monitor_engine import MonitorEngine
from invoke_tui.tui.widgets.monitor_log import MonitorLog, MonitorLogHead
from invoke_tui.tui.widgets.monitor_machine import MonitorMachine
from tests.tui.fake_client import FakeClient
from tests.tui.fake_memory import A_GPU, CUT, a_card, a_component
from tests.tui.harness import connected, make_app, settle, words

SIZE = (120, 40)


@pytest.fixture
def first_screen() -> str:
    return "monitor"


@pytest.fixture
def client() -> FakeClient:
    client = FakeClient(auto=False)
    client.worker = a_card()
    client.gpus = (A_GPU,)
    return client


async def opened(pilot: Pilot[Any], client: FakeClient) -> MonitorScreen:
    """The screen, after its first look at the machine."""
    await connected(pilot)
    await settle(pilot, lambda: client.looks)
    await pilot.pause(0.1)
    assert isinstance(pilot.app.screen, MonitorScreen)
    return pilot.app.screen


def lines(widget: Any) -> list[str]:
    return words(widget).splitlines()


async def test_the_bar_and_its_legend_tell_the_same(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot, client)
        heading, vram, vram_words, ram, ram_words = lines(screen.query_one(MemoryBars))
        assert "NVIDIA GeForce RTX 4060" in heading
        assert "working" in heading
        bar = vram.split()[1]
        width = len(bar)
        # 3.3 GiB of the unet, in use; 1.3 and 0.2 of the encoders, idle; then 1.1 of other use, 2.1 kept for the work
        assert bar.count("█") + 1 == pytest.approx(width * 3.31 / 8, abs=1)
        assert bar.count("▓") + 2 == pytest.approx(width * 1.53 / 8, abs=1)
        assert bar.count("░") == pytest.approx(width * 1.06 / 8, abs=1)
        assert bar.count("╱") == pytest.approx(width * 2.1 / 8, abs=1)
        assert [letter for letter in bar if letter.isalpha()] == ["A", "B", "C"]
        assert "5.9 of 8.0 GB" in vram
        assert "models 4.8 GB" in vram_words
        assert "for work 2.1 GB" in vram_words
        assert ram.split()[1].startswith("A"), "what streams lies in RAM"
        assert "engine 2.4 GB" in ram_words

        rows = screen.query_one(MemoryList)
        first = rows.render_line(0).text
        assert all(
            text in first for text in ("A█", "unet", "sdxl-base 1.0", "4.8 GB", "69 %", "412 layers", "now")
        )
        assert "B▓" in rows.render_line(1).text


async def test_components_enter_and_leave_without_moving_the_others(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        rows = (await opened(pilot, client)).query_one(MemoryList)
        await pilot.press("j", "j")
        assert rows.chosen is not None
        assert rows.chosen.use.part == "text_encoder"
        less = client.worker.memory.model_copy(update={"components": CUT[2:]})
        client.send(MemoryChanged(pid=77, memory=less))
        await settle(pilot, lambda: rows.row_count == 2)
        assert rows.chosen.use.part == "text_encoder", "the cursor stays on its component"
        assert rows.render_line(0).text.startswith(" C"), "letters stay with their components"
        more = less.model_copy(update={"components": (a_component("transformer", 3), *CUT[2:])})
        client.send(MemoryChanged(pid=77, memory=more))
        await settle(pilot, lambda: rows.row_count == 3)
        assert rows.render_line(0).text.startswith(" A"), "a letter that came free is given to who comes"


async def test_unload_clear_and_what_is_in_use(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, client)
        await pilot.press("u")
        await pilot.pause()
        assert not client.calls, "what is in use stays"
        await pilot.press("j", "u", "c")
        await settle(pilot, lambda: len(client.calls) == 2)
        assert client.calls == [("unload", "sdxl-base 1.0:text_encoder_2", "cuda:0"), ("clear_cache", "")]


async def test_limits_are_checked_and_sent(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, client)
        await pilot.press("b")
        assert isinstance(app.screen, BudgetScreen)
        await pilot.press("6", "tab", "0", "enter")
        await pilot.pause()
        assert isinstance(app.screen, BudgetScreen)
        assert app.focused is app.screen.query_one("#field-max_cache_ram_gb")
        assert "more than 0" in words(app.screen.query_one("#row-max_cache_ram_gb .field-error"))
        await pilot.press("backspace", "tab", "2", "enter")
        await settle(pilot, lambda: client.calls)
        assert client.calls == [("set_limits", CacheLimits(max_cache_vram_gb=6, device_working_mem_gb=2))]
        await settle(pilot, lambda: not isinstance(app.screen, BudgetScreen))
        await settle(pilot, lambda: app.state.history.limits is not None)
        await pilot.press("b")
        values = [field.value for field in app.screen.query("Input")]  # type: ignore[attr-defined]
        assert values == ["6", "", "2"], "the limits that hold now"
        await pilot.press("escape")
        assert len(client.calls) == 1


async def test_the_machine_is_looked_at_only_while_it_is_shown(
    tmp_path: Path, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoke_tui.tui.screens.monitor.LOOK", 0.05)
    app = make_app(tmp_path, client, screen="queue")
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        assert client.looks == 0
        await pilot.press("alt+7")
        await settle(pilot, lambda: client.looks > 3)
        await pilot.press("alt+6")
        await pilot.pause(0.1)
        seen = client.looks
        await pilot.pause(0.4)
        assert client.looks == seen
        client.send(MemoryChanged(pid=77, memory=client.worker.memory))
        await settle(pilot, lambda: app.state.history.columns("vram cuda:0", 10)[-1])
        await pilot.press("alt+7")
        await settle(pilot, lambda: client.looks > seen + 2)


async def test_what_is_not_there_has_no_line(app: InvokeTuiApp, client: FakeClient) -> None:
    client.pressure = None
    client.gpus = (A_GPU.model_copy(update={"power": None}),)
    async with app.run_test(size=SIZE) as pilot:
        side = (await opened(pilot, client)).query_one(MonitorMachine)
        labels = [line.split()[0] for line in lines(side) if line[:3].strip()]
        assert labels == ["The", "VRAM", "RAM", "CPU", "GPU", "Heat", "Models", "Outputs"]
        assert "3.0 GB free" in lines(side)[-1]


async def test_the_engine_tells_what_it_does_and_what_it_gave_up(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        engine = (await opened(pilot, client)).query_one(MonitorEngine)
        client.send(
            Progress(item_id=12, attempt=1, node_id="d", node_type="denoise_latents", message="Denoising",
                     step=7, total=30, rate=0.71, eta=32)
        )  # fmt: skip
        given_up = client.worker.memory.model_copy(update={"rungs": 2, "last_rung": "in tiles"})
        client.send(MemoryChanged(pid=77, memory=given_up))
        await settle(pilot, lambda: "7/30" in words(engine))
        text = words(engine)
        for said in (
            "item 12",
            "1.4 s/it",
            "32s left",
            "hits     12",
            "evicted  1",
            "2×, last: in tiles",
            "21.3 s",
        ):
            assert said in text, said


async def test_an_engine_that_left_holds_nothing(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, client)
        client.send(
            WorkerChanged(worker=client.worker.model_copy(update={"state": "dead"}), note="engine stopped")
        )
        await settle(pilot, lambda: "asleep" in words(screen.query_one(MemoryBars)))
        assert screen.query_one(MemoryList).row_count == 0
        assert "engine stopped" in screen.query_one(MonitorLog).render_line(0).text
        await pilot.press("u", "b", "escape", "c")


async def test_the_log_follows_unless_scrolled_or_paused(app: InvokeTuiApp, client: FakeClient) -> None:
    def say(number: int) -> None:
        client.send(
            LogLine(
                level="warning", source="worker cuda:0", message=f"line {number} " + "of many words " * 12
            )
        )

    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, client)
        log, head = screen.query_one(MonitorLog), screen.query_one(MonitorLogHead)
        for number in range(30):
            say(number)
        await settle(pilot, lambda: log.row_count == 60)
        assert log.is_vertical_scroll_end
        log.focus()
        await pilot.press("k", "k")
        shown = [log.render_line(y).text for y in range(log.size.height)]
        say(30)
        await settle(pilot, lambda: "1 new" in words(head))
        assert [log.render_line(y).text for y in range(log.size.height)] == shown, (
            "nothing moves while one reads"
        )
        await pilot.press("G")
        await settle(pilot, lambda: log.row_count == 62)
        await pilot.press("p")
        say(31)
        await settle(pilot, lambda: "paused" in words(head) and "1 new" in words(head))
        await pilot.press("p")
        await settle(pilot, lambda: log.row_count == 64 and "new" not in words(head))
        assert "line 31" in "".join(log.render_line(y).text for y in range(log.size.height))


async def test_at_80_by_24_there_are_three_tabs(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, client)
        seen = [MemoryList, MonitorMachine, MonitorLog]
        for number in (0, 1, 2, 0):
            for other, kind in enumerate(seen):
                widget = screen.query_one(kind)
                assert bool(widget.region.size) == (other == number)
                assert widget.region.bottom <= 22
            await pilot.press("f6")
            await pilot.pause()


async def test_figures_that_grow_move_nothing(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, client)
        bars = screen.query_one(MemoryBars)
        before, places = lines(bars)[1], [widget.region for widget in screen.query("*")]
        full = client.worker.memory.model_copy(
            update={"vram_used": 0, "ram_used": 2**20, "streamed_bytes": 10**15}
        )
        client.send(MemoryChanged(pid=77, memory=full))
        await settle(pilot, lambda: lines(bars)[1] != before)
        assert lines(bars)[1].index("A") == before.index("A")
        assert lines(bars)[1].index("of") == before.index("of")
        assert [widget.region for widget in screen.query("*")] == places


async def test_without_colour_every_part_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    client = FakeClient(auto=False)
    client.worker = a_card()
    app = make_app(tmp_path, client, screen="monitor")
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot, client)
        assert len(set(lines(screen.query_one(MemoryBars))[1].split()[1])) == 7, (
            "A B C, used, idle, other, kept"
        )
