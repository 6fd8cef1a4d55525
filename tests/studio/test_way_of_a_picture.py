"""From a request to a picture, and what front ends see of it."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest
from websockets.asyncio.client import unix_connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from invoke_tui.client import StudioClient
from invoke_tui.domain.errors import BadInputError, ExitCode, NotFoundError, UnreachableError
from invoke_tui.domain.events import Event, ImageAdded, ItemChanged, Snapshot
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.running.queue import Batch, BatchDatum, ItemStatus
from tests.studio.forked_worker import FROM_NOTHING
from tests.studio.harness import StudioHarness, alive, collect, until


async def test_a_request_becomes_pictures_that_two_front_ends_see_in_order(studio: StudioHarness) -> None:
    client = await studio.start()
    other = await StudioClient.connect(studio.paths, start=False)

    def last(event: Event) -> bool:
        return isinstance(event, ItemChanged) and event.counts.completed == 2

    ready = asyncio.Event(), asyncio.Event()
    watching = [asyncio.create_task(collect(c, last, r)) for c, r in zip((client, other), ready, strict=True)]
    for event in ready:
        await event.wait()
    request = GenerationRequest(positive_prompt="a red ball", count=2, seed=2**32 - 1, steps=3)
    result = await client.enqueue(request)
    assert result.seeds == [2**32 - 1, 0]
    for seen in await asyncio.gather(*watching):
        assert isinstance(seen[0], Snapshot)
        numbers = [event.sequence for event in seen]
        assert numbers == sorted(set(numbers))
        first = result.item_ids[0]
        states = [e.item.status for e in seen if isinstance(e, ItemChanged) and e.item.item_id == first]
        assert states == [ItemStatus.PENDING, ItemStatus.IN_PROGRESS, ItemStatus.COMPLETED]
        kept = [e.image for e in seen if isinstance(e, ImageAdded)]
        assert [image.item_id for image in kept] == result.item_ids
    await other.close()

    items = await studio.finished(result.item_ids)
    assert [item.attempts for item in items] == [1, 1]
    assert all(item.started_at and item.finished_at and item.device for item in items)
    page = await client.images()
    assert page.total == 2
    assert [image.seed for image in page.images] == [0, 2**32 - 1]
    assert tuple(image.image_name for image in reversed(page.images)) == items[0].images + items[1].images
    first_page = await client.images(limit=1)
    second_page = await client.images(limit=1, at=first_page.next or 0)
    assert first_page.images + second_page.images == page.images
    assert second_page.next is None
    name = page.images[0].image_name
    assert await client.image_file(name) == Path(page.images[0].path).read_bytes()
    assert (await client.thumbnail(name))[8:12] == b"WEBP"
    Path(page.images[1].path).rename(studio.root / "away.png")
    several = [one async for one in client.thumbnails(["nobody.png", name, page.images[1].image_name])]
    assert [one.problem for one in several] == ["missing", "", "missing"]
    assert several[1].data == await client.thumbnail(name)
    (studio.root / "away.png").rename(page.images[1].path)
    assert page.images[0].width == 64, "the size comes from the model"
    assert len(studio.check_pictures()) == 2


async def test_the_daemon_is_alone_private_light_and_deaf_to_hangups(studio: StudioHarness) -> None:
    studio.set(**{FROM_NOTHING: "1"})
    client = await studio.start()
    status = await client.status()
    assert status.running
    assert status.pid is not None
    assert status.counts.total == 0
    assert stat.S_IMODE(studio.paths.socket.stat().st_mode) == 0o600
    assert os.getsid(status.pid) != os.getsid(0)

    command = [sys.executable, "-m", "invoke_tui.studio", "--root", str(studio.root)]
    second = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    assert (second.returncode, f"pid {status.pid}" in second.stderr) == (0, True)

    os.kill(status.pid, signal.SIGHUP)
    await studio.run("a ball")
    assert (await client.status()).pid == status.pid
    libraries = Path(f"/proc/{status.pid}/maps").read_text()
    assert "libtorch" not in libraries

    transport = httpx.AsyncHTTPTransport(uds=str(studio.paths.socket))
    async with httpx.AsyncClient(transport=transport, base_url="http://studio/api/v1/") as raw:
        refused = await raw.get("status", headers={"origin": "https://example.org"})
        assert refused.status_code == 403
        assert refused.json()["exit_code"] == ExitCode.BAD_INPUT
        assert (await raw.get("status")).headers["x-invoke-tui-version"] == status.version
        for name in (
            "..%2f..%2fdatabases%2finvoke-tui.db",
            "%2fetc%2fpasswd",
            "x" * 300 + ".png",
            "a%00.png",
        ):
            answer = await raw.get(f"images/{name}/file")
            assert answer.status_code in (400, 404)
            assert answer.json()["error"]["message"]
        wrong = await raw.post("queue/enqueue", json={"request": {"positive_prompt": "x", "steps": 0}})
        assert (wrong.status_code, wrong.json()["exit_code"]) == (400, ExitCode.BAD_INPUT)
        assert "steps" in wrong.json()["error"]["message"]

    with pytest.raises(InvalidStatus):
        await unix_connect(
            str(studio.paths.socket), "ws://studio/api/v1/events", origin=Origin("https://example.org")
        )
    reader, writer = await asyncio.open_unix_connection(str(studio.paths.socket))
    writer.write(b"POST /api/v1/queue/enqueue HTTP/1.1\r\nHost: s\r\nContent-Length: 99999999999\r\n\r\n")
    assert b" 413 " in await reader.readline()
    writer.close()

    worker = (await client.status()).workers[0].pid
    environment = psutil.Process(worker).environ()
    assert environment["MALLOC_MMAP_THRESHOLD_"] == "1048576"
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE"
    assert environment["HF_HUB_OFFLINE"] == "1"
    await client.shutdown()
    with pytest.raises(UnreachableError):
        await StudioClient.connect(studio.paths, start=False)

    async def gone() -> bool:
        return not alive(worker)

    await until(gone)
    assert not studio.paths.socket.exists()


async def test_what_cannot_be_done_is_said_before_anything_is_enqueued(studio: StudioHarness) -> None:
    studio.set(INVOKE_TUI_MAX_QUEUE_SIZE="5")
    client = await studio.start()
    await client.pause()
    with pytest.raises(NotFoundError) as missing:
        await client.enqueue(GenerationRequest(model="tini"))
    assert "tiny" in missing.value.hint
    await studio.ask("one", count=3)
    with pytest.raises(BadInputError) as full:
        await studio.ask("more", count=3)
    assert full.value.code == "queue_full"
    assert "2 more fit" in full.value.message
    for call in (client.item(99), client.image("none.png"), client.cancel([99]), client.move(99, "up")):
        with pytest.raises(NotFoundError):
            await call
    broken = Graph()
    broken.add("no_such_node", "a")
    with pytest.raises(BadInputError):
        await client.enqueue_batch(Batch(graph=broken))
    assert (await client.queue()).counts.total == 3


async def test_a_batch_of_a_graph_runs_once_per_session(studio: StudioHarness) -> None:
    studio.set(INVOKE_TUI_IMAGE_INFOTEXT="1")
    client = await studio.start()
    [made] = await studio.run("a ball")
    image = await client.image(made.images[0])
    from invoke_tui.studio.gallery.formats import facts_of

    texts = facts_of(Path(image.path)).texts
    assert texts["parameters"].startswith("a ball\n"), "A1111's text, as the setting says"
    graph = Graph.model_validate_json(texts["invokeai_graph"])
    seed_node = next(node.id for node in graph.nodes.values() if node.type == "integer")
    data = [[BatchDatum(node_path=seed_node, field_name="value", items=[5, 6])]]
    result = await client.enqueue_batch(Batch(graph=graph, data=data, origin="workflows"))
    items = await studio.finished(result.item_ids)
    assert [(item.status, item.origin) for item in items] == [(ItemStatus.COMPLETED, "workflows")] * 2
    assert len({name for item in items for name in item.images}) == 2
    assert (await client.images()).total == 3


async def test_an_idle_daemon_stops_itself(studio: StudioHarness) -> None:
    studio.set(INVOKE_TUI_IDLE_STOP_MINUTES="0.01")
    await studio.start()
    pid = studio.pid()

    async def gone() -> bool:
        return not alive(pid)

    await until(gone)
    assert not studio.paths.socket.exists()
