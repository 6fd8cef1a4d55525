"""Run the app on the terminal it is started in, over the fake studio: ``python -m tests.tui.pty_app KIND ROOT``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from invoke_tui.domain.images import ImageRecord
from invoke_tui.domain.queue import ItemStatus, QueueItem
from invoke_tui.tui.pictures.detect import TerminalGraphics
from tests.tui.fake_client import FakeClient, paint
from tests.tui.fake_models import a_model
from tests.tui.harness import make_app
from tests.tui.payloads import PAYLOADS


def hostile() -> FakeClient:
    """Every payload as model name, prompt, error, hint, path and metadata."""
    client = FakeClient(auto=False)
    client.records = [
        a_model(text.encode("utf-8", "replace").decode(), f"k{n}") for n, text in enumerate(PAYLOADS)
    ]
    client.worker = client.worker.model_copy(update={"device": PAYLOADS[0], "choice": None})
    for number, raw in enumerate(PAYLOADS, 1):
        text = raw.encode("utf-8", "replace").decode()
        client.items[number] = QueueItem(
            item_id=number, batch_id="b", session_id="s", status=ItemStatus.FAILED, prompt=text[:190_000], error=text,
            hint=text, created_at=datetime.now(UTC), images=(),
        )  # fmt: skip
        record = ImageRecord(
            image_name=f"{number}{text[:40]}",
            path=f"/x/{text[:200]}",
            width=64,
            height=64,
            created_at=datetime.now(UTC),
            metadata={
                "positive_prompt": text,
                "negative_prompt": text,
                "seed": 3,
                "scheduler": text,
                "model": text,
            },
        )
        client.pictures[record.image_name] = (record, paint(number, 64, 64))
    return client


if __name__ == "__main__":
    kind, root = sys.argv[1], Path(sys.argv[2])
    client = hostile() if kind == "hostile" else FakeClient(step_time=0.1, steps=20)
    protocol = sys.argv[3] if len(sys.argv) > 3 else "blocks"
    make_app(root, client, graphics=TerminalGraphics(protocol)).run()  # type: ignore[arg-type]
