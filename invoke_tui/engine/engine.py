"""The engine as the worker sees it: prompts, noise, denoising and decoding on one device."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Final, cast

import psutil
import torch
from PIL import Image
from torch import Tensor

from invoke_tui.domain.device import DeviceChoice, MemoryUse
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.fields import CLIPField, UNetField, VAEField
from invoke_tui.domain.models import ModelIdentifier, ModelRecord
from invoke_tui.domain.protocol import EngineSettings
from invoke_tui.engine.cancel import cancelable
from invoke_tui.engine.conditioning import encode_prompt
from invoke_tui.engine.decode import NotFiniteError, check_latents, decode_latents
from invoke_tui.engine.denoise import DenoiseJob, Rig, denoise
from invoke_tui.engine.device import DTYPES, choose_device
from invoke_tui.engine.errors import OutOfMemoryError, device_errors
from invoke_tui.engine.families.base import Conditioning
from invoke_tui.engine.freeu import freeu
from invoke_tui.engine.hooks import Log, RunHooks
from invoke_tui.engine.loading import quiet_libraries
from invoke_tui.engine.memory.backend import backend_for, memory_use
from invoke_tui.engine.memory.cache import Budget, ComponentCache
from invoke_tui.engine.memory.plan import ram_limit, vae_working_bytes
from invoke_tui.engine.noise import make_noise
from invoke_tui.engine.preview import own_factors
from invoke_tui.engine.schedulers.build import build_scheduler
from invoke_tui.engine.seamless import seamless
from invoke_tui.engine.store import ModelStore

PACKAGES: Final = ("torch", "diffusers", "transformers", "compel", "safetensors")
PROMPTS_KEPT: Final = 64
WARM_UP: Final = (
    "compel.compel",
    "diffusers.models.autoencoders.autoencoder_kl",
    "diffusers.models.unets.unet_2d_condition",
    "diffusers.schedulers",
)


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
        self._store = ModelStore(self._cache, channels_last=self._device.type == "cuda")
        self._prompts: OrderedDict[tuple[str, str, str, int], Conditioning] = OrderedDict()
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

    def describe_main(self, model: ModelIdentifier) -> tuple[UNetField, CLIPField, VAEField]:
        """The fields of a main model's parts, as its loader node hands them on."""

        def part(submodel: str) -> ModelIdentifier:
            return model.model_copy(update={"submodel_type": submodel})

        self._store.family(model)
        return (
            UNetField(unet=part("unet"), scheduler=part("scheduler")),
            CLIPField(tokenizer=part("tokenizer"), text_encoder=part("text_encoder")),
            VAEField(vae=part("vae")),
        )

    def encode_prompt(self, clip: CLIPField, prompt: str, hooks: RunHooks) -> Conditioning:
        """Encode a prompt; the latest ones are kept, so that a queue of one prompt encodes it once."""
        _refuse_loras(len(clip.loras))
        hooks.check_cancel()
        key = (self._store.record(clip.text_encoder).path, clip.tokenizer.key, prompt, clip.skipped_layers)
        if (found := self._prompts.get(key)) is not None:
            self._prompts.move_to_end(key)
            return found
        with (
            device_errors("encoding the prompt", self._backend),
            self._store.use(clip.tokenizer, "tokenizer", self._dtype) as tokenizer,
            self._store.use(clip.text_encoder, "text_encoder", self._dtype) as encoder,
            cancelable(hooks.check_cancel, encoder),
        ):
            conditioning = encode_prompt(prompt, tokenizer, encoder, skip=clip.skipped_layers)
        self._prompts[key] = conditioning
        if len(self._prompts) > PROMPTS_KEPT:
            self._prompts.popitem(last=False)
        return conditioning

    def noise(
        self, *, seed: int, width: int, height: int, noise_type: str = "SD", use_cpu: bool = True
    ) -> Tensor:
        """Noise in the shape ``noise_type`` names, float32, on the device; drawn on the CPU unless told otherwise."""
        draw_on = "cpu" if use_cpu else self._device
        return make_noise(seed, width, height, noise_type, device=self._device, draw_on=draw_on)

    def denoise(self, job: DenoiseJob, hooks: RunHooks) -> Tensor:
        """Run the denoise loop: latents (1, 4, h / 8, w / 8), float32, on the device.

        When memory runs out, everything unused leaves the device and the run starts again with one prompt at a
        time; only then is it an error.
        """
        try:
            return self._denoise(job, hooks, sequential=self._settings.sequential_guidance)
        except OutOfMemoryError:
            if not self._backend.separate_memory or self._settings.sequential_guidance:
                raise
        freed = self._cache.offload_unused()
        self._log(
            "warning", f"Out of memory: {freed / 2**20:.0f} MiB offloaded, again with one prompt at a time."
        )
        return self._denoise(job, hooks, sequential=True)

    def decode(
        self, latents: Tensor, vae: VAEField, *, fp32: bool, tiled: bool, tile_size: int, hooks: RunHooks
    ) -> Image.Image:
        """Decode ``latents`` to a picture; ``tile_size`` in pixels (0: the VAE's own) counts when ``tiled``.

        A decode that makes NaN in half precision is done again in float32, one that runs out of memory is done
        again in tiles; both are logged.
        """
        hooks.check_cancel()
        hooks.progress(0, 1, "Decoding")
        check_latents(latents)
        tile = tile_size if tiled or self._settings.force_tiled_decode else None
        dtype = torch.float32 if fp32 else self._dtype
        while True:
            try:
                picture = self._decode(latents, vae, dtype, tile, hooks)
            except NotFiniteError as error:
                if dtype is torch.float32:
                    raise
                self._log("warning", f"{error.message} Decoding again in float32.")
                dtype = torch.float32
            except OutOfMemoryError as error:
                if tile is not None:
                    raise
                freed = self._cache.offload_unused()
                self._log(
                    "warning", f"{error.message} {freed / 2**20:.0f} MiB offloaded, decoding again in tiles."
                )
                tile = 0
            else:
                hooks.progress(1, 1, "Decoding")
                return picture

    def memory(self) -> MemoryUse:
        """Memory in use now."""
        return memory_use(self._backend)

    def free(self) -> None:
        """Let go of every component and prompt that is not in use."""
        self._prompts.clear()
        self._cache.clear()

    def _denoise(self, job: DenoiseJob, hooks: RunHooks, *, sequential: bool) -> Tensor:
        _refuse_loras(len(job.unet.loras))
        model, record = job.unet.unet, self._store.record(job.unet.unet)
        family = self._store.family(model)
        folder = self._store.folder(model, "unet")
        factors = own_factors(folder.parent, family.latent_channels) or family.rgb_factors
        with ExitStack() as stack:
            stack.enter_context(device_errors("denoising", self._backend))
            config = stack.enter_context(self._store.use(job.unet.scheduler, "scheduler", self._dtype))
            scheduler = build_scheduler(
                job.scheduler,
                config,
                steps=job.steps,
                seed=job.seed,
                prediction_type=record.prediction_type,
            )
            hooks.check_cancel()
            started = time.perf_counter()
            unet = stack.enter_context(self._store.use(model, "unet", self._dtype))
            if (took := time.perf_counter() - started) > 1:
                self._log("info", f"Loaded the UNet of {record.name} in {took:.1f} s.")
            stack.enter_context(cancelable(hooks.check_cancel, unet))
            stack.enter_context(seamless(job.unet.seamless_axes, unet))
            stack.enter_context(freeu(unet, job.unet.freeu_config))
            rig = Rig(
                family=family,
                unet=unet,
                scheduler=scheduler,
                device=self._device,
                dtype=self._dtype,
                rgb_factors=factors,
                preview_every=self._settings.preview_every,
                preview_seconds=self._settings.preview_seconds,
                sequential_guidance=sequential,
            )
            return denoise(job, rig, hooks)

    def _decode(
        self, latents: Tensor, field: VAEField, dtype: torch.dtype, tile: int | None, hooks: RunHooks
    ) -> Image.Image:
        height, width = (side * 8 for side in latents.shape[-2:])
        needed = vae_working_bytes("decode", width, height, element_bytes=dtype.itemsize, tile_size=tile)
        with (
            device_errors(f"decoding {width} x {height} pixels", self._backend, needed=needed),
            self._store.use(field.vae, "vae", dtype, working_bytes=needed) as vae,
            cancelable(hooks.check_cancel, vae),
            seamless(field.seamless_axes, vae),
        ):
            return decode_latents(vae, latents, tile_size=tile)

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
        )


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _refuse_loras(count: int) -> None:
    """A LoRA is never left out silently."""
    if count:
        raise BadInputError("This engine does not apply LoRAs.", hint="Remove them.", code="unsupported_lora")
