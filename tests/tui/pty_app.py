"""Run the app on the terminal it is started in, over the fake studio: ``python -m tests.tui.pty_app KIND ROOT``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.models.installs import InstallError, InstallStatus
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.running.queue import ItemStatus, QueueItem
from invoke_tui.tui.pictures.detect import TerminalGraphics
from tests.tui.fake_client import FakeClient, paint
from tests.tui.fake_models import ADDED, a_find, a_job, a_model
from tests.tui.harness import make_app
from tests.tui.payloads import PAYLOADS

LORA = "lora [/] v1 \x1b]52;c;QQ==\x07"


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def a_hostile_model(raw: str, key: str) -> ModelRecord:
    """A model that says ``raw`` wherever a model can say something."""
    text = _clean(raw)
    return a_model(
        text, key, description=text, trigger_phrases=(text,), path=f"/data/{text[:300]}", source=text,
        assumed=(text,), dialect=text, precision=text, variant=text, cover_image=text, related=("k0",),
        missing=key == "k3", added_at=ADDED,
    )  # fmt: skip


def hostile() -> FakeClient:
    """Every payload as model name, prompt, error, hint, path and metadata."""
    client = FakeClient(auto=False)
    client.records = [a_hostile_model(text, f"k{n}") for n, text in enumerate((LORA, *PAYLOADS))]
    client.finds = [
        a_find(text[:300], status, path=f"/data/{text[:300]}", reason=text[:2000])
        for status in ("unreadable", "new")
        for text in map(_clean, PAYLOADS)
    ]
    for number, text in enumerate(map(_clean, PAYLOADS)):
        error = InstallError(code="x", message=text[:5000], hint=text[:5000])
        job = a_job(str(number), InstallStatus.ERROR, error=error, source=text[:300], note=text[:300])
        client.jobs[job.job_id] = job.model_copy(update={"name": text[:300]})
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
