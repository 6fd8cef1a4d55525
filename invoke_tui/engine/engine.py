"""The engine as the worker sees it: prompts, noise, denoising, pixels to latents and back, on one device."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final, Literal, TypeVar, cast

import psutil
import torch
from PIL import Image
from torch import Tensor

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import LatentResize, SeamlessAxis, UNetField, VAEField
from invoke_tui.domain.models.records import ModelIdentifier, ModelRecord
from invoke_tui.domain.protocol import EngineSettings
from invoke_tui.domain.request.references import Redux
from invoke_tui.domain.request.texts import Text
from invoke_tui.domain.running.device import CacheLimits, DeviceChoice, MemoryUse
from invoke_tui.engine.adapters.lora.apply import with_loras
from invoke_tui.engine.cancel import cancelable
from invoke_tui.engine.decode import NotFiniteError, Told, check_latents, decode_latents
from invoke_tui.engine.denoise import Rig, denoise
from invoke_tui.engine.device import DTYPES, choose_device
from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.encode import encode_picture, on_grid
from invoke_tui.engine.freeu import freeu
from invoke_tui.engine.guides.choose import guides_of
from invoke_tui.engine.guides.tools import Tools
from invoke_tui.engine.hooks import Log, RunHooks
from invoke_tui.engine.jobs import DenoiseJob
from invoke_tui.engine.loading.build import quiet_libraries
from invoke_tui.engine.loading.reader import Reader
from invoke_tui.engine.looking import Lookers
from invoke_tui.engine.memory.backend import backend_for
from invoke_tui.engine.memory.cache import Budget, ComponentCache
from invoke_tui.engine.memory.ladder import Effort, Ladder
from invoke_tui.engine.memory.plan import ram_limit, vae_working_bytes
from invoke_tui.engine.noise import make_noise
from invoke_tui.engine.preview import own_factors
from invoke_tui.engine.redux import redux
from invoke_tui.engine.seamless import seamless
from invoke_tui.engine.store import ModelStore
from invoke_tui.engine.texts import TextEncoders
from invoke_tui.engine.upscaling import Upscalers
from invoke_tui.engine.variance import resized, varied
from invoke_tui.engine.vision.tool import Numbers

PACKAGES: Final = ("torch", "diffusers", "transformers", "compel", "safetensors")
CONVERT_CACHE: Final = Path(gettempdir()) / "invoke-tui-converted"
"""Where safe copies of pickled models go when nobody says."""
WARM_UP: Final = (
    "compel.compel",
    "diffusers.models.autoencoders.autoencoder_kl",
    "diffusers.models.unets.unet_2d_condition",
    "diffusers.schedulers",
)

T = TypeVar("T")


class Engine:
    """One device's engine. Not for several threads at once, but for ``memory``, which any thread may call."""

    def __init__(self, settings: EngineSettings, log: Callable[[str, str], None]) -> None:
        self._settings = settings
        self._log = cast(Log, log)
        self.choice: DeviceChoice = choose_device(settings)
        self.versions: dict[str, str] = _versions()
        self._device = torch.device(self.choice.device)
        self._dtype = DTYPES[self.choice.precision]
        self._backend = backend_for(self.choice.device)
        self._cache = ComponentCache(self._backend, self._budget(), self._log)
        self._ladder = Ladder(self._cache, self._backend, self._log)
        gpu = self._device.type == "cuda"
        reader = Reader(Path(settings.convert_cache or CONVERT_CACHE), pinned=gpu)
        self._store = ModelStore(self._cache, self._dtype, reader, channels_last=gpu)
        self._texts = TextEncoders(self._store, self._log)
        self._upscalers = Upscalers(self._store, self._ladder, self._device, self._dtype, self._log)
        self._lookers = Lookers(self._store, self._ladder, self._device)
        log("info", f"Device {self.choice.device}, {self.choice.name}. {self.choice.device_reason}")
        log("info", f"Precision {self.choice.precision}. {self.choice.precision_reason}")

    def warm_up(self) -> None:
        """Import what the first picture needs, so that it does not have to; takes seconds."""
        quiet_libraries()
        for module in WARM_UP:
            import_module(module)

    def use_models(self, models: Mapping[str, ModelRecord]) -> None:
        """Learn the records of the models the next calls name, by key."""
        self._store.know(models)

    def encode(self, text: Text, hooks: RunHooks) -> Conditioning:
        """Encode a prompt as its family reads it."""
        return self._ladder.climb("encoding the prompt", lambda _effort: self._texts.encode(text, hooks))

    def noise(
        self, *, seed: int, width: int, height: int, noise_type: str = "SD", use_cpu: bool = True
    ) -> Tensor:
        """Noise in the shape ``noise_type`` names, float32, on the device; drawn on the CPU unless told otherwise."""
        draw_on = "cpu" if use_cpu else self._device
        return make_noise(seed, width, height, noise_type, device=self._device, draw_on=draw_on)

    def vary(self, prompt: Conditioning, *, seed: int, strength: float, percent: float) -> Conditioning:
        """A prompt with seeded noise on ``percent`` of its values, ``strength`` of their own deviation."""
        return varied(prompt, seed=seed, strength=strength, percent=percent)

    def resize(
        self, latents: Tensor, width: int, height: int, mode: LatentResize, *, antialias: bool
    ) -> Tensor:
        """Latents for a picture of ``width`` x ``height`` pixels."""
        return resized(latents, width, height, mode, antialias=antialias)

    def denoise(self, job: DenoiseJob, hooks: RunHooks) -> Tensor:
        """Run the denoise loop: latents (1, c, h / 8, w / 8), float32, on the device.

        When memory runs out it starts again with less, rung by rung (``memory.ladder``).
        """
        return self._ladder.climb(
            "denoising",
            lambda effort: self._denoise(job, hooks, sequential=effort.sequential is True),
            Effort(sequential=self._settings.sequential_guidance),
        )

    def decode(
        self, latents: Tensor, vae: VAEField, *, fp32: bool, tiled: bool, tile_size: int, hooks: RunHooks
    ) -> Image.Image:
        """Decode ``latents`` to a picture; ``tile_size`` in pixels (0: the VAE's own) counts when ``tiled``.

        A decode that makes NaN in half precision is done again in float32; one that runs out of memory is done again
        with less, at the latest in tiles (``memory.ladder``). Both are logged.
        """
        hooks.check_cancel()
        hooks.progress(0, 1, "Decoding")
        check_latents(latents)
        height, width = (side * 8 for side in latents.shape[-2:])
        return self._with_vae(
            vae,
            "decode",
            width,
            height,
            lambda model, tile: decode_latents(
                model, latents, tile_size=tile, told=_teller(hooks, "Decoding")
            ),
            fp32=fp32,
            tile_size=tile_size if tiled else None,
            hooks=hooks,
        )

    def encode_image(
        self,
        image: Image.Image,
        vae: VAEField,
        *,
        fp32: bool,
        tiled: bool,
        tile_size: int,
        grid: int = 8,
        hidden: Image.Image | None = None,
        compensation: tuple[float, float] = (1.0, 0.0),
        hooks: RunHooks,
    ) -> Tensor:
        """Encode a picture to latents (1, c, h / 8, w / 8), float32, on the device; the other way round as ``decode``.

        Sides are cut down to multiples of ``grid`` pixels; where ``hidden`` is white the picture is grey;
        ``compensation`` is a factor and a sum for its values.
        """
        hooks.check_cancel()
        hooks.progress(0, 1, "Encoding")
        given = on_grid(image, grid=grid, hidden=hidden, scale=compensation[0], bias=compensation[1])
        latents = self._with_vae(
            vae,
            "encode",
            *given.size,
            lambda model, tile: encode_picture(model, given, tile_size=tile, told=_teller(hooks, "Encoding")),
            fp32=fp32,
            tile_size=tile_size if tiled else None,
            hooks=hooks,
        )
        return latents.to(self._device)

    def redux(self, image: Image.Image, how: Redux, hooks: RunHooks) -> Conditioning:
        """A picture in FLUX Redux' words."""
        return self._ladder.climb(
            "looking at the reference picture",
            lambda _effort: redux(self._store, image, how, self._device, hooks),
        )

    def upscale(
        self,
        image: Image.Image,
        model: ModelIdentifier,
        *,
        tile_size: int,
        scale: float | None = None,
        fit_to_multiple_of_8: bool = False,
        hooks: RunHooks,
    ) -> Image.Image:
        """Make a picture larger in tiles of ``tile_size`` pixels (0: in one piece), seams blended.

        Once through the network; with a ``scale`` as often as it takes, then down to that size by Lanczos.
        """
        return self._upscalers.upscale(
            image, model, tile_size=tile_size, scale=scale, multiple_of_8=fit_to_multiple_of_8, hooks=hooks
        )

    def look(
        self, image: Image.Image, model: ModelIdentifier, given: Numbers | None = None, *, hooks: RunHooks
    ) -> Numbers:
        """What a picture tool sees in a picture (``engine.vision``); ``given`` is what it wants beside it."""
        return self._lookers.look(image, model, given, hooks)

    def memory(self) -> MemoryUse:
        """Memory in use now, by component."""
        climbed = {"rungs": self._ladder.rungs, "last_rung": self._ladder.last}
        return self._cache.use_now().model_copy(update=climbed)

    def unload(self, key: str) -> int:
        """Drop a component; returns the bytes that came free, 0 when it is in use or not there."""
        return self._cache.unload(key)

    def clear_cache(self) -> int:
        """Drop every component that is not in use; returns the bytes that came free."""
        return self._cache.clear()

    def set_limits(self, limits: CacheLimits) -> None:
        """Keep other limits from now on, in the middle of a run as well."""
        self._settings = self._settings.model_copy(update=limits.model_dump())
        self._cache.set_budget(self._budget())

    def free(self) -> None:
        """Let go of every component and prompt that is not in use."""
        self._texts.clear()
        self._cache.clear()

    def _denoise(self, job: DenoiseJob, hooks: RunHooks, *, sequential: bool) -> Tensor:
        field, patches = job.model, UNetPatches()
        if isinstance(field, UNetField):
            denoiser, of_scheduler = field.unet, field.scheduler
            patches = UNetPatches(field.seamless_axes, field.freeu_config)
        else:
            denoiser = field.transformer
            of_scheduler = denoiser.model_copy(update={"submodel_type": "scheduler"})
        record, family = self._store.record(denoiser), self._store.family(denoiser)
        start = job.noise if job.latents is None else job.latents
        if start is None:
            raise BadInputError("Denoising needs noise, latents or both.", code="no_latents")
        with ExitStack() as stack:
            config = stack.enter_context(self._store.use(of_scheduler, "scheduler"))
            schedule = family.schedule(job, config, record, start.shape)
            hooks.check_cancel()
            started = time.perf_counter()
            model = stack.enter_context(self._store.use(denoiser, family.denoiser))
            if (took := time.perf_counter() - started) > 1:
                self._log("info", f"Loaded the {family.denoiser} of {record.name} in {took:.1f} s.")
            stack.enter_context(
                with_loras(self._store, model, denoiser, family.denoiser, field.loras, self._log)
            )
            stack.enter_context(cancelable(hooks.check_cancel, model))
            stack.enter_context(seamless(patches.seamless_axes, model))
            stack.enter_context(freeu(model, patches.freeu_config))
            rig = Rig(
                family=family,
                model=model,
                schedule=schedule,
                device=self._device,
                dtype=self._store.precision(denoiser, family.denoiser),
                rgb_factors=own_factors(Path(record.path), family.latent_channels) or family.rgb_factors,
                preview_every=self._settings.preview_every,
                preview_seconds=self._settings.preview_seconds,
                sequential_guidance=sequential,
                guides=guides_of(job, Tools(self._store, model, stack, hooks.check_cancel, self._log)),
            )
            return denoise(job, rig, hooks)

    def _with_vae(
        self,
        field: VAEField,
        operation: Literal["encode", "decode"],
        width: int,
        height: int,
        work: Callable[[Any, int | None], T],
        *,
        fp32: bool,
        tile_size: int | None,
        hooks: RunHooks,
    ) -> T:
        """What ``work`` makes of a VAE and a tile size: again in float32 after NaN, with less where memory runs out."""
        tile = 0 if tile_size is None and self._settings.force_tiled_decode else tile_size
        dtype = torch.float32 if fp32 else self._dtype

        def run(dtype: torch.dtype) -> T:
            needed = partial(vae_working_bytes, operation, width, height, element_bytes=dtype.itemsize)

            def attempt(effort: Effort) -> T:
                size = 0 if tile is None and effort.tiled else tile
                with (
                    self._store.use(
                        field.vae, "vae", dtype=dtype, working_bytes=needed(tile_size=size)
                    ) as vae,
                    cancelable(hooks.check_cancel, vae),
                    seamless(field.seamless_axes, vae),
                ):
                    return work(vae, size)

            return self._ladder.climb(
                f"{operation[:-1]}ing {width} x {height} pixels",
                attempt,
                Effort(tiled=tile is not None),
                needed=needed(tile_size=tile),
            )

        try:
            return run(dtype)
        except NotFiniteError as error:
            if dtype is torch.float32:
                raise
            self._log("warning", f"{error.message} {operation[:-1].capitalize()}ing again in float32.")
            return run(torch.float32)

    def _budget(self) -> Budget:
        settings = self._settings
        own = self._backend.separate_memory
        return Budget(
            ram_bytes=ram_limit(
                int(psutil.virtual_memory().total),
                self._backend.total_bytes() if own else None,
                working_gb=settings.device_working_mem_gb,
                max_cache_ram_gb=settings.max_cache_ram_gb,
                max_cache_vram_gb=settings.max_cache_vram_gb,
            ),
            working_gb=settings.device_working_mem_gb,
            max_cache_vram_gb=settings.max_cache_vram_gb,
            partial_loading=settings.enable_partial_loading,
            keep_ram_copy=settings.keep_ram_copy_of_weights,
            keep_alive_min=settings.model_cache_keep_alive_min,
        )


@dataclass(frozen=True)
class UNetPatches:
    """What a graph asks of a UNet beside its weights."""

    seamless_axes: Sequence[SeamlessAxis] = ()
    freeu_config: Mapping[str, Any] | None = None


def _teller(hooks: RunHooks, doing: str) -> Told:
    """Tells how many tiles of a picture are done."""
    return lambda done, total: hooks.progress(done, total, doing)


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
