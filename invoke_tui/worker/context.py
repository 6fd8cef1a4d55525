"""The world of one running node: the engine behind handles, progress, cancel, and the way to the gallery."""

from __future__ import annotations

from typing import Any

from PIL.Image import Image

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.gallery.images import SUFFIXES
from invoke_tui.domain.gallery.replay import MADE_ON
from invoke_tui.domain.graph.fields import ImageField
from invoke_tui.domain.models.records import BaseModelType, ModelIdentifier, ModelRecord, ModelType
from invoke_tui.domain.protocol import ImageMade, NodeProgress
from invoke_tui.nodes.context import SavedImage, SaveRequest
from invoke_tui.prompt.triggers import triggers
from invoke_tui.worker.item_state import ItemState, Stored
from invoke_tui.worker.node_engine import NodeEngine, NodeHooks
from invoke_tui.worker.pictures import content_name, encode_picture, format_for, picture_name, texts_for


class NodeContext:
    """Implements ``nodes.context.InvocationContext``."""

    def __init__(self, state: ItemState, run_id: str, node_id: str, node_type: str) -> None:
        self._state = state
        self._run_id = run_id
        self._node_id = node_id
        self._node_type = node_type
        self._pictures = 0
        self.engine = NodeEngine(state, NodeHooks(state, self.progress))

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
