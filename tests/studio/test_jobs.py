"""What goes along with an item: the models its graph names, its LoRAs, and the embeddings its prompts name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.domain.protocol import RunItem
from invoke_tui.domain.request.parameters import GenerationRequest, LoRARequest
from invoke_tui.domain.running.queue import ItemStatus, QueueItem
from invoke_tui.nodes.recipes import build_graph
from invoke_tui.studio.queue.rows import Claimed, Lease
from invoke_tui.studio.requests.casting import cast_again
from invoke_tui.studio.requests.expand import expand
from invoke_tui.studio.workers.jobs import Jobs
from tests.studio.test_casting import Shelf, shelf

__all__ = ["shelf"]
SD1, SDXL = BaseModelType.SD1, BaseModelType.SDXL


class NoPictures:
    """A gallery without pictures."""

    async def paths_of(self, names: set[str]) -> dict[str, str]:
        return {}


async def prepared(shelf: Shelf, *, as_graph: bool = False, **asked: Any) -> RunItem:
    [request] = await expand(GenerationRequest(**asked), shelf.models, limit=1)
    item = QueueItem(
        item_id=1,
        batch_id="b",
        session_id="s",
        status=ItemStatus.IN_PROGRESS,
        request=request,
        created_at=datetime.now(UTC),
    )
    graph = build_graph(request, cast_again(request, shelf.models)) if as_graph else None
    jobs = Jobs(shelf.models, NoPictures())  # type: ignore[arg-type]
    return await jobs.prepare(Claimed(item, Lease(1, 1, "w"), 0, graph))


def names(item: RunItem, type_: ModelType) -> list[tuple[str, str]]:
    return sorted((m.name, m.base.value) for m in item.models.values() if m.type is type_)


async def test_embeddings_in_both_prompts_go_along(shelf: Shelf) -> None:
    await shelf.put("main", ModelType.MAIN, SD1, submodels=("unet", "vae"))
    for name, base in (("my style", SD1), ("bad-hands", SD1), ("bad-hands", SDXL), ("other", SD1)):
        await shelf.put(f"{name}" if base is SD1 else f"xl {name}", ModelType.EMBEDDING, base)
    asked = {"model": "main", "positive_prompt": "a <my style> <nothing>", "negative_prompt": "<bad-hands>"}
    for as_graph in (False, True):
        item = await prepared(shelf, as_graph=as_graph, **asked)
        assert names(item, ModelType.EMBEDDING) == [("bad-hands", "sd-1"), ("my style", "sd-1")]
    assert names(await prepared(shelf, model="main", positive_prompt="a cat"), ModelType.EMBEDDING) == []


async def test_loras_go_along_with_their_weights(shelf: Shelf) -> None:
    await shelf.put("main", ModelType.MAIN, SD1, submodels=("unet", "vae"))
    await shelf.put("soft: light", ModelType.LORA, SD1)
    await shelf.put("strong", ModelType.LORA, SD1)
    loras = (LoRARequest(model="soft: light"), LoRARequest(model="strong", weight=-1.5))
    item = await prepared(shelf, model="main", loras=loras)
    assert names(item, ModelType.LORA) == [("soft: light", "sd-1"), ("strong", "sd-1")]
    weights = [item.graph.nodes[f"lora_selector_{n}"].fields()["weight"] for n in (1, 2)]
    assert weights == [0.75, -1.5]
