"""The worker with the real engine and a tiny model with random weights: the two speak one language."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from PIL import Image

from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.protocol import (
    CancelItem,
    EngineSettings,
    ImageMade,
    ItemCanceled,
    ItemDone,
    ItemFailed,
    NodeProgress,
    Ready,
    RunItem,
    StepPreview,
)
from invoke_tui.nodes.recipes import Cast, build_graph
from invoke_tui.worker.facade import DenoiseJob
from invoke_tui.worker.process import DEFAULT_ENGINE
from tests.support.in_process import InProcess
from tests.support.requests import model_record, resolved
from tests.support.worker_process import WorkerProcess

ENDS = (ItemDone, ItemFailed, ItemCanceled)
START_SECONDS = 120.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelRecord:
    from tests.engine.tiny import write_model

    return model_record(path=str(write_model(tmp_path_factory.mktemp("models") / "tiny")))


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerProcess]:
    with WorkerProcess(EngineSettings(device="cpu"), engine=DEFAULT_ENGINE) as process:
        process.until(Ready, timeout=START_SECONDS)
        yield process


def item(item_id: int, model: ModelRecord, **changes: object) -> RunItem:
    graph = build_graph(resolved(**changes), Cast(model))
    return RunItem(
        item_id=item_id, attempt=1, session_id=f"s{item_id}", graph=graph, models={model.key: model}
    )


def test_a_picture_forms_step_by_step(worker: WorkerProcess, model: ModelRecord) -> None:
    worker.send(item(1, model, steps=4, clip_skip=1, seamless_x=True, cfg_rescale_multiplier=0.5))
    seen = worker.until(*ENDS, timeout=START_SECONDS)
    assert isinstance(seen[-1][0], ItemDone), seen[-1][0]
    [(made, png)] = [(r, blob) for r, blob in seen if isinstance(r, ImageMade)]
    assert Image.open(io.BytesIO(png)).size == (made.width, made.height) == (64, 64)
    steps = [r.step for r, _ in seen if isinstance(r, NodeProgress) and r.node_id == "denoise_latents"]
    assert (steps[0], steps[-1]) == (0, 4)
    assert steps == sorted(steps)
    previews = [blob for r, blob in seen if isinstance(r, StepPreview)]
    assert previews
    assert Image.open(io.BytesIO(previews[-1])).size == (8, 8)


def test_the_same_seed_is_the_same_picture_without_the_cache_and_in_another_process(
    worker: WorkerProcess, model: ModelRecord
) -> None:
    from invoke_tui.engine.engine import Engine

    pngs = []
    for item_id, seed in ((2, 7), (3, 8), (4, 7)):
        worker.send(item(item_id, model, seed=seed, steps=2))
        seen = worker.until(*ENDS, timeout=START_SECONDS)
        pngs += [Image.open(io.BytesIO(blob)).tobytes() for r, blob in seen if isinstance(r, ImageMade)]
    assert pngs[0] == pngs[2] != pngs[1]
    here = InProcess(Engine(EngineSettings(device="cpu"), lambda *_: None), {model.key: model})
    assert here.run(item(8, model, seed=7, steps=2).graph).tobytes() == pngs[0]


def test_cancel_stops_the_real_loop(worker: WorkerProcess, model: ModelRecord) -> None:
    worker.send(item(5, model, steps=400))
    while getattr(worker.until(NodeProgress)[-1][0], "step", 0) < 3:
        pass
    worker.send(CancelItem(item_id=5))
    assert isinstance(worker.until(*ENDS)[-1][0], ItemCanceled)


def test_a_model_whose_files_are_gone_fails_with_a_hint(worker: WorkerProcess, model: ModelRecord) -> None:
    gone = model.model_copy(update={"key": "gone", "path": str(Path(model.path) / "nothing")})
    worker.send(item(6, gone))
    failed = worker.until(*ENDS)[-1][0]
    assert isinstance(failed, ItemFailed)
    assert not failed.fatal
    assert failed.message
    worker.send(item(7, model, steps=1))
    assert isinstance(worker.until(*ENDS)[-1][0], ItemDone)


def test_the_jobs_are_declared_alike() -> None:
    from invoke_tui.engine import denoise

    assert {f.name for f in fields(DenoiseJob)} == {f.name for f in fields(denoise.DenoiseJob)}
