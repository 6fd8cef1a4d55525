"""Starting, attaching, and what happens when the other side is not as it should be."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

import invoke_tui
from invoke_tui.client import StudioClient
from invoke_tui.domain.errors import ExitCode, StudioError, UnreachableError
from invoke_tui.domain.events import Snapshot
from invoke_tui.domain.running.queue import ItemStatus
from tests.studio.harness import PATIENCE, StudioHarness

FRONT_END = """
import asyncio, pathlib, sys
from invoke_tui.client import StudioClient
from invoke_tui.config.settings import load
from invoke_tui.domain.request.parameters import GenerationRequest

async def main():
    async with await StudioClient.connect(load(pathlib.Path(sys.argv[1])).paths) as client:
        request = GenerationRequest(positive_prompt="a ball", steps=30, count=2, seed=1)
        print((await client.enqueue(request)).item_ids, flush=True)
        async for event in client.events():
            if event.event == "progress" and event.step:
                print("running", flush=True)

asyncio.run(main())
"""


@pytest_asyncio.fixture
async def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StudioHarness]:
    harness = StudioHarness(tmp_path / "root", monkeypatch)
    yield harness
    await harness.end()


async def test_the_work_outlives_the_terminal(studio: StudioHarness) -> None:
    studio.set(FAKE_STEP_SECONDS="0.03")
    front_end = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FRONT_END, str(studio.root), stdout=subprocess.PIPE, start_new_session=True
    )
    assert front_end.stdout is not None
    assert await front_end.stdout.readline() == b"[1, 2]\n"
    assert await front_end.stdout.readline() == b"running\n"
    os.killpg(front_end.pid, signal.SIGHUP)
    assert await front_end.wait() == -signal.SIGHUP
    client = await StudioClient.connect(studio.paths, start=False)
    studio.client = client
    items = await studio.finished([1, 2])
    assert [(item.status, item.attempts) for item in items] == [(ItemStatus.COMPLETED, 1)] * 2


async def test_many_front_ends_starting_at_once_share_one_daemon(studio: StudioHarness) -> None:
    clients = await asyncio.gather(*(StudioClient.connect(studio.paths, timeout=PATIENCE) for _ in range(4)))
    assert {(await client.status()).pid for client in clients} == {studio.pid()}
    slow = clients[0].events()
    assert isinstance(await anext(slow), Snapshot)
    studio.client = clients[1]
    await studio.run("a ball", count=3)  # while the slow one does not read
    seen = [await anext(slow) for _ in range(6)]
    assert [event.sequence for event in seen] == sorted(event.sequence for event in seen)
    studio.kill()
    with pytest.raises(UnreachableError):
        while True:
            await anext(slow)
    with pytest.raises(UnreachableError):
        await clients[1].status()
    for client in clients:
        await client.close()


async def test_without_a_daemon_and_without_leave_to_start_one(studio: StudioHarness) -> None:
    with pytest.raises(UnreachableError) as gone:
        await StudioClient.connect(studio.paths, start=False)
    assert gone.value.exit_code is ExitCode.UNREACHABLE
    assert gone.value.hint
    assert not studio.paths.lock_file.exists()


async def test_a_daemon_that_cannot_start_says_why(studio: StudioHarness) -> None:
    studio.paths.database.parent.mkdir(parents=True, exist_ok=True)
    studio.paths.database.write_bytes(b"this is no database" * 1000)
    with pytest.raises(StudioError) as refused:
        await StudioClient.connect(studio.paths, timeout=PATIENCE)
    assert refused.value.code == "database_damaged"
    assert str(studio.paths.database) in refused.value.message


async def test_another_version_is_refused_but_can_be_stopped(
    studio: StudioHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.start()
    monkeypatch.setattr(invoke_tui, "__version__", "99.0")
    with pytest.raises(UnreachableError) as other:
        await StudioClient.connect(studio.paths)
    assert other.value.code == "version_mismatch"
    assert "99.0" in other.value.message
    async with await StudioClient.connect(studio.paths, start=False, check_version=False) as client:
        await client.shutdown()
    assert not studio.paths.socket.exists()


def test_importing_the_client_is_light() -> None:
    heavy = "('torch', 'httpx', 'websockets', 'PIL', 'sqlalchemy', 'fastapi')"
    code = f"import sys, invoke_tui.client; print([m for m in {heavy} if m in sys.modules])"
    unneeded = "; import httpx; print([m for m in ('click', 'pygments', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + unneeded], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]
