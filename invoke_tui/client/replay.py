"""The part of the client that is about pictures that are there: their settings, and making them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from invoke_tui.domain.gallery.replay import Recalled, ReplayOrder, ReplayPlan

if TYPE_CHECKING:
    from invoke_tui.client.transport import Transport


class ReplayCalls:
    """Methods of ``StudioClient``."""

    _transport: Transport

    async def recall(
        self, metadata: dict[str, Any], substitutes: Mapping[str, str] | None = None
    ) -> Recalled:
        """The settings in a picture's metadata as they can be asked for here, and what differs.

        ``substitutes`` are names of models with the keys of those that take their place.
        """
        body = {"metadata": metadata, "substitutes": dict(substitutes or {})}
        return Recalled.model_validate_json(await self._transport.post("pictures/recall", body))

    async def replay(self, order: ReplayOrder) -> ReplayPlan:
        """Make a picture again from what it says, unless something is missing; how it will differ."""
        return ReplayPlan.model_validate_json(
            await self._transport.post("pictures/replay", order.model_dump(mode="json"))
        )
