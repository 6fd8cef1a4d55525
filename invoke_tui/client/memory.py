"""The part of the client that is about memory: the machine, and the model caches of the workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from invoke_tui.domain.request.forecast import Forecast
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.running.device import CacheLimits
from invoke_tui.domain.running.machine import MachineUse, NodeTime

if TYPE_CHECKING:
    from invoke_tui.client.transport import Transport


_NODES = TypeAdapter(list[NodeTime])


class MemoryCalls:
    """Methods of ``StudioClient``. ``device`` chooses one worker; empty: all. They return how many were told.

    What came of it is in the next ``MemoryChanged``.
    """

    _transport: Transport

    async def machine(self) -> MachineUse:
        """RAM, disks, pressure and GPUs now."""
        return MachineUse.model_validate_json(await self._transport.get("machine"))

    async def node_times(self) -> list[NodeTime]:
        """How long the nodes of the finished items took, the longest first."""
        return _NODES.validate_json(await self._transport.get("machine/nodes"))

    async def forecast(self, request: GenerationRequest) -> Forecast:
        """What one picture of a request will take: bytes, the share that streams, seconds per step."""
        return Forecast.model_validate_json(
            await self._transport.post("forecast", request.model_dump(mode="json"))
        )

    async def unload(self, key: str, *, device: str = "") -> int:
        """Drop a component of the model cache, by its key in ``MemoryUse``, unless it is in use."""
        return await self._told("memory/unload", {"key": key, "device": device})

    async def clear_cache(self, *, device: str = "") -> int:
        """Drop every component that is not in use."""
        return await self._told("memory/clear", {"device": device})

    async def set_limits(self, limits: CacheLimits, *, device: str = "") -> int:
        """Keep other limits from now on, until the studio is started anew."""
        return await self._told("memory/budget", {"limits": limits.model_dump(), "device": device})

    async def _told(self, path: str, body: dict[str, Any]) -> int:
        return int((await self._transport.post_json(path, body))["workers"])
