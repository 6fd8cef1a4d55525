"""Previews are small, and never hold anybody up."""

from __future__ import annotations

import io
import random
import socket
import time
from collections.abc import Iterator

import pytest
from PIL import Image

from invoke_tui.domain.protocol import REPORT, FrameReader, StepPreview
from invoke_tui.worker.link import BACKLOG_LIMIT, Link
from invoke_tui.worker.previews import PreviewSender, encode_preview


def noisy(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3))


def report(step: int) -> StepPreview:
    return StepPreview(item_id=1, attempt=1, step=step, total=99, width=512, height=512)


@pytest.mark.parametrize("size", [(8, 8), (64, 64), (80, 80), (128, 128), (96, 160), (512, 256), (1, 2000)])
def test_a_preview_is_small_whatever_it_shows(size: tuple[int, int]) -> None:
    encoded = encode_preview(noisy(*size))
    assert len(encoded) < 21_000
    assert max(Image.open(io.BytesIO(encoded)).size) == min(max(size), 128)


def test_colours_survive() -> None:
    encoded = encode_preview(Image.new("RGB", (128, 128), (200, 30, 90)))
    assert Image.open(io.BytesIO(encoded)).convert("RGB").getpixel((5, 5)) == (200, 30, 90)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def steps(sock: socket.socket) -> list[int]:
    sock.settimeout(0.3)
    reader, found = FrameReader(), []
    try:
        while data := sock.recv(1 << 16):
            found += [getattr(REPORT.validate_json(text), "step", -1) for text, _ in reader.feed(data)]
    except TimeoutError:
        pass
    return found


def test_only_the_latest_waits(pair: tuple[socket.socket, socket.socket]) -> None:
    sender = PreviewSender(Link(pair[1], lost=lambda: None))
    picture = noisy(128, 128)
    started = time.perf_counter()
    for step in range(200):
        sender.offer(report(step), picture)
    offered = time.perf_counter() - started
    shown = steps(pair[0])
    assert shown == sorted(shown)
    assert shown[-1] == 199
    assert len(shown) < 200
    assert offered < 0.5


def test_nothing_comes_after_drop(pair: tuple[socket.socket, socket.socket]) -> None:
    sender = PreviewSender(Link(pair[1], lost=lambda: None))
    for step in range(20):
        sender.offer(report(step), noisy(128, 128))
    sender.drop()
    before = steps(pair[0])
    assert steps(pair[0]) == []
    assert before == sorted(before)


def test_a_daemon_that_does_not_read_costs_previews_only(pair: tuple[socket.socket, socket.socket]) -> None:
    link = Link(pair[1], lost=lambda: None)
    blob = bytes(200_000)
    queued = [link.send_droppable(report(step), blob) for step in range(50)]
    assert queued.count(True) <= BACKLOG_LIMIT + 5
    link.send(report(99))
    found = steps(pair[0])
    assert found[-1] == 99
    assert found == sorted(found)
