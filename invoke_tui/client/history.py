"""The part of the client that is about the prompts that were used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from invoke_tui.domain.request.history import RememberedPrompt

if TYPE_CHECKING:
    from invoke_tui.client.transport import Transport

_PROMPTS = TypeAdapter(list[RememberedPrompt])


class HistoryCalls:
    """Methods of ``StudioClient``."""

    _transport: Transport

    async def prompt_history(self, query: str = "", limit: int = 200) -> list[RememberedPrompt]:
        """The prompts that match every word of ``query``, best first; without one pins come first, then the newest."""
        found = await self._transport.get("history", {"query": query, "limit": limit})
        return _PROMPTS.validate_json(found)

    async def pin_prompt(self, prompt_id: int, pinned: bool = True) -> None:
        """Keep a prompt for ever, or as long as the others."""
        await self._transport.post("history/pin", {"id": prompt_id, "pinned": pinned})

    async def forget_prompt(self, prompt_id: int) -> None:
        """Remove a prompt, pinned or not."""
        await self._transport.post("history/forget", {"id": prompt_id})

    async def clear_history(self) -> int:
        """Remove every prompt that is not pinned; how many."""
        return int(await self._transport.post("history/clear", {}))
