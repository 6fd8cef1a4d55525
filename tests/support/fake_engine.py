"""An engine without torch: flat pictures, honest steps, and prompts that make it misbehave.

Start a worker with ``--engine tests.support.fake_engine:FakeEngine``. ``FAKE_STEP_SECONDS`` (default 0.01) is the
time a step takes, ``FAKE_START_SECONDS`` (default 0) the time "importing torch" takes. Markers in the positive prompt:
``[[abort]]`` kills the process, ``[[hang]]`` sleeps forever and ignores cancel, ``[[fail]]`` raises, ``[[fatal]]``
raises a device error that ends the worker, ``[[oom]]`` runs out of memory. Each strikes in the middle of denoising.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.graph.fields import VAEField
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.protocol import EngineSettings
from invoke_tui.domain.request.texts import Text
from invoke_tui.domain.running.device import CacheLimits, ComponentUse, DeviceChoice, MemoryUse


class FakeDeviceError(Exception):
    """A device that will not work again in this process."""

    fatal = True


class FakeOutOfMemoryError(StudioError):
    """The memory does not suffice."""

    default_code = "out_of_memory"


@dataclass(frozen=True)
class FakeText:
    """An encoded prompt."""

    prompt: str


@dataclass(frozen=True)
class FakeLatents:
    """Noise or latents; remembers what a picture will depend on."""

    seed: int
    width: int
    height: int
    prompt: str = ""


class FakeEngine:
    """The facade of the real engine, drawing one colour per prompt and seed."""

    def __init__(self, settings: EngineSettings, log: Any) -> None:
        time.sleep(float(os.environ.get("FAKE_START_SECONDS", "0")))
        self.settings = settings
        self.models: dict[str, ModelRecord] = {}
        self.encoded: list[str] = []
        self.components: dict[str, ComponentUse] = {}
        self.limits = CacheLimits()
        self.choice = DeviceChoice(
            device="cpu",
            kind="cpu",
            name="Fake",
            precision="float32",
            device_reason="A test asked for it.",
            precision_reason="Nothing is computed.",
        )
        self.versions = {"torch": "none"}
        log("debug", "fake engine started")

    def warm_up(self) -> None:
        """Nothing to import."""

    def use_models(self, models: dict[str, ModelRecord]) -> None:
        self.models = models
        for key, record in models.items():
            self.components[f"{key}:unet"] = ComponentUse(
                key=f"{key}:unet", model=record.name, part="unet", total_bytes=2**20
            )

    def encode(self, text: Text, hooks: Any) -> FakeText:
        hooks.check_cancel()
        self.encoded.append(text.prompt)
        return FakeText(text.prompt)

    def noise(
        self, *, seed: int, width: int, height: int, noise_type: str = "SD", use_cpu: bool = True
    ) -> FakeLatents:
        return FakeLatents(seed, width, height)

    def vary(self, conditioning: FakeText, *, seed: int, strength: float, percent: float) -> FakeText:
        return FakeText(f"{conditioning.prompt} {seed} {strength} {percent}")

    def resize(
        self, latents: FakeLatents, width: int, height: int, mode: str, *, antialias: bool
    ) -> FakeLatents:
        return FakeLatents(latents.seed, width, height, latents.prompt)

    def denoise(self, job: Any, hooks: Any) -> FakeLatents:
        noise: FakeLatents = job.noise or job.latents
        prompt = job.positive.prompt
        seconds = float(os.environ.get("FAKE_STEP_SECONDS", "0.01"))
        for step in range(1, job.steps + 1):
            hooks.check_cancel()
            time.sleep(seconds)
            if step == (job.steps + 1) // 2:
                _misbehave(prompt)
            hooks.progress(step, job.steps, "Denoising")
            shade = Image.new("RGB", (noise.width // 8, noise.height // 8), _colour(prompt, step))
            hooks.preview(shade, step, job.steps, noise.width, noise.height)
        return FakeLatents(noise.seed, noise.width, noise.height, prompt)

    def decode(
        self,
        latents: FakeLatents,
        vae: VAEField,
        *,
        fp32: bool = False,
        tiled: bool = False,
        tile_size: int = 0,
        hooks: Any = None,
    ) -> Image.Image:
        return Image.new("RGB", (latents.width, latents.height), _colour(latents.prompt, latents.seed))

    def redux(self, image: Image.Image, how: Any, hooks: Any) -> str:
        return "a picture"

    def look(self, image: Image.Image, model: Any, given: Any = None, *, hooks: Any) -> Any:
        """A slope: what is further right is nearer."""
        hooks.progress(1, 1, "Looking")
        return np.tile(np.linspace(0, 1, 16, dtype=np.float32), (12, 1))

    def upscale(
        self,
        image: Image.Image,
        model: Any,
        *,
        tile_size: int,
        scale: float | None = None,
        fit_to_multiple_of_8: bool = False,
        hooks: Any,
    ) -> Image.Image:
        hooks.check_cancel()
        hooks.progress(1, 1, "Upscaling")
        return image.resize((int(image.width * (scale or 2)), int(image.height * (scale or 2))))

    def encode_image(self, image: Image.Image, vae: VAEField, *, grid: int = 8, **_: Any) -> FakeLatents:
        width, height = (side - side % grid for side in image.size)
        return FakeLatents(0, width, height)

    def memory(self) -> MemoryUse:
        return MemoryUse(
            ram_used=2**30,
            ram_total=2**34,
            process_rss=2**27,
            components=tuple(self.components.values()),
            ram_limit=int((self.limits.max_cache_ram_gb or 4) * 2**30),
        )

    def unload(self, key: str) -> int:
        found = self.components.pop(key, None)
        return found.total_bytes if found else 0

    def clear_cache(self) -> int:
        freed = sum(component.total_bytes for component in self.components.values())
        self.components.clear()
        return freed

    def set_limits(self, limits: CacheLimits) -> None:
        self.limits = limits

    def free(self) -> None:
        self.models = {}


def _colour(prompt: str, salt: int) -> tuple[int, int, int]:
    red, green, blue = hashlib.sha256(f"{prompt}/{salt}".encode()).digest()[:3]
    return red, green, blue


def _misbehave(prompt: str) -> None:
    if "[[abort]]" in prompt:
        os.abort()
    while "[[hang]]" in prompt:
        time.sleep(1)
    if "[[fail]]" in prompt:
        raise RuntimeError("the fake engine was told to fail")
    if "[[fatal]]" in prompt:
        raise FakeDeviceError("the fake device is broken")
    if "[[oom]]" in prompt:
        raise FakeOutOfMemoryError(
            "Out of memory: 3.0 GiB needed, 1.0 GiB free.",
            hint="Make a smaller picture, or set max_cache_vram_gb lower.",
        )
