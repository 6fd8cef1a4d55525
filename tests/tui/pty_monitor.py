"""The Monitor on the terminal it is started in, over hostile names: ``python -m tests.tui.pty_monitor ROOT``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from invoke_tui.domain.events import LogLine, MemoryChanged, Progress
from invoke_tui.domain.running.device import ComponentUse
from invoke_tui.domain.running.machine import DiskUse, MachineUse, NodeTime
from tests.tui.fake_client import FakeClient
from tests.tui.fake_memory import A_GPU, a_card, a_component
from tests.tui.harness import make_app
from tests.tui.payloads import PAYLOADS

NAME = "x [/] \x1b]52;c;QQ==\x07"
TEXTS = tuple(text.encode("utf-8", "replace").decode()[:50_000] for text in (NAME, *PAYLOADS))


class Hostile(FakeClient):
    """Every payload as the name of a component, a device, a disk, a node, a rung and a line of the log."""

    def __init__(self) -> None:
        super().__init__(auto=False)
        parts = tuple(
            ComponentUse(key=text, model=text, part=text, total_bytes=2**28, resident_bytes=2**27)
            for text in TEXTS
        )
        self.worker = a_card((a_component("unet", 1), *parts), rungs=3, last_rung=NAME)
        choice = self.worker.choice
        assert choice is not None
        choice = choice.model_copy(update={"name": NAME, "device": NAME})
        self.worker = self.worker.model_copy(update={"device": NAME, "choice": choice})
        self.gpus = (A_GPU.model_copy(update={"name": NAME}),)

    async def machine(self) -> MachineUse:
        disks = tuple(DiskUse(label=text, path=text, free=1, total=2) for text in TEXTS[:4])
        asyncio.get_running_loop().call_later(0.2, self._say)
        return (await super().machine()).model_copy(update={"disks": disks})

    async def node_times(self) -> list[NodeTime]:
        return [NodeTime(node_type=text, runs=1, mean=1, last=1) for text in TEXTS]

    def _say(self) -> None:
        for text in TEXTS:
            self.send(LogLine(level="error", source=text[:300], message=text[:5000]))
        self.send(Progress(item_id=1, attempt=1, node_id="d", node_type=NAME, message=NAME))
        self.send(MemoryChanged(pid=self.worker.pid, memory=self.worker.memory))


if __name__ == "__main__":
    make_app(Path(sys.argv[1]), Hostile()).run()
