"""Look at the screens without a model: ``python -m tests.tui.demo [root]``."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.tui.pictures.detect import detect
from tests.tui.fake_client import FakeClient
from tests.tui.harness import make_app

PROMPTS = (
    "a lighthouse++ in fog",
    "red fox in deep snow",
    "(quiet harbour)1.3 at dawn",
    "paper boats on a pond",
)


def filled() -> FakeClient:
    """A studio with some history."""
    client = FakeClient(step_time=0.25, steps=20, auto=False)

    async def fill() -> None:
        pause, client.step_time = client.step_time, 0
        for number, prompt in enumerate(PROMPTS * 2):
            result = await client.enqueue(GenerationRequest(positive_prompt=prompt, seed=number * 7 + 3))
            if number == 3:
                client.fail_next = "Not enough memory: 9.8 GB are needed, 8.0 GB are free."
            await client.work(result.item_ids[0])
        client.step_time = pause

    asyncio.run(fill())
    client.auto = True
    return client


if __name__ == "__main__":
    root = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    make_app(root, filled(), graphics=detect()).run()
