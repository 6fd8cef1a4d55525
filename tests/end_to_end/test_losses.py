"""What is lost when something is killed or closed: nothing."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from benchmarks.studio import TemporaryStudio, program, until
from benchmarks.terminal import Terminal, maps

LONG = ("--steps", "150", "--no-wait")
CONTROL_G = "\x07"


def in_the_middle(studio: TemporaryStudio, item_id: int) -> int:
    """Wait until a worker works on an item, and a moment longer; its process id."""

    def found() -> int | None:
        workers = studio.ask("status")["workers"]
        return next((w["pid"] for w in workers if w["item_id"] == item_id and w["state"] == "busy"), None)

    pid: int = until(found, 90, pause=0.02)
    time.sleep(0.5)
    return pid


@pytest.mark.timeout(240)
def test_a_killed_worker_is_replaced_and_the_picture_made(studio: TemporaryStudio) -> None:
    (item,) = studio.call("generate", "a green star on white", "--seed", "4", *LONG)["items"]
    worker = in_the_middle(studio, item["item_id"])
    os.kill(worker, signal.SIGKILL)
    finished = studio.finished(item["item_id"])
    assert (finished["status"], finished["attempts"]) == ("completed", 2)
    assert len(finished["images"]) == 1
    assert studio.worker("idle", "busy")["pid"] != worker


@pytest.mark.timeout(240)
def test_a_killed_daemon_leaves_the_queue_to_the_next(studio: TemporaryStudio) -> None:
    items = studio.call("generate", "a blue ring", "--count", "2", *LONG)["items"]
    worker = in_the_middle(studio, items[0]["item_id"])
    os.kill(studio.ask("status")["pid"], signal.SIGKILL)
    until(lambda: not Path(f"/proc/{worker}").exists(), 30)
    studio.call("studio", "start")
    finished = [studio.finished(item["item_id"]) for item in items]
    assert [item["status"] for item in finished] == ["completed"] * 2
    assert [len(item["images"]) for item in finished] == [1, 1]


@pytest.mark.timeout(240)
def test_a_closed_terminal_takes_nothing_with_it(studio: TemporaryStudio) -> None:
    studio.call("studio", "start")
    newest = max((item["item_id"] for item in studio.ask("queue")["items"]), default=0)
    prompt = "a yellow heart on black"
    with Terminal(program(), studio.environment) as terminal:
        terminal.wait_for("studio connected", 30)
        terminal.settle()
        terminal.send(prompt)
        terminal.wait_for(prompt)
        terminal.send(CONTROL_G)
        item_id = until(
            lambda: [i["item_id"] for i in studio.ask("queue")["items"] if i["item_id"] > newest], 20
        )[0]
        in_the_middle(studio, item_id)
        assert not maps(terminal.pid, "libtorch")
        terminal.close()
        assert terminal.wait(10) is not None
    finished = studio.finished(item_id)
    assert (finished["status"], finished["attempts"]) == ("completed", 1)
    assert finished["request"]["positive_prompt"] == prompt
    assert not maps(studio.ask("status")["pid"], "libtorch")

    with Terminal(program(), studio.environment) as terminal:
        terminal.wait_for("studio connected", 30)
        terminal.wait_for(prompt)
        terminal.send("\x1b6")
        terminal.wait_until(lambda: terminal.text.count(prompt) >= 1 and "completed" in terminal.text, 20)
