"""What is lost when something is killed or closed: nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from benchmarks.studio import PATIENCE, TemporaryStudio, program, until
from benchmarks.terminal import Terminal, maps
from invoke_tui.client import StudioClient
from invoke_tui.config.paths import locate
from invoke_tui.domain.events import Progress

STEPS = 40
CONTROL_G = "\x07"
QUEUE_SCREEN = "\x1b6"


def in_the_middle(studio: TemporaryStudio, item_id: int) -> int:
    """Wait until an item is being denoised; the process id of the worker."""

    async def third_step() -> int:
        async with await StudioClient.connect(locate(studio.root), start=False) as client:
            async for event in client.events():
                if isinstance(event, Progress) and event.item_id == item_id and event.step >= 3:
                    return (await client.status()).workers[0].pid
        raise AssertionError("the events ended")

    return asyncio.run(asyncio.wait_for(third_step(), PATIENCE))


def test_a_closed_terminal_takes_nothing_with_it(studio: TemporaryStudio) -> None:
    newest = max((item["item_id"] for item in studio.ask("queue")["items"]), default=0)

    def asked() -> list[int]:
        return [item["item_id"] for item in studio.ask("queue")["items"] if item["item_id"] > newest]

    prompt = "a yellow heart on black"
    with Terminal(program(), studio.environment) as terminal:
        terminal.wait_for("studio connected", PATIENCE)
        terminal.settle()
        terminal.send(prompt)
        terminal.wait_for(prompt)
        terminal.send(CONTROL_G)
        (item_id,) = until(asked, 60)
        in_the_middle(studio, item_id)
        assert not maps(terminal.pid, "libtorch")
        terminal.close()
        assert terminal.wait(60) is not None
    finished = studio.finished(item_id)
    assert (finished["status"], finished["attempts"]) == ("completed", 1)
    assert finished["request"]["positive_prompt"] == prompt
    assert not maps(studio.ask("status")["pid"], "libtorch")

    with Terminal(program(), studio.environment) as terminal:
        terminal.wait_for("studio connected", PATIENCE)
        terminal.wait_for(prompt)
        terminal.send(QUEUE_SCREEN)
        terminal.wait_until(lambda: prompt in terminal.text and "done" in terminal.text, 60)


def test_a_killed_worker_is_replaced_and_a_killed_daemon_leaves_the_queue_to_the_next(
    studio: TemporaryStudio,
) -> None:
    items = studio.enqueue("a blue ring", count=2, steps=STEPS)
    worker = in_the_middle(studio, items[0])
    os.kill(worker, signal.SIGKILL)
    until(lambda: studio.worker("starting", "idle", "busy")["pid"] not in (0, None, worker), 60)
    replaced = studio.ask("status")
    assert replaced["workers"][0]["restarts"] == 1
    os.kill(replaced["pid"], signal.SIGKILL)
    until(lambda: not Path(f"/proc/{replaced['workers'][0]['pid']}").exists(), 60)
    studio.call("studio", "start")
    finished = [studio.finished(item) for item in items]
    assert [item["status"] for item in finished] == ["completed"] * 2
    assert [item["attempts"] for item in finished] in ([2, 1], [3, 1])
    assert [len(item["images"]) for item in finished] == [1, 1]
