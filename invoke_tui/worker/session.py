"""Runs one item: walks its graph, reports progress, hands back pictures."""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from PIL.Image import Image
from PIL.PngImagePlugin import PngInfo

from invoke_tui.domain.errors import CanceledError, StudioError
from invoke_tui.domain.fields import CLIPField, UNetField, VAEField
from invoke_tui.domain.metadata import GRAPH_KEY, METADATA_KEY
from invoke_tui.domain.protocol import (
    EngineSettings,
    ImageMade,
    ItemCanceled,
    ItemDone,
    ItemFailed,
    NodeProgress,
    RunItem,
    StepPreview,
)
from invoke_tui.worker.facade import DenoiseJob, EngineFacade
from invoke_tui.worker.link import Link


class _Hooks:
    def __init__(self, runner: SessionRunner, item: RunItem, node_id: str, node_type: str) -> None:
        self._runner, self._item, self._node_id, self._node_type = runner, item, node_id, node_type

    def check_cancel(self) -> None:
        if self._runner.is_canceled(self._item.item_id):
            raise CanceledError("The item was canceled.")

    def progress(self, step: int, total: int, message: str) -> None:
        report = {"item_id": self._item.item_id, "attempt": self._item.attempt}
        self._runner.link.send(
            NodeProgress(
                **report, node_id=self._node_id, node_type=self._node_type, message=message, step=step, total=total
            )
        )

    def preview(self, image: Image, step: int, total: int, width: int, height: int) -> None:
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=1)
        report = {"item_id": self._item.item_id, "attempt": self._item.attempt}
        self._runner.link.send_droppable(
            StepPreview(**report, step=step, total=total, width=width, height=height), buffer.getvalue()
        )


class SessionRunner:
    """Runs items one after the other and reports how each ended."""

    def __init__(
        self, engine: EngineFacade, settings: EngineSettings, link: Link, is_canceled: Callable[[int], bool]
    ) -> None:
        self.engine, self.settings, self.link, self.is_canceled = engine, settings, link, is_canceled

    def close(self) -> None:
        """Let go of everything."""
        self.engine.free()

    def run(self, item: RunItem) -> bool:
        """Run an item; true when the device is broken and the process must be replaced."""
        report = {"item_id": item.item_id, "attempt": item.attempt}
        try:
            self._run(item)
        except CanceledError:
            self.link.send(ItemCanceled(**report))
            return False
        except Exception as error:
            fatal = bool(getattr(error, "fatal", False))
            failed = ItemFailed(
                **report,
                error_type=type(error).__name__,
                message=error.message if isinstance(error, StudioError) else str(error),
                hint=error.hint if isinstance(error, StudioError) else "",
                traceback=traceback.format_exc(),
                fatal=fatal,
            )
            self.link.send(failed)
            return fatal
        self.link.send(ItemDone(**report))
        return False

    def _run(self, item: RunItem) -> None:
        nodes = {node.type: (node.id, node.fields()) for node in item.graph.nodes.values()}
        texts = [node.fields() for node in item.graph.nodes.values() if node.type == "compel"]
        self.engine.use_models(item.models)
        noise_id, noise_fields = nodes["noise"]
        denoise_id, fields = nodes["denoise_latents"]
        image_id, _ = nodes["l2i"]
        metadata: dict[str, Any] = nodes.get("core_metadata", ("", {}))[1]
        model = next(iter(item.models.values())).identifier()
        hooks = _Hooks(self, item, denoise_id, "denoise_latents")
        clip = CLIPField(tokenizer=model, text_encoder=model)
        positive, negative = (self.engine.encode_prompt(clip, text.get("prompt", ""), hooks) for text in texts[:2])
        noise = self.engine.noise(
            seed=noise_fields["seed"], width=noise_fields["width"], height=noise_fields["height"], noise_type="SD",
            use_cpu=True,
        )  # fmt: skip
        job = DenoiseJob(
            unet=UNetField(unet=model, scheduler=model), positive=positive, negative=negative, noise=noise, latents=None,
            steps=fields["steps"], cfg_scale=fields["cfg_scale"], cfg_rescale_multiplier=0,
            scheduler=fields["scheduler"], denoising_start=0, denoising_end=1, seed=noise_fields["seed"],
        )  # fmt: skip
        latents = self.engine.denoise(job, hooks)
        image = self.engine.decode(latents, VAEField(vae=model), fp32=True, tiled=False, tile_size=0, hooks=hooks)
        info = PngInfo()
        info.add_text(METADATA_KEY, json.dumps(metadata))
        info.add_text(GRAPH_KEY, item.graph.model_dump_json())
        buffer = io.BytesIO()
        image.save(buffer, "PNG", pnginfo=info, compress_level=self.settings.pil_compress_level)
        try:
            namespace = UUID(item.session_id)
        except ValueError:
            namespace = uuid5(NAMESPACE_URL, item.session_id)
        made = ImageMade(
            item_id=item.item_id,
            attempt=item.attempt,
            image_name=f"{uuid5(namespace, image_id)}.png",
            node_id=image_id,
            width=image.width,
            height=image.height,
            metadata=metadata,
        )
        self.link.send(made, buffer.getvalue())
