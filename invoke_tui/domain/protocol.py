"""The words between the daemon and a worker, and how they travel over a stream socket.

A frame is ``u32 length of JSON, u32 length of blob`` (big endian), the JSON of one message, then the blob (the
bytes of a preview or of a finished picture). Messages of an item name item and attempt, so that the daemon can
drop what belongs to a lease that is no longer held.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter

from invoke_tui.domain.base import Record
from invoke_tui.domain.gallery.images import ImageFormat
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.running.device import CacheLimits, DeviceChoice, MemoryUse

FRAME_HEADER: Final = struct.Struct(">II")
MAX_JSON: Final = 64 * 2**20
MAX_BLOB: Final = 2**31 - 1


class EngineSettings(Record):
    """The part of the settings an engine needs; names are those of ``invokeai.yaml``."""

    device: str = "auto"
    precision: Literal["auto", "float16", "bfloat16", "float32"] = "auto"
    max_cache_ram_gb: float | None = None
    max_cache_vram_gb: float | None = None
    device_working_mem_gb: float = 3
    enable_partial_loading: bool = True
    keep_ram_copy_of_weights: bool = True
    model_cache_keep_alive_min: float = Field(default=0, ge=0)
    sequential_guidance: bool = False
    attention_type: str = "auto"
    attention_slice_size: str | int = "auto"
    force_tiled_decode: bool = False
    convert_cache: str = Field(
        default="", description="Folder for safe copies of pickled models; empty = a temporary one"
    )
    pil_compress_level: int = Field(default=1, ge=0, le=9)
    image_format: ImageFormat = "png"
    image_quality: int = Field(default=95, ge=1, le=100)
    image_infotext: bool = False
    node_cache_size: int = Field(default=512, ge=0)
    preview_every: int = Field(default=1, ge=0, description="Steps between previews; 0 = none")
    preview_seconds: float = Field(default=0.2, ge=0, description="Shortest time between previews")
    heartbeat_seconds: float = Field(default=1.0, gt=0)


# -- daemon to worker ---------------------------------------------------------------------------------------------


class RunItem(Record):
    """Run a graph. ``models`` holds the record of every model the graph names, by key."""

    kind: Literal["run"] = "run"
    item_id: int
    attempt: int
    session_id: str
    graph: Graph
    models: dict[str, ModelRecord] = Field(default_factory=dict)
    images: dict[str, str] = Field(default_factory=dict, description="Path of every picture the graph names")


class CancelItem(Record):
    """Stop the item within one step; harmless when it is not running."""

    kind: Literal["cancel"] = "cancel"
    item_id: int


class UnloadComponent(Record):
    """Drop a component of the model cache that is not in use."""

    kind: Literal["unload"] = "unload"
    key: str


class ClearCache(Record):
    """Drop every component of the model cache that is not in use."""

    kind: Literal["clear_cache"] = "clear_cache"


class SetLimits(Record):
    """Keep other limits from now on, at the latest from the next step on."""

    kind: Literal["limits"] = "limits"
    limits: CacheLimits


class Shutdown(Record):
    """Finish nothing, free everything, exit 0."""

    kind: Literal["shutdown"] = "shutdown"


Command = Annotated[
    RunItem | CancelItem | UnloadComponent | ClearCache | SetLimits | Shutdown, Field(discriminator="kind")
]

# -- worker to daemon ---------------------------------------------------------------------------------------------


class Ready(Record):
    """torch is imported and the device chosen; the worker can take work."""

    kind: Literal["ready"] = "ready"
    pid: int
    choice: DeviceChoice
    versions: dict[str, str]


class Heartbeat(Record):
    """Sent every ``heartbeat_seconds`` from its own thread, from the first moment."""

    kind: Literal["heartbeat"] = "heartbeat"
    memory: MemoryUse
    item_id: int | None = None


class _Report(Record):
    item_id: int
    attempt: int


class NodeProgress(_Report):
    """A node started (step 0) or went on."""

    kind: Literal["progress"] = "progress"
    node_id: str
    node_type: str
    message: str
    step: int = 0
    total: int = 0


class StepPreview(_Report):
    """The picture forming; the blob is the encoded small image, ``width`` x ``height`` the final size."""

    kind: Literal["preview"] = "preview"
    step: int
    total: int
    width: int
    height: int
    mime: Literal["image/png", "image/jpeg", "image/webp"] = "image/png"


class ImageMade(_Report):
    """A finished picture; the blob is the whole PNG with its metadata inside.

    ``image_name`` is derived from session and node, so the same work done twice is the same picture.
    """

    kind: Literal["image"] = "image"
    image_name: str
    node_id: str
    width: int
    height: int
    is_intermediate: bool = False
    image_category: Literal["general", "mask", "control", "user", "other"] = "general"
    board_id: str | None = None
    metadata: dict[str, Any] | None = None


class ItemDone(_Report):
    """The graph is complete; every picture was sent before this."""

    kind: Literal["done"] = "done"


class ItemCanceled(_Report):
    """The item stopped because it was told to."""

    kind: Literal["canceled"] = "canceled"


class ItemFailed(_Report):
    """The item failed; the worker lives on unless ``fatal`` (a broken device: it exits, the item is tried again)."""

    kind: Literal["failed"] = "failed"
    error_type: str
    message: str
    hint: str = ""
    traceback: str = ""
    fatal: bool = False


class WorkerLog(Record):
    """A log line people should see."""

    kind: Literal["log"] = "log"
    level: Literal["debug", "info", "warning", "error"] = "info"
    message: str
    item_id: int | None = None


Report = Annotated[
    Ready
    | Heartbeat
    | NodeProgress
    | StepPreview
    | ImageMade
    | ItemDone
    | ItemCanceled
    | ItemFailed
    | WorkerLog,
    Field(discriminator="kind"),
]

COMMAND: TypeAdapter[Command] = TypeAdapter(Command)
REPORT: TypeAdapter[Report] = TypeAdapter(Report)


def encode_frame(message: Record, blob: bytes = b"") -> bytes:
    """One message, and its blob, as bytes."""
    text = message.model_dump_json().encode()
    return FRAME_HEADER.pack(len(text), len(blob)) + text + blob


class FrameReader:
    """Cuts a byte stream into ``(json, blob)`` frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield every frame that ``data`` completes. Raises ``ValueError`` on lengths no message of ours has."""
        self._buffer += data
        while len(self._buffer) >= FRAME_HEADER.size:
            json_length, blob_length = FRAME_HEADER.unpack_from(self._buffer)
            if json_length > MAX_JSON or blob_length > MAX_BLOB:
                raise ValueError(f"not a frame: {json_length} bytes of JSON, {blob_length} bytes of blob")
            body = FRAME_HEADER.size + json_length
            end = body + blob_length
            if len(self._buffer) < end:
                return
            text, blob = bytes(self._buffer[FRAME_HEADER.size : body]), bytes(self._buffer[body:end])
            del self._buffer[:end]
            yield text, blob
