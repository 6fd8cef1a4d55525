"""The real process at the other end of a socket pair, with the torch-free engine."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import ModelType
from invoke_tui.domain.protocol import (
    CancelItem,
    EngineSettings,
    Heartbeat,
    ImageMade,
    ItemCanceled,
    ItemDone,
    ItemFailed,
    NodeProgress,
    Ready,
    Report,
    Shutdown,
    StepPreview,
    WorkerLog,
)
from invoke_tui.worker.priority import NICENESS
from invoke_tui.worker.process import EXIT_FATAL, EXIT_ORPHANED
from tests.support.requests import model_record, run_item
from tests.support.worker_process import WorkerProcess

ENDS = (ItemDone, ItemFailed, ItemCanceled)


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    with WorkerProcess() as process:
        process.until(Ready)
        yield process


@pytest.fixture
def slow_worker() -> Iterator[WorkerProcess]:
    with WorkerProcess(step_seconds=0.05) as process:
        process.until(Ready)
        yield process


mortal = worker
"""For tests that a shared worker would not survive."""


class SharesWorkers:
    """Starting a worker takes most of a second; what leaves it as it was is done to one."""

    @pytest.fixture(scope="class")
    def worker(self) -> Iterator[WorkerProcess]:
        with WorkerProcess() as process:
            process.until(Ready)
            yield process

    @pytest.fixture(scope="class")
    def slow_worker(self) -> Iterator[WorkerProcess]:
        with WorkerProcess(step_seconds=0.05) as process:
            process.until(Ready)
            yield process


def end_of(seen: list[tuple[Report, bytes]]) -> Report:
    return seen[-1][0]


def images(seen: list[tuple[Report, bytes]]) -> list[tuple[ImageMade, bytes]]:
    return [(report, blob) for report, blob in seen if isinstance(report, ImageMade)]


class TestLife:
    def test_it_beats_before_the_engine_is_imported(self) -> None:
        with WorkerProcess(start_seconds=2) as process:
            seen = [type(report) for report, _ in process.until(Ready)]
        beats = seen[: seen.index(Ready)].count(Heartbeat)
        assert beats >= 5

    def test_it_beats_while_it_works_and_says_at_what(self, slow_worker: WorkerProcess) -> None:
        slow_worker.send(run_item(7, steps=20))
        beats = [r for r, _ in slow_worker.until(*ENDS) if isinstance(r, Heartbeat)]
        assert {beat.item_id for beat in beats} >= {7}
        assert all(beat.memory.process_rss > 0 for beat in beats)

    def test_ready_tells_the_device_and_why(self) -> None:
        with WorkerProcess() as process:
            ready = end_of(process.until(Ready))
        assert isinstance(ready, Ready)
        assert ready.pid == process.process.pid
        assert ready.choice.device_reason

    @pytest.mark.skipif(sys.platform != "linux", reason="niceness is read from /proc")
    def test_on_a_cpu_it_leaves_the_keyboard_its_turn(self, worker: WorkerProcess) -> None:
        assert os.getpriority(os.PRIO_PROCESS, worker.process.pid) == NICENESS
        autogroup = Path(f"/proc/{worker.process.pid}/autogroup")
        if autogroup.exists() and os.getsid(worker.process.pid) == worker.process.pid:
            assert autogroup.read_text().split()[-1] == str(NICENESS)

    def test_shutdown_ends_it_with_zero(self, worker: WorkerProcess) -> None:
        worker.send(Shutdown())
        assert worker.process.wait(5) == 0

    def test_shutdown_stops_a_running_item(self, slow_worker: WorkerProcess) -> None:
        slow_worker.send(run_item(steps=400))
        slow_worker.until(NodeProgress)
        slow_worker.send(Shutdown())
        ends = [report for report, _ in slow_worker.reports() if isinstance(report, ENDS)]
        assert slow_worker.process.wait(2) == 0
        assert ends == []  # it was interrupted, not canceled: it will be run again

    def test_sigterm_ends_it_with_zero(self, slow_worker: WorkerProcess) -> None:
        slow_worker.send(run_item(steps=400))
        slow_worker.until(NodeProgress)
        slow_worker.process.send_signal(signal.SIGTERM)
        assert slow_worker.process.wait(2) == 0

    def test_ctrl_c_in_the_terminal_is_not_for_it(self, worker: WorkerProcess) -> None:
        worker.process.send_signal(signal.SIGINT)
        worker.send(run_item())
        assert isinstance(end_of(worker.until(*ENDS)), ItemDone)

    @pytest.mark.parametrize("prompt", ["a cat", "[[hang]]"])
    def test_it_does_not_outlive_the_daemon(self, slow_worker: WorkerProcess, prompt: str) -> None:
        slow_worker.send(run_item(steps=400 if prompt == "a cat" else 2, positive_prompt=prompt))
        slow_worker.until(NodeProgress)
        slow_worker.socket.close()
        assert slow_worker.process.wait(2) == EXIT_ORPHANED

    def test_an_engine_that_cannot_start_says_why(self) -> None:
        with WorkerProcess(engine="tests.support.fake_engine:NoSuchEngine") as process:
            seen = [report for report, _ in process.reports()]
            assert process.process.wait(5) not in (0, None)
        logs = [report for report in seen if isinstance(report, WorkerLog)]
        assert "NoSuchEngine" in logs[-1].message
        assert not any(isinstance(report, Ready) for report in seen)


class TestPictures(SharesWorkers):
    def test_a_picture_carries_metadata_and_graph(self, worker: WorkerProcess) -> None:
        item = run_item(positive_prompt="ein Käfer 🐞", negative_prompt="blurry", clip_skip=1)
        worker.send(item)
        seen = worker.until(*ENDS)
        assert isinstance(end_of(seen), ItemDone)
        [(made, png)] = images(seen)
        picture = Image.open(io.BytesIO(png))
        assert picture.size == (made.width, made.height) == (64, 64)
        metadata = json.loads(picture.info["invokeai_metadata"])
        assert metadata == made.metadata
        assert metadata["positive_prompt"] == "ein Käfer 🐞"
        assert metadata["seed"] == 42
        assert metadata["app_version"].startswith("invoke-tui ")
        assert Graph.model_validate_json(picture.info["invokeai_graph"]) == item.graph

    def test_the_text_chunks_are_plain_text_that_any_reader_knows(self, worker: WorkerProcess) -> None:
        worker.send(run_item(positive_prompt="ein Käfer 🐞"))
        [(_, png)] = images(worker.until(*ENDS))
        assert png.count(b"tEXtinvokeai_") == 2
        assert b"iTXt" not in png

    def test_the_same_work_done_twice_is_the_same_picture(self, worker: WorkerProcess) -> None:
        made = []
        for item_id in (1, 2):
            worker.send(run_item(item_id))
            made.append(images(worker.until(*ENDS))[0])
        assert made[0][0].image_name == made[1][0].image_name
        assert made[0][1] == made[1][1]

    def test_other_sessions_are_other_pictures(self, worker: WorkerProcess) -> None:
        names = set()
        for session in ("one", "two"):
            worker.send(run_item(session_id=session))
            names.add(images(worker.until(*ENDS))[0][0].image_name)
        assert len(names) == 2

    def test_steps_are_reported_and_previewed(self, slow_worker: WorkerProcess) -> None:
        slow_worker.send(run_item(steps=6, width=128))
        seen = slow_worker.until(*ENDS)
        steps = [r.step for r, _ in seen if isinstance(r, NodeProgress) and r.node_type == "denoise_latents"]
        assert steps == sorted(set(steps))
        assert (steps[0], steps[-1]) == (0, 6)
        previews = [(r, blob) for r, blob in seen if isinstance(r, StepPreview)]
        assert [r.step for r, _ in previews] == sorted({r.step for r, _ in previews})
        assert len(previews) >= 3
        assert all(Image.open(io.BytesIO(blob)).size == (16, 8) for _, blob in previews)
        assert all((r.width, r.height) == (128, 64) for r, _ in previews)

    def test_pictures_of_a_loop_have_names_of_their_own(self, worker: WorkerProcess) -> None:
        item = run_item()
        graph = item.graph.model_copy(deep=True)
        del graph.nodes["seed"]
        graph.edges = [edge for edge in graph.edges if edge.source.node_id != "seed"]
        graph.add("range", "seeds", start=1, stop=4)
        graph.add("iterate", "each")
        graph.connect("seeds", "collection", "each")
        graph.connect("each", "item", "noise", "seed")
        graph.connect("each", "item", "core_metadata", "seed")
        worker.send(run_item(graph=graph))
        made = images(worker.until(*ENDS))
        assert [image.metadata["seed"] for image, _ in made if image.metadata] == [1, 2, 3]
        assert len({image.image_name for image, _ in made}) == 3
        assert {image.node_id for image, _ in made} == {"l2i"}


class TestCancel(SharesWorkers):
    @pytest.mark.timeout(120)
    def test_it_stops_between_two_steps_and_makes_nothing(self, slow_worker: WorkerProcess) -> None:
        slow_worker.send(run_item(3, steps=100_000))  # would take hours
        slow_worker.until(StepPreview)
        slow_worker.send(CancelItem(item_id=3))
        seen = slow_worker.until(*ENDS)
        assert isinstance(end_of(seen), ItemCanceled)
        assert not images(seen)

    def test_nothing_of_the_item_comes_after_its_end(self, slow_worker: WorkerProcess) -> None:
        slow_worker.send(run_item(3, steps=400))
        slow_worker.until(StepPreview)
        slow_worker.send(CancelItem(item_id=3))
        slow_worker.until(ItemCanceled)
        slow_worker.send(run_item(4, steps=2))
        late = [r for r, _ in slow_worker.until(*ENDS) if getattr(r, "item_id", None) == 3]
        assert late == []

    def test_another_item_is_not_meant(self, worker: WorkerProcess) -> None:
        worker.send(CancelItem(item_id=99))
        worker.send(run_item(1))
        assert isinstance(end_of(worker.until(*ENDS)), ItemDone)

    def test_an_item_canceled_before_it_started_never_starts(self, slow_worker: WorkerProcess) -> None:
        slow_worker.send(run_item(1, steps=10))
        slow_worker.send(run_item(2))
        slow_worker.send(CancelItem(item_id=2))
        slow_worker.until(ItemDone)
        seen = slow_worker.until(*ENDS)
        assert end_of(seen) == ItemCanceled(item_id=2, attempt=1)
        assert not any(isinstance(report, NodeProgress) for report, _ in seen)


class TestFailure(SharesWorkers):
    def test_a_failing_item_leaves_the_worker_alive(self, worker: WorkerProcess) -> None:
        worker.send(run_item(1, positive_prompt="[[fail]]"))
        failed = end_of(worker.until(*ENDS))
        assert isinstance(failed, ItemFailed)
        assert failed.error_type == "RuntimeError"
        assert "denoise_latents" in failed.message
        assert "told to fail" in failed.message
        assert "fake_engine.py" in failed.traceback
        assert not failed.fatal
        worker.send(run_item(2))
        assert isinstance(end_of(worker.until(*ENDS)), ItemDone)

    def test_out_of_memory_says_what_to_do(self, worker: WorkerProcess) -> None:
        worker.send(run_item(positive_prompt="[[oom]]"))
        failed = end_of(worker.until(*ENDS))
        assert isinstance(failed, ItemFailed)
        assert failed.message == "Out of memory: 3.0 GiB needed, 1.0 GiB free."
        assert failed.hint
        assert not failed.fatal

    def test_a_broken_device_ends_the_process(self, mortal: WorkerProcess) -> None:
        mortal.send(run_item(positive_prompt="[[fatal]]"))
        failed = end_of(mortal.until(*ENDS))
        assert isinstance(failed, ItemFailed)
        assert failed.fatal
        assert mortal.process.wait(5) == EXIT_FATAL

    def test_an_abort_is_seen_as_a_hang_up(self, mortal: WorkerProcess) -> None:
        mortal.send(run_item(positive_prompt="[[abort]]"))
        seen = [report for report, _ in mortal.reports()]
        assert not any(isinstance(report, ENDS) for report in seen)
        assert mortal.process.wait(5) == -signal.SIGABRT

    def test_a_hanging_item_keeps_beating_and_can_be_killed(self, mortal: WorkerProcess) -> None:
        mortal.send(run_item(5, positive_prompt="[[hang]]", steps=2))
        while getattr(end_of(mortal.until(NodeProgress)), "node_type", "") != "denoise_latents":
            pass
        time.sleep(0.2)
        mortal.send(CancelItem(item_id=5))
        beats = 0
        for report, _ in mortal.reports():
            beats += isinstance(report, Heartbeat) and report.item_id == 5
            if beats == 3:
                break
        mortal.process.kill()
        assert mortal.process.wait(5) == -signal.SIGKILL

    def test_a_graph_that_cannot_run_names_node_and_field(self, worker: WorkerProcess) -> None:
        graph = Graph()
        graph.add("l2i", "picture")
        worker.send(run_item(graph=graph))
        failed = end_of(worker.until(*ENDS))
        assert isinstance(failed, ItemFailed)
        assert "picture.latents" in failed.message

    def test_a_message_with_control_characters_arrives_inert(self, worker: WorkerProcess) -> None:
        graph = Graph()
        graph.add("no\x1b[31msuch\x07type", "x")
        worker.send(run_item(graph=graph))
        failed = end_of(worker.until(*ENDS))
        assert isinstance(failed, ItemFailed)
        assert "\x1b" not in failed.message + failed.traceback

    def test_a_model_that_is_not_there_is_named(self, worker: WorkerProcess) -> None:
        worker.send(run_item().model_copy(update={"models": {}}))
        failed = end_of(worker.until(*ENDS))
        assert isinstance(failed, ItemFailed)
        assert "starter" in failed.message


class TestCache:
    def ran(self, worker: WorkerProcess, **changes: Any) -> set[str]:
        worker.send(run_item(**changes))
        return {r.node_id for r, _ in worker.until(*ENDS) if isinstance(r, NodeProgress)}

    def test_only_what_changed_runs_again(self, worker: WorkerProcess) -> None:
        first = self.ran(worker)
        assert {"pos_cond", "noise", "denoise_latents", "l2i"} <= first
        again = self.ran(worker)
        assert again == {"l2i"}
        other_seed = self.ran(worker, seed=43)
        assert {"noise", "denoise_latents", "l2i"} <= other_seed
        assert not other_seed & {"pos_cond", "neg_cond", "model_loader"}
        other_prompt = self.ran(worker, positive_prompt="a dog")
        assert {"pos_cond", "denoise_latents"} <= other_prompt
        assert not other_prompt & {"noise", "neg_cond"}

    def test_an_embedding_that_was_installed_makes_another_prompt(self, worker: WorkerProcess) -> None:
        item = run_item(positive_prompt="a <style>")
        style = model_record(key="style", name="style", type=ModelType.EMBEDDING)
        seen = []
        for models in (item.models, item.models | {"style": style}, item.models | {"style": style}):
            worker.send(item.model_copy(update={"models": models}))
            seen.append({r.node_id for r, _ in worker.until(*ENDS) if isinstance(r, NodeProgress)})
        assert ["pos_cond" in nodes for nodes in seen] == [True, True, False]

    def test_a_failed_node_is_not_remembered(self, worker: WorkerProcess) -> None:
        for _ in range(2):
            worker.send(run_item(positive_prompt="[[fail]]"))
            assert isinstance(end_of(worker.until(*ENDS)), ItemFailed)

    def test_size_zero_remembers_nothing(self) -> None:
        with WorkerProcess(EngineSettings(node_cache_size=0)) as process:
            process.until(Ready)
            assert self.ran(process) == self.ran(process)
