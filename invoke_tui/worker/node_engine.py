"""The engine as nodes see it: names in, names out; what they stand for is kept in the item's state."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from PIL.Image import Image

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import DenoiseMaskField, LatentResize, LatentsField, TensorField, VAEField
from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.domain.protocol import StepPreview
from invoke_tui.domain.request.references import Redux
from invoke_tui.domain.request.texts import Text
from invoke_tui.engine.jobs import DenoiseJob, DenoiseMask, FillImage, Region
from invoke_tui.nodes.context import DenoiseCall, NoiseType, SizedLatents
from invoke_tui.worker.item_state import ItemState, Stored
from invoke_tui.worker.steering import steering

PROGRESS_SECONDS: Final = 0.25


class NodeHooks:
    """What the engine calls between steps."""

    def __init__(self, state: ItemState, tell: Callable[[str, int, int], None]) -> None:
        self._state = state
        self._tell = tell
        self._told = 0.0

    def check_cancel(self) -> None:
        """Raise ``CanceledError`` when the item was canceled."""
        self._state.check_cancel()

    def progress(self, step: int, total: int, message: str) -> None:
        """``step`` of ``total`` is done; steps faster than anyone reads are not told one by one.

        The first two always are: from them the daemon knows the pace, and by it a standstill.
        """
        now = time.monotonic()
        if 2 < step < total and now - self._told < PROGRESS_SECONDS:
            return
        self._told = now
        self._tell(message, step, total)

    def preview(self, image: Image, step: int, total: int, width: int, height: int) -> None:
        """The picture forming; encoded and sent by another thread."""
        item = self._state.item
        report = StepPreview(
            item_id=item.item_id, attempt=item.attempt, step=step, total=total, width=width, height=height
        )
        self._state.previews.offer(report, image)


class NodeEngine:
    """Implements ``nodes.context.EngineCalls``: handles in, handles out."""

    def __init__(self, state: ItemState, hooks: NodeHooks) -> None:
        self._state = state
        self._hooks = hooks

    def encode(self, text: Text) -> str:
        """Encode a prompt; the conditioning's name."""
        return self._keep("conditioning", Stored(self._state.engine.encode(text, self._hooks)))

    def vary(self, conditioning: str, *, seed: int, strength: float, percent: float) -> str:
        """Add seeded noise to an encoded prompt; the name of the result."""
        value = self._stored(conditioning).value
        made = self._state.engine.vary(value, seed=seed, strength=strength, percent=percent)
        return self._keep("conditioning", Stored(made))

    def noise(
        self, *, seed: int, width: int, height: int, noise_type: NoiseType, use_cpu: bool
    ) -> SizedLatents:
        """Draw seeded noise."""
        value = self._state.engine.noise(
            seed=seed, width=width, height=height, noise_type=noise_type, use_cpu=use_cpu
        )
        return self._sized(Stored(value, width, height), seed)

    def denoise(self, call: DenoiseCall) -> SizedLatents:
        """Run the denoise loop."""
        noise = self._stored(call.noise.latents_name) if call.noise else None
        latents = self._stored(call.latents.latents_name) if call.latents else None
        start = latents or noise
        if start is None:
            raise BadInputError("Noise or latents must be connected.")
        job = DenoiseJob(
            model=call.model,
            positive=self._stored(call.positive).value,
            negative=self._stored(call.negative).value if call.negative else None,
            noise=noise.value if noise else None,
            latents=latents.value if latents else None,
            steps=call.steps,
            cfg_scale=call.cfg_scale,
            scheduler=call.scheduler,
            seed=call.seed,
            cfg_rescale_multiplier=call.cfg_rescale_multiplier,
            denoising_start=call.denoising_start,
            denoising_end=call.denoising_end,
            guidance=call.guidance,
            tiling=call.tiling,
            mask=self._mask(call.mask) if call.mask else None,
            fill=FillImage(
                self._stored(call.fill.latents.latents_name).value, self._stored(call.fill.mask).value
            )
            if call.fill
            else None,
            regions=tuple(
                Region(
                    self._stored(one.conditioning).value,
                    self._stored(one.mask).value if one.mask else None,
                    one.negative,
                )
                for one in call.regions
            ),
            **steering(
                call, (start.width, start.height), self._state.picture, self._mask_of, self._latents_of
            ),
        )
        value = self._state.engine.denoise(job, self._hooks)
        return self._sized(Stored(value, start.width, start.height), call.seed)

    def resize(
        self, latents: LatentsField, width: int, height: int, mode: LatentResize, *, antialias: bool
    ) -> SizedLatents:
        """Latents for a picture of another size."""
        value = self._stored(latents.latents_name).value
        made = self._state.engine.resize(value, width, height, mode, antialias=antialias)
        return self._sized(Stored(made, width, height), latents.seed)

    def size_of(self, latents: LatentsField) -> tuple[int, int]:
        """Width and height in pixels of the picture that latents stand for."""
        stored = self._stored(latents.latents_name)
        return stored.width, stored.height

    def decode(
        self, latents: LatentsField, vae: VAEField, *, fp32: bool, tiled: bool, tile_size: int
    ) -> Image:
        """Turn latents into a picture."""
        value = self._stored(latents.latents_name).value
        return self._state.engine.decode(
            value, vae, fp32=fp32, tiled=tiled, tile_size=tile_size, hooks=self._hooks
        )

    def encode_image(
        self,
        image: Image,
        vae: VAEField,
        *,
        fp32: bool,
        tiled: bool,
        tile_size: int,
        grid: int = 8,
        hidden: Image | None = None,
        compensation: tuple[float, float] = (1.0, 0.0),
    ) -> SizedLatents:
        """Turn a picture into latents."""
        value = self._state.engine.encode_image(
            image,
            vae,
            fp32=fp32,
            tiled=tiled,
            tile_size=tile_size,
            grid=grid,
            hidden=hidden,
            compensation=compensation,
            hooks=self._hooks,
        )
        width, height = (side - side % grid for side in image.size)
        return self._sized(Stored(value, width, height), None)

    def redux(self, image: Image, how: Redux) -> str:
        """Say a picture in FLUX Redux' words; the conditioning's name."""
        return self._keep("conditioning", Stored(self._state.engine.redux(image, how, self._hooks)))

    def upscale(
        self,
        image: Image,
        model: ModelIdentifier,
        *,
        tile_size: int,
        scale: float | None = None,
        fit_to_multiple_of_8: bool = False,
    ) -> Image:
        """Make a picture larger by a network."""
        return self._state.engine.upscale(
            image,
            model,
            tile_size=tile_size,
            scale=scale,
            fit_to_multiple_of_8=fit_to_multiple_of_8,
            hooks=self._hooks,
        )

    def look(self, image: Image, model: ModelIdentifier, given: Any = None) -> Any:
        """What a picture tool sees."""
        return self._state.engine.look(image, model, given, hooks=self._hooks)

    def _mask_of(self, field: TensorField) -> Image:
        mask: Image = self._stored(field.tensor_name).value
        return mask

    def _latents_of(self, field: LatentsField) -> Any:
        return self._stored(field.latents_name).value

    def _mask(self, field: DenoiseMaskField) -> DenoiseMask:
        masked = self._stored(field.masked_latents_name).value if field.masked_latents_name else None
        return DenoiseMask(self._stored(field.mask_name).value, masked, field.gradient)

    def _sized(self, stored: Stored, seed: int | None) -> SizedLatents:
        field = LatentsField(latents_name=self._keep("latents", stored), seed=seed)
        return SizedLatents(field, stored.width, stored.height)

    def _keep(self, kind: str, stored: Stored) -> str:
        return self._state.keep(kind, stored)

    def _stored(self, name: str) -> Stored:
        return self._state.stored(name)
