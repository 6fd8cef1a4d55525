"""The world of one running node: the engine behind handles, progress, cancel, and the way to the gallery."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from PIL.Image import Image

from invoke_tui.domain.errors import BadInputError, CanceledError, NotFoundError
from invoke_tui.domain.fields import (
    DenoiseMaskField,
    ImageField,
    LatentResize,
    LatentsField,
    TensorField,
    VAEField,
)
from invoke_tui.domain.images import SUFFIXES
from invoke_tui.domain.models import BaseModelType, ModelIdentifier, ModelRecord, ModelType
from invoke_tui.domain.protocol import EngineSettings, ImageMade, NodeProgress, RunItem, StepPreview
from invoke_tui.domain.references import Redux
from invoke_tui.domain.replay import MADE_ON
from invoke_tui.domain.texts import Text
from invoke_tui.engine.jobs import DenoiseJob, DenoiseMask, FillImage, Region
from invoke_tui.nodes import images
from invoke_tui.nodes.context import DenoiseCall, NoiseType, SavedImage, SaveRequest, SizedLatents
from invoke_tui.prompt.triggers import triggers
from invoke_tui.worker.facade import EngineFacade
from invoke_tui.worker.link import Link
from invoke_tui.worker.pictures import content_name, encode_picture, format_for, picture_name, texts_for
from invoke_tui.worker.previews import PreviewSender
from invoke_tui.worker.steering import steering

PROGRESS_SECONDS: Final = 0.25
_NUMBERS: Final = count(1)
"""Numbers the names of latents and conditioning; a name is never used twice in a process."""


@dataclass(frozen=True)
class Stored:
    """An object that edges name: conditioning, a mask, latents, which know the size of their picture."""

    value: Any
    width: int = 0
    height: int = 0


@dataclass
class ItemState:
    """What belongs to one item while it runs, and is let go of afterwards."""

    item: RunItem
    engine: EngineFacade
    settings: EngineSettings
    link: Link
    previews: PreviewSender
    must_stop: Callable[[int], bool]
    store: dict[str, Stored] = field(default_factory=dict)
    pictures: dict[str, Image] = field(default_factory=dict)
    """What was read or made so far, by name. Intermediate ones are nowhere else."""

    def keep(self, kind: str, stored: Stored) -> str:
        """Keep an object under a name of its own."""
        name = f"{kind}-{next(_NUMBERS)}"
        self.store[name] = stored
        return name

    def stored(self, name: str) -> Stored:
        """What was kept under ``name``."""
        found = self.store.get(name)
        if found is None:
            raise NotFoundError(
                f"There is nothing called {name} here.",
                hint="Latents, masks and conditioning live for one run only.",
            )
        return found

    def picture(self, image: ImageField) -> Image:
        """A picture of the gallery or of this run."""
        name = image.image_name
        if name not in self.pictures:
            path = self.item.images.get(name)
            if path is None:
                raise NotFoundError(f"There is no picture {name}.", hint="It may have been deleted.")
            self.pictures[name] = images.reading.open_picture(path)
        return self.pictures[name]

    def check_cancel(self) -> None:
        """Raise ``CanceledError`` when the item was canceled."""
        if self.must_stop(self.item.item_id):
            raise CanceledError("The item was canceled.")


class NodeContext:
    """Implements ``nodes.context.InvocationContext``."""

    def __init__(self, state: ItemState, run_id: str, node_id: str, node_type: str) -> None:
        self._state = state
        self._run_id = run_id
        self._node_id = node_id
        self._node_type = node_type
        self._pictures = 0
        self.engine = NodeEngine(state, NodeHooks(state, self))

    def model(self, identifier: ModelIdentifier) -> ModelRecord:
        """The record of a model the graph names."""
        record = self._state.item.models.get(identifier.key)
        if record is None:
            raise NotFoundError(
                f"The model {identifier.name} is not installed.", hint="Choose another model."
            )
        return record

    def models(self, type_: ModelType) -> tuple[ModelRecord, ...]:
        """The models of a kind among the item's, by name."""
        found = (record for record in self._state.item.models.values() if record.type is type_)
        return tuple(sorted(found, key=lambda record: record.name.casefold()))

    def embeddings(self, encoder: ModelIdentifier, *prompts: str) -> tuple[ModelIdentifier, ...]:
        """The embeddings among the item's models that prompts name, for the family of ``encoder``."""
        bases = {self.model(encoder).base}
        if BaseModelType.SDXL_REFINER in bases:
            bases.add(BaseModelType.SDXL)
        named = [name for prompt in prompts for name in triggers(prompt)]
        return tuple(
            record.identifier()
            for record in self._state.item.models.values()
            if record.type is ModelType.EMBEDDING
            and record.base in bases
            and (record.name in named or record.key in named)
        )

    def check_cancel(self) -> None:
        """Raise ``CanceledError`` when the item was canceled."""
        self._state.check_cancel()

    def progress(self, message: str, step: int = 0, total: int = 0) -> None:
        """Tell people what is going on."""
        item = self._state.item
        self._state.link.send(
            NodeProgress(
                item_id=item.item_id,
                attempt=item.attempt,
                node_id=self._node_id,
                node_type=self._node_type,
                message=message,
                step=step,
                total=total,
            )
        )

    def save_image(self, image: Image, request: SaveRequest) -> SavedImage:
        """Encode a picture and hand it to the daemon, which is the one that writes files.

        An intermediate picture stays here, under a name made of its content: what comes of it is found again.
        """
        state, item = self._state, self._state.item
        if request.is_intermediate:
            kept = content_name(image)
            state.pictures[kept] = image
            return SavedImage(ImageField(image_name=kept), image.width, image.height)
        settings = state.settings
        kind = format_for(image, settings.image_format, request.category)
        name = picture_name(item.session_id, self._run_id, self._pictures, SUFFIXES[kind])
        self._pictures += 1
        metadata = self._with_maker(request.metadata)
        encoded = encode_picture(
            image,
            kind,
            texts_for(name, metadata, item.graph, infotext=settings.image_infotext),
            compress_level=settings.pil_compress_level,
            quality=settings.image_quality,
        )
        report = ImageMade(
            item_id=item.item_id,
            attempt=item.attempt,
            image_name=name,
            node_id=self._node_id,
            width=image.width,
            height=image.height,
            is_intermediate=request.is_intermediate,
            image_category=request.category,
            board_id=request.board_id,
            metadata=metadata,
        )
        state.check_cancel()
        state.link.send(report, encoded)
        state.pictures[name] = image
        return SavedImage(ImageField(image_name=name), image.width, image.height)

    def _with_maker(self, metadata: dict[str, Any] | None) -> dict[str, Any] | None:
        """With what drew the picture: another device or precision rounds otherwise."""
        if metadata is None:
            return None
        engine = self._state.engine
        made_on = {
            "device": engine.choice.name,
            "precision": engine.choice.precision,
            "torch": engine.versions.get("torch", ""),
        }
        return {**metadata, MADE_ON: made_on}

    def load_image(self, image: ImageField) -> Image:
        """A picture of the gallery or of this run."""
        return self._state.picture(image)

    def keep_mask(self, mask: Image) -> str:
        """Keep a grey picture as a mask for the run."""
        return self._state.keep("mask", Stored(mask.convert("L"), mask.width, mask.height))

    def load_mask(self, name: str) -> Image:
        """A mask that was kept."""
        mask: Image = self._state.stored(name).value
        return mask


class NodeHooks:
    """What the engine calls between steps."""

    def __init__(self, state: ItemState, context: NodeContext) -> None:
        self._state = state
        self._context = context
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
        self._context.progress(message, step, total)

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
