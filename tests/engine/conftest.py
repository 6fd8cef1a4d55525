"""One engine and two tiny models for all engine tests: importing and building them is what costs time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL.Image import Image

from invoke_tui.domain.errors import CanceledError
from invoke_tui.domain.garbage import without_collection
from invoke_tui.domain.graph.fields import CLIPField, UNetField, VAEField
from invoke_tui.domain.models.records import (
    BaseModelType,
    ModelFormat,
    ModelIdentifier,
    ModelRecord,
    ModelType,
)
from invoke_tui.domain.protocol import EngineSettings
from invoke_tui.domain.request.texts import CompelText

if TYPE_CHECKING:
    from tests.engine.test_families import Studio


@dataclass
class Recorder:
    """Hooks that write down what they are told, and cancel at the ``cancel_at``-th check."""

    cancel_at: int | None = None
    checks: int = 0
    steps: list[tuple[int, int, str]] = field(default_factory=list)
    previews: list[tuple[Image, int, int, int, int]] = field(default_factory=list)
    on_progress: Callable[[int], None] | None = None

    def check_cancel(self) -> None:
        self.checks += 1
        if self.cancel_at is not None and self.checks >= self.cancel_at:
            raise CanceledError("Canceled.")

    def progress(self, step: int, total: int, message: str) -> None:
        self.steps.append((step, total, message))
        if self.on_progress:
            self.on_progress(step)

    def preview(self, image: Image, step: int, total: int, width: int, height: int) -> None:
        self.previews.append((image, step, total, width, height))


def record_of(folder: Path, base: BaseModelType = BaseModelType.SD1, **changes: Any) -> ModelRecord:
    """The record a model manager would keep of a diffusers folder."""
    fields: dict[str, Any] = {
        "key": folder.name,
        "hash": "blake3:0",
        "name": folder.name,
        "base": base,
        "type": ModelType.MAIN,
        "format": ModelFormat.DIFFUSERS,
        "path": str(folder),
        "file_size": 0,
    }
    return ModelRecord(**(fields | changes))


def fields_of(model: ModelIdentifier) -> tuple[UNetField, CLIPField, VAEField]:
    """The fields that a main model's loader node hands on."""

    def part(submodel: str) -> ModelIdentifier:
        return model.model_copy(update={"submodel_type": submodel})

    return (
        UNetField(unet=part("unet"), scheduler=part("scheduler")),
        CLIPField(tokenizer=part("tokenizer"), text_encoder=part("text_encoder")),
        VAEField(vae=part("vae")),
    )


@dataclass
class Bench:
    """An engine, what it logged, and the identifiers of the models it knows."""

    engine: Any
    log: list[tuple[str, str]]
    sd1: ModelIdentifier
    sd2: ModelIdentifier
    folder: Path

    def encode(self, clip: CLIPField, prompt: str, hooks: Any = None) -> Any:
        """A prompt's conditioning."""
        return self.engine.encode(CompelText(prompt=prompt, clip=clip), hooks or Recorder())

    def job(self, model: ModelIdentifier | None = None, **changes: Any) -> Any:
        """A small denoise job: 64 x 64 pixels, 4 steps of Euler."""
        from invoke_tui.engine.jobs import DenoiseJob

        unet, clip, _ = fields_of(model or self.sd1)
        hooks = Recorder()
        fields: dict[str, Any] = {
            "model": unet,
            "positive": self.encode(clip, "a red cat", hooks),
            "negative": self.encode(clip, "", hooks),
            "noise": self.engine.noise(seed=7, width=64, height=64),
            "latents": None,
            "steps": 4,
            "cfg_scale": 7.5,
            "scheduler": "euler",
            "seed": 7,
        }
        return DenoiseJob(**(fields | changes))


@pytest.fixture(scope="session", autouse=True)
def libraries() -> None:
    """What pictures are made with, on one thread, and out of the garbage collection's sight: it is much, and stays."""
    import torch

    from invoke_tui.engine.engine import WARM_UP

    torch.set_num_threads(1)  # tiny tensors; and test runs share their cores
    with without_collection():
        for module in WARM_UP:
            import_module(module)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The shared engine on the CPU in float32, with a tiny SD 1 and a tiny SD 2 model."""
    from invoke_tui.engine.engine import Engine
    from tests.engine.tiny import write_model

    folder = tmp_path_factory.mktemp("models")
    log: list[tuple[str, str]] = []
    engine = Engine(
        EngineSettings(device="cpu", preview_seconds=0), lambda level, message: log.append((level, message))
    )
    sd1 = record_of(write_model(folder / "tiny-sd1"), BaseModelType.SD1)
    sd2 = record_of(write_model(folder / "tiny-sd2", v_prediction=True), BaseModelType.SD2)
    engine.use_models({record.key: record for record in (sd1, sd2)})
    return Bench(engine, log, sd1.identifier(), sd2.identifier(), folder)


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Another engine, with tiny models of every family."""
    from invoke_tui.engine.engine import Engine
    from tests.engine.test_families import Studio

    settings = EngineSettings(device="cpu", preview_seconds=0, max_cache_ram_gb=1)
    return Studio(Engine(settings, lambda level, message: None), tmp_path_factory.mktemp("families"))
